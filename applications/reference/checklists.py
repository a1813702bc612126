"""The intake checklist: the table of domain section 9, one row per document, one mark per column.

R required, O optional, 1 one of its set, - not asked for. A document whose wording differs between columns has a row
for each wording.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from applications.models import ChecklistItem, CustomerGroup, Product

STARTS_ON = date(2024, 1, 1)

Tier, Group = Product.Tier, CustomerGroup

COLUMNS = ("salaried", "premium", "official", "owner", "freelance", "supplementary", "group")


@dataclass(frozen=True, slots=True)
class Line:
    code: str
    label: str
    marks: str  # one per column
    one_of: str = ""  # the set that the marks "1" belong to


# fmt: off
LINES = (
    #                                                                                普 白 公 私 自 附 团
    Line("FORM", "申请表（申请人签名，银行专用栏已填）",                            "R R - R R - R"),
    Line("FORM", "申请表（单位意见并盖公章，银行专用栏已填）",                      "- - R - - - -"),
    Line("FORM", "申请表（主卡持卡人签名，银行专用栏已填）",                        "- - - - - R -"),
    Line("ID_COPY", "身份证复印件（正反两面，注明原件已核）",                       "R R R R R - R"),
    Line("ID_COPY", "附属卡申请人身份证复印件（正反两面，注明原件已核）",           "- - - - - R -"),
    Line("MAIN_ID_COPY", "主卡持卡人身份证复印件（正反两面，注明原件已核）",        "- - - - - R -"),
    Line("CREDIT_AUTH", "征信查询授权书",                                           "R R R R R O R"),
    Line("CONTRACT_SIGN", "领用合约签名",                                           "R R R R R R R"),
    Line("WITNESS_STATEMENT", "收件人三亲声明",                                     "R R R R R R R"),
    Line("ONLINE_ID_CHECK", "联网核查打印件",                                       "R R R R R R R"),
    Line("WORK_PROOF", "工作证明（任一种）",                                        "R R - - - - -"),
    Line("BUSINESS_LICENCE", "营业执照",                                            "- - - R - - -"),
    Line("INCOME_PROOF", "收入证明",                                                "1 1 O 1 - - O", "INCOME"),
    Line("INCOME_FLOW", "工资流水",                                                 "1 1 O 1 - - O", "INCOME"),
    Line("INCOME_FLOW", "账户流水（近六个月）",                                     "- - - - 1 - -", "INCOME"),
    Line("INCOME_SOCIAL", "社保或公积金缴存证明",                                   "1 1 O 1 - - O", "INCOME"),
    Line("INCOME_TAX", "完税证明",                                                  "1 1 O 1 - - O", "INCOME"),
    Line("INCOME_TAX", "完税证明（近六个月）",                                      "- - - - 1 - -", "INCOME"),
    Line("ASSET_HOUSE", "房产证明",                                                 "O 1 - R - - O", "ASSET"),
    Line("ASSET_CAR", "行驶证",                                                     "O 1 - - - - O", "ASSET"),
    Line("ASSET_DEPOSIT", "存款或理财证明",                                         "O 1 - - R - O", "ASSET"),
    # Whether a client is local is seen on the form, not known to the checklist: missing, it is problem item D10.
    Line("RESIDENCE", "住所证明（非本地申请人必交）",                               "O O - O - - O"),
    Line("RESIDENCE", "住所证明",                                                   "- - - - R - -"),
    Line("UNIT_LIST", "单位名单汇总表（盖公章）及协议（每批一份）",                 "- - R - - - R"),
    Line("RELATION", "与主卡持卡人的关系证明",                                      "- - - - - R -"),
    Line("CONTACTS", "联系人两名（其中一名亲属，须填单位电话）",                    "R R R R R O R"),
    Line("EXPLANATION", "情况说明",                                                 "O O O O O O O"),
)
# fmt: on


def column_of(tier: Product.Tier, group: CustomerGroup) -> str | None:
    """The column of the table for a product and a customer group; ``None`` where the bank has no such card.

    Official-business and supplementary cards have a column of their own whatever the client does for a living; an
    official-business card has no supplementary card.
    """
    match tier, group:
        case (Tier.OFFICIAL, Group.SUPPLEMENTARY) | (Tier.SUPPLEMENTARY, Group.OFFICIAL):
            return None
        case Tier.OFFICIAL, _:
            return "official"
        case Tier.SUPPLEMENTARY, _:
            return "supplementary"
        case _, Group.SUPPLEMENTARY | Group.OFFICIAL:
            return None
        case Tier.PLATINUM | Tier.DIAMOND, Group.SALARIED:
            return "premium"
        case _:
            return group.lower()


def checklist_items() -> list[ChecklistItem]:
    return [
        item
        for tier in Tier
        for group in Group
        if (column := column_of(tier, group)) is not None
        for item in _column(column, tier, group)
    ]


def _column(column: str, tier: Product.Tier, group: CustomerGroup) -> list[ChecklistItem]:
    place = COLUMNS.index(column)
    marked = [(line, line.marks.split()[place]) for line in LINES]
    return [
        ChecklistItem(
            tier=tier, customer_group=group, code=line.code, label=line.label, need=mark, place=10 * number,
            one_of=line.one_of if mark == ChecklistItem.Need.ONE_OF else "", starts_on=STARTS_ON,
        )
        for number, (line, mark) in enumerate(marked, start=1)
        if mark != "-"
    ]  # fmt: skip
