"""Invented clients: names put together from common characters, ID numbers of the area 990101 that no authority has,
mobiles of a range that no operator has, and what such a client writes on the form."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from applications.entry_form import WITHOUT_EMPLOYER
from ops_center.history.past import Client
from ops_center.kernel.identity import check_digit

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜谢邹喻柏窦章苏潘葛范彭鲁韦昌马苗方任袁柳"
GIVEN = "安邦成德恩丰广海和宏建杰景俊凯立明宁培启庆荣森世思泰维文贤向新学雅彦怡颖永宇元远月云泽哲振志忠子梓嘉佳静兰丽"
EMPLOYERS = (
    "岚州第一中学", "岚州市人民医院", "江岚机械有限公司", "岚州供电公司", "滨河物业公司", "云栖软件有限公司",
    "岚州公交集团", "青禾食品有限公司", "东港物流有限公司", "岚州建筑设计院", "石桥县文化馆", "岚州日报社",
    "鹤鸣路百货商场", "岚州水务公司",
)  # fmt: skip
STREETS = ("滨河路", "云栖街", "学府路", "东港大道", "青禾巷", "鹤鸣路", "解放街", "建设路")
POSITIONS = ("职员", "教师", "工程师", "会计", "护士", "驾驶员", "主管", "销售")
RELATIVES, OTHERS = ("PARENT", "SPOUSE", "SIBLING"), ("FRIEND", "COLLEAGUE")
EDUCATION = ("SCHOOL", "COLLEGE", "BACHELOR", "BACHELOR", "MASTER")


def name_number(serial: int) -> str:
    """The n-th of some hundred thousand invented names; neighbours share no character."""
    first, second = serial * 7 % len(GIVEN), (serial * 11 + serial // len(GIVEN) * 5 + 3) % len(GIVEN)
    surname = SURNAMES[serial * 13 % len(SURNAMES)]
    return surname + GIVEN[first] + (GIVEN[second] if serial % 4 else "")


@dataclass
class Clients:
    """Gives out clients, each once."""

    rng: random.Random
    today: date
    serial: int = 0

    def next(self, *, youngest: int = 20, oldest: int = 62) -> Client:
        self.serial += 1
        born = self.today - timedelta(days=self.rng.randint(youngest * 366, oldest * 365))
        first17 = f"990101{born:%Y%m%d}{self.serial % 1000:03d}"
        return Client(
            name=name_number(1000 + self.serial), mobile=f"1000000{self.serial:04d}",
            id_number=first17 + check_digit(first17),
        )  # fmt: skip

    def form(
        self, client: Client, *, product: str, group: str, collector: str, on: date, employer: str = ""
    ) -> dict[str, Any]:
        """The fields of the paper form as a clean entry has them."""
        rng = self.rng
        number = f"{rng.randrange(10**8):08d}"
        fields = {
            "customer_name": client.name,
            "id_number": client.id_number,
            "id_valid_until": (self.today + timedelta(days=rng.randint(400, 5000))).isoformat(),
            "mobile": client.mobile,
            "home_address": f"岚州市{rng.choice(STREETS)}{rng.randint(1, 300)}号{rng.randint(101, 1805)}室",
            "home_phone": f"0990-{number}",
            "education": rng.choice(EDUCATION),
            "annual_income": str(rng.randint(60, 400) * 1000),
            "contact1_name": name_number(rng.randrange(100_000)),
            "contact1_relation": rng.choice(RELATIVES),
            "contact1_phone": f"1001{rng.randrange(10**7):07d}",
            "contact2_name": name_number(rng.randrange(100_000)),
            "contact2_relation": rng.choice(OTHERS),
            "contact2_phone": f"1002{rng.randrange(10**7):07d}",
            "product": product,
            "mailing": rng.choice(("HOME", "HOME", "WORK", "BRANCH")),
            "auto_repay": rng.random() < 0.6,
            "collector_number": collector,
            "form_date": (on - timedelta(days=rng.choice((0, 0, 0, 1, 2)))).isoformat(),
        }
        if group not in WITHOUT_EMPLOYER:
            fields |= {
                "employer": employer or f"{rng.choice(EMPLOYERS)}{rng.randint(1, 99)}部",
                "employer_address": f"岚州市{rng.choice(STREETS)}{rng.randint(1, 200)}号",
                "work_phone": f"0991-{rng.randrange(10**8):08d}",
                "position": rng.choice(POSITIONS),
            }
        return fields
