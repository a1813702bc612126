"""Return, problem, end and incident codes (domain section 9), and why a lead is given back."""

from __future__ import annotations

from applications.models import ReasonCode
from applications.models.problem import Party

RETURN, PROBLEM, REJECT, WITHDRAW, INCIDENT, REKEY, RELEASE = ReasonCode.Effect
BRANCH, CUSTOMER, HEAD_OFFICE, CENTER = Party


def _code(
    code: str, label: str, meaning: str, *effects: ReasonCode.Effect, party: Party | str = "", risk: bool = False
) -> ReasonCode:
    return ReasonCode(
        code=code, label=label, meaning=meaning, effects=[effect.value for effect in effects], party=str(party),
        is_risk=risk,
    )  # fmt: skip


def reason_codes() -> list[ReasonCode]:
    return [*_form(), *_documents(), *_witness(), *_contradictions(), *_hard_stops(), *_the_rest()]


# fmt: off
def _form() -> list[ReasonCode]:
    return [
        _code("F01", "申请表必填项缺失", "申请表有必填项未填写，退回网点补填", RETURN, party=BRANCH),
        _code("F02", "申请人签名缺失", "申请表或领用合约上没有申请人本人签名", RETURN, party=BRANCH),
        _code("F03", "签名与姓名不符或疑似代签", "签名与姓名不一致，或疑似他人代签", RETURN, party=BRANCH, risk=True),
        _code("F04", "联系人(含单位电话)未填", "联系人或联系人的单位电话没有填写，最常遗漏", PROBLEM, party=BRANCH),
        _code("F05", "字迹无法辨认", "填写的内容看不清，无法录入", PROBLEM, party=BRANCH),
        _code("F06", "涂改未签字确认", "有涂改或使用涂改液，申请人未在涂改处签字确认", RETURN, party=BRANCH),
        _code("F07", "收件人或转介人员工号缺失、无效", "工号没有填写，或不是在职员工的工号", PROBLEM, party=BRANCH),
        _code("F08", "收件时间未填或早于填表日期", "收件时间没有填写，或早于填表日期", PROBLEM, party=BRANCH),
        _code("F09", "产品或卡面未选", "申请表上没有选定产品或卡面", PROBLEM, party=BRANCH),
        _code("F10", "抄录声明缺失", "申请人没有亲笔抄录声明", RETURN, party=BRANCH),
    ]


def _documents() -> list[ReasonCode]:
    return [
        _code("D01", "身份证复印件缺失或缺反面", "没有身份证复印件，或只有一面", RETURN, party=BRANCH),
        _code("D02", "身份证过期或剩余有效期不足", "身份证已过有效期，或剩余有效期太短", RETURN, party=BRANCH),
        _code("D03", "复印件不清", "证件或证明材料的复印件看不清", PROBLEM, party=BRANCH),
        _code("D04", "工作证明缺失", "没有清单要求的工作证明", RETURN, party=BRANCH),
        _code("D05", "收入或财力证明缺失", "没有清单要求的收入证明或财力证明", RETURN, party=BRANCH),
        _code("D06", "房产、车产等资产证明不符", "房产、车产等资产证明与申请人或申请表不一致", PROBLEM, party=BRANCH),
        _code("D07", "单位公章缺失或不清", "应盖单位公章的材料没有盖章，或印章看不清", RETURN, party=BRANCH),
        _code("D08", "公务卡单位名单或协议缺失", "公务卡缺单位名单汇总表或与单位的协议", RETURN, party=BRANCH),
        _code("D09", "征信查询授权书缺失", "没有征信查询授权书，不得开始资信核查", RETURN, party=BRANCH),
        _code("D10", "非本地申请人住所证明缺失", "申请人不是本地居民，没有交住所证明", PROBLEM, party=BRANCH),
        _code("D11", "附属卡关系证明缺失", "没有附属卡申请人与主卡持卡人的关系证明", PROBLEM, party=BRANCH),
        _code("D12", "学生第二还款来源材料缺失", "申请人是学生，没有第二还款来源的材料", RETURN, party=BRANCH),
    ]


def _witness() -> list[ReasonCode]:
    return [
        _code("W01", "未做三亲见签", "三亲声明没有填写，或收件人没有签名", RETURN, party=BRANCH),
        _code("W02", "未注明原件核对", "复印件上没有注明“原件已核”", RETURN, party=BRANCH),
        _code("W03", "联网核查未做或不一致", "没有联网核查结果，或结果与证件不一致", PROBLEM, party=BRANCH, risk=True),
    ]


def _contradictions() -> list[ReasonCode]:
    return [
        _code("C01", "信息前后不一致", "申请表与证明材料的内容互相矛盾", PROBLEM, party=BRANCH),
        _code("C02", "家庭电话与单位电话相同", "家庭电话与单位电话填写了同一个号码", PROBLEM, party=BRANCH),
        _code("C03", "单位电话无法核实", "单位电话查不到登记，或接听人不能证实", PROBLEM, party=BRANCH),
        _code("C04", "电核未接通(三次)", "在不同的两天里三次致电申请人，都没有接通", PROBLEM, party=CUSTOMER),
        _code("C05", "客户否认申请", "客户本人表示没有申请过这张卡", REJECT, risk=True),
    ]


def _hard_stops() -> list[ReasonCode]:
    return [
        _code("K01", "重复申请", "同一客户已有在办的申请件，或已持有同一产品", PROBLEM, WITHDRAW, party=BRANCH),
        _code("K02", "年龄不符", "申请人未满 18 周岁，或超过产品的年龄上限", REJECT),
        _code("K03", "行业受限或禁止", "申请人所在行业受限制或禁止准入", REJECT, PROBLEM, party=BRANCH),
        _code("K04", "命中内部名单", "申请人命中本行内部名单", REJECT, risk=True),
        _code("K05", "疑似中介包装", "材料疑似由中介包装或代办", REJECT, risk=True),
        _code("K06", "持卡数量超上限", "申请人持有的卡数超过上限", REJECT),
    ]


def _the_rest() -> list[ReasonCode]:
    return [
        _code("L01", "在途少件", "寄送汇总清单上有、包内没有的申请件", INCIDENT, party=BRANCH),
        _code("L02", "在途多件", "包内有、寄送汇总清单上没有的申请件", INCIDENT, party=BRANCH),
        _code("L03", "封签破损或编号不符", "封签破损，或封签号与登记的不一致", INCIDENT, party=BRANCH),
        _code("L04", "资料遗失", "申请件确认遗失，须在 24 小时内报告主管", INCIDENT, party=BRANCH),
        _code("E01", "录入差异", "复核或第二次录入与首次录入不一致", REKEY, party=CENTER),
        _code("E02", "影像缺页", "影像缺页，由中心补扫，不暂停计时", PROBLEM, party=CENTER),
        _code("U01", "客户要求撤件", "客户在发卡前要求撤回申请", WITHDRAW, party=CUSTOMER),
        _code("U02", "客户拒领或拒激活", "发卡后客户不愿领卡，或不愿激活", WITHDRAW, party=CUSTOMER),
        _code("U03", "客户要求暂缓", "客户要求等到某一日期再办，期间暂停计时", PROBLEM, party=CUSTOMER),
        _code("H01", "卡系统故障", "总行卡系统故障，受影响的申请件暂停计时", PROBLEM, party=HEAD_OFFICE),
        _code("H02", "审批要求补件", "审批环节要求补充材料", PROBLEM, RETURN, party=BRANCH),
        _code("R01", "联系不上", "多次联系，客户没有应答", RELEASE),
        _code("R02", "客户改约他人", "客户希望由其他同事办理", RELEASE),
        _code("R03", "不在本区域", "客户不在承接人负责的区域", RELEASE),
        _code("R04", "休假", "承接人休假，不能按时联系客户", RELEASE),
    ]
# fmt: on
