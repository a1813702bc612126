"""The cast: a small bank with the people of the scenarios, and the acts that carry a case from one stage to the next.

Used by tests of every app. Acts go through the services, with the time given: ``at("2026-11-24 08:40")``.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import chinese_calendar
from django.conf import settings
from django.contrib.auth.hashers import make_password

from applications.entry_form import CRITICAL, example_of
from applications.models import Application, Bag, Product
from applications.reference import install_reference_data
from applications.services import bags, check, claims, entry, intake, issue
from applications.sheets import CHECK_SHEET, COACHING
from ops_center.clock import SHANGHAI, local_day
from ops_center.kernel.identity import check_digit
from organization.models import Area, Branch, Employee, Qualification, RoleAssignment
from organization.roles import Employment
from organization.services.calendar import install_days

LONG_AGO = date(2025, 1, 1)
_serial = itertools.count(1)


def at(text: str) -> datetime:
    """An instant in Shanghai, from "2026-11-24 08:40"."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


PEOPLE = {
    # attribute: number, name, branch, roles, outsourced
    "li_wenjing": ("LZ10234", "李文静", "HQ01", "", False),
    "chen_xiaoming": ("LZ10001", "陈小明", "BH01", "CM", False),
    "zhao_lixin": ("LZ10002", "赵立新", "BH01", "BH", False),
    "qian_yumei": ("LZ10003", "钱玉梅", "BH01", "BAG", False),
    "sun_jianguo": ("LZ10004", "孙建国", "BH01", "BAG", False),
    "zhou_qiming": ("LZ10005", "周启明", "CC01", "CS", False),
    "wu_xiaofeng": ("LZ10006", "吴晓峰", "OC01", "RCV", False),
    "he_xiulan": ("LZ10007", "何秀兰", "OC01", "CC", False),
    "fang_fang": ("LZ10008", "方芳", "OC01", "EC", False),
    "xu_wenjuan": ("LZ10009", "许文娟", "OC01", "EC ER", False),
    "zheng_weiguo": ("LZ10010", "郑维国", "OC01", "TR", False),
    "lin_xiaoyu": ("LZ10011", "林小雨", "OC01", "AS", False),
    "feng_zhiqiang": ("LZ10012", "冯志强", "OC01", "SUP", False),
    "cao_ying": ("LZ10013", "曹颖", "MG01", "MGT", False),
    "deng_hai": ("LZ10014", "邓海", "MG01", "MGT", False),
    "su_min": ("LZ10015", "苏敏", "HR01", "HR", False),
    "pan_wei": ("LZ10016", "潘伟", "AU01", "AUD", False),
    "ding_jie": ("LZ10017", "丁洁", "OC01", "CPL", False),
    "song_jia": ("LZ10018", "宋佳", "OC01", "EC", True),
    "luo_yong": ("LZ10019", "罗勇", "YX01", "CM", False),
    "tian_ye": ("LZ10020", "田野", "IT01", "ADM", False),
}
BRANCHES = {
    "HQ01": ("分行营业部", "BRANCH", "城东"), "BH01": ("滨河支行", "BRANCH", "城东"),
    "XF01": ("学府支行", "BRANCH", "城东"), "DG01": ("东港支行", "BRANCH", "城东"),
    "YX01": ("云栖支行", "BRANCH", "城西"), "SQ01": ("石桥县支行", "BRANCH", "县域"),
    "CC01": ("信用卡中心", "CARD_CENTER", ""), "OC01": ("岚州集中操作中心", "CENTER", ""),
    "MG01": ("管理部门", "OFFICE", ""), "HR01": ("人力资源部", "OFFICE", ""),
    "AU01": ("审计部", "OFFICE", ""), "IT01": ("信息科技部", "OFFICE", ""),
}  # fmt: skip


@dataclass
class Cast:
    """The people by the names of the scenarios, and the acts of the main line."""

    people: dict[str, Employee] = field(default_factory=dict)
    branches: dict[str, Branch] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Employee:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    # -- people and clients ----------------------------------------------------------------------------------------
    def hire(
        self, name: str, branch: str, roles: str = "", *, number: str = "", outsourced: bool = False,
        qualified: bool = True, password: str | None = None, employment: str | None = None,
    ) -> Employee:  # fmt: skip
        number = number or f"LZ2{next(_serial):04d}"
        person = Employee.objects.create(
            number=number, name=name, branch=self.branches[branch], vendor="岚诚外包" if outsourced else "",
            employment=employment or (Employment.OUTSOURCED if outsourced else Employment.REGULAR),
            password=password or "!",
        )  # fmt: skip
        RoleAssignment.objects.bulk_create(
            RoleAssignment(employee=person, role=role, starts_on=LONG_AGO) for role in roles.split()
        )
        if qualified and not outsourced:
            Qualification.objects.create(employee=person, starts_on=LONG_AGO, ends_on=date(2027, 12, 31))
        return person

    def client(self, name: str = "王小明", *, born: str = "19880305") -> intake.Person:
        """An invented client with a valid ID number of the area 99 and a mobile nobody else has."""
        serial = next(_serial)
        first17 = f"990101{born}{serial % 1000:03d}"
        return intake.person_of(name=name, mobile_number=f"1000{serial:07d}", id_number=first17 + check_digit(first17))

    # -- the main line ---------------------------------------------------------------------------------------------
    def refer(self, *, when: datetime, product: str = "PK", by: Employee | None = None, **facts: Any) -> Application:
        return intake.refer(
            actor=by or self.li_wenjing, product=self.product(product), person=self.client(), at=when, consent=True,
            **facts,
        )  # fmt: skip

    def draft(
        self, *, when: datetime, by: Employee | None = None, product: str = "PK", group: str = "SALARIED", **facts: Any
    ) -> Application:
        return intake.start_walk_in(
            actor=by or self.chen_xiaoming, product=self.product(product), person=self.client(),
            customer_group=group, at=when, consent=True, **facts,
        )  # fmt: skip

    def collect(self, case: Application, *, when: datetime, by: Employee | None = None) -> Application:
        """From a lead to a file being collected: accepted and started by the card-center's collector."""
        collector = by or self.zhou_qiming
        intake.accept(case=case.pk, actor=collector, at=when)
        person = self.client()
        return intake.start_intake(
            case=case.pk, actor=collector, at=when, person=person, customer_group="SALARIED", consent=True
        )

    def complete(self, case: Application, *, when: datetime, by: Employee | None = None, **facts: Any) -> Application:
        lines = intake.checklist_of(case, on=local_day(when))
        pack = {
            "items": [{"code": line.code, "original_seen": True, "copy": True} for line in lines],
            "witness_person": True, "witness_original": True, "witness_signature": True, "client_signature": True,
            "credit_auth": True,
        } | facts  # fmt: skip
        return intake.complete_intake(case=case.pk, actor=by or case.collector, at=when, **pack)

    def to_branch(self, case: Application, *, when: datetime, code: str = "BH01") -> Application:
        branch = self.branches[code]
        intake.hand_to_branch(case=case.pk, actor=case.collector, at=when, branch=branch)
        return intake.confirm_hand_to_branch(case=case.pk, actor=self.qian_yumei, at=when)

    def pack(self, *cases: Application, when: datetime) -> Bag:
        """A sealed bag of 滨河支行 with these files."""
        bag = bags.open_bag(branch=self.branches["BH01"], actor=self.qian_yumei, at=when)
        for case in cases:
            bags.add_file(bag=bag.pk, case=case.number, actor=self.qian_yumei, at=when)
        return bags.seal_bag(
            bag=bag.pk, seal_no=f"S{next(_serial):08d}", witness=self.sun_jianguo, actor=self.qian_yumei, at=when
        )

    def send(self, *cases: Application, when: datetime) -> Bag:
        bag = self.pack(*cases, when=when)
        return bags.hand_over_bag(bag=bag.pk, truck_no="岚A-10086", escort="押运员甲", actor=self.qian_yumei, at=when)

    def receive(self, bag: Bag, *, when: datetime) -> Bag:
        numbers = list(bag.items.values_list("application__number", flat=True))
        return bags.receive_bag(
            bag=bag.pk, seal_no=bag.seal_no, received=numbers, missing=[], extra=[], actor=self.wu_xiaofeng, at=when
        )

    def lend(self, case: Application, *, to: Employee, when: datetime) -> Application:
        return claims.reassign(case=case.pk, to=to, actor=self.feng_zhiqiang, at=when, note="测试")

    def check(self, case: Application, *, when: datetime, by: Employee | None = None) -> Application:
        checker = by or self.he_xiulan
        if not case.is_self_service:
            self.lend(case, to=checker, when=when)
        found = check.warnings_to_answer(self.again(case), at=when)
        return check.pass_check(
            case=case.pk, actor=checker, at=when, items=self.sheet(),
            warnings=[{"code": warning.code, "note": "已核实"} for warning in found],
        )  # fmt: skip

    def key(self, case: Application, *, when: datetime, by: Employee | None = None, **fields: Any) -> Application:
        keyer = by or self.fang_fang
        if not case.is_self_service:
            self.lend(case, to=keyer, when=when)
        values = example_of(self.again(case), on=local_day(when)) | fields
        return entry.submit_entry(case=case.pk, actor=keyer, at=when, fields=values)

    def review(self, case: Application, *, when: datetime, by: Employee | None = None, **answer: Any) -> Application:
        reviewer = by or self.xu_wenjuan
        self.lend(case, to=reviewer, when=when)
        return entry.verify(case=case.pk, actor=reviewer, at=when, **(answer or {"agree": True}))

    def file(self, case: Application, *, when: datetime) -> Application:
        return issue.file_case(case=case.pk, actor=self.zheng_weiguo, at=when, shelf="A-01-03")

    def issue(self, case: Application, *, when: datetime) -> Application:
        return issue.mark_issued(case=case.pk, actor=self.zheng_weiguo, at=when, card_last4="6688")

    def coach(
        self, case: Application, *, when: datetime, by: Employee | None = None, late: bool = False
    ) -> Application:
        return issue.coach(
            case=case.pk, actor=by or self.lin_xiaoyu, at=when, has_card=True, items=list(COACHING), satisfaction=5,
            late=late,
        )  # fmt: skip

    def activate(self, case: Application, *, when: datetime, by: Employee | None = None) -> Application:
        return issue.activate(
            case=case.pk, actor=by or self.lin_xiaoyu, at=when, identity_verified=True, channel="PHONE",
            proof="回呼核验",
        )  # fmt: skip

    # -- long ways ---------------------------------------------------------------------------------------------------
    def received(self, *, when: datetime, taken_in: datetime | None = None, product: str = "PK") -> Application:
        """A case of 陈小明 that the center has signed for at ``when``."""
        start = taken_in or when
        case = self.complete(self.draft(when=start, product=product), when=start)
        self.receive(self.send(case, when=start), when=when)
        return self.again(case)

    def activated(self, *, when: datetime, product: str = "PK", referred: bool = False) -> Application:
        """A whole case at one instant: Path C from 李文静's referral, else Path B of 陈小明."""
        if referred:
            case = self.collect(self.refer(when=when, product=product), when=when)
            case = self.to_branch(self.complete(case, when=when), when=when)
            self.receive(self.send(case, when=when), when=when)
        else:
            case = self.received(when=when, product=product)
        return self.finish(case, when=when)

    def finish(self, case: Application, *, when: datetime, coached: bool = True) -> Application:
        """From the receipt to the activation, by the usual people."""
        case = self.issued(case, when=when)
        if coached:
            case = self.coach(case, when=when)
        return self.activate(case, when=when)

    def issued(self, case: Application, *, when: datetime) -> Application:
        self.check(self.again(case), when=when)
        self.key(self.again(case), when=when)
        reviewed = self.again(case)
        if reviewed.review_mode == Product.ReviewMode.DOUBLE:
            example = example_of(reviewed, on=local_day(when))
            self.review(reviewed, when=when, fields={name: example[name] for name in CRITICAL})
        else:
            self.review(reviewed, when=when)
        self.file(case, when=when)
        return self.issue(case, when=when)

    # -- small things ------------------------------------------------------------------------------------------------
    def sheet(self) -> list[dict[str, str]]:
        return [{"code": code, "answer": "PASS", "note": ""} for code in CHECK_SHEET]

    def again(self, case: Application) -> Application:
        """The case as it stands now (a protected state field does not refresh)."""
        return Application.objects.with_people().get(pk=case.pk)

    def product(self, code: str) -> Product:
        return Product.objects.get(code=code)


def make_bank() -> Cast:
    """Reference data, calendar, branches and people. Idempotent work is left to the services; call once per test."""
    install_reference_data()
    start, end = date(2024, 1, 1), date(2026, 12, 31)
    install_days(days=_official(start, end), source="chinesecalendar")
    cast = Cast()
    areas = {name: Area.objects.create(code=code, name=name) for code, name in
             (("E", "城东"), ("W", "城西"), ("X", "县域"))}  # fmt: skip
    for code, (name, kind, area) in BRANCHES.items():
        cast.branches[code] = Branch.objects.create(code=code, name=name, kind=kind, area=areas.get(area))
    password = make_password(settings.DEMO_PASSWORD)
    for attribute, (number, name, branch, roles, outsourced) in PEOPLE.items():
        cast.people[attribute] = cast.hire(name, branch, roles, number=number, outsourced=outsourced, password=password)
    cast.zhou_qiming.areas.set(areas.values())
    return cast


def _official(start: date, end: date) -> list[tuple[date, bool, str]]:
    days = []
    for on in chinese_calendar.get_dates(start, end):
        _holiday, name = chinese_calendar.get_holiday_detail(on)
        days.append((on, chinese_calendar.is_workday(on), name or ""))
    return days
