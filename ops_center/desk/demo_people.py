"""The people of the demo bank that its sign-in page names. The bank itself is loaded by ``manage.py demo``."""

from __future__ import annotations

from typing import NamedTuple

from organization.roles import Role


class DemoPerson(NamedTuple):
    number: str
    name: str
    role: Role
    place: str
    is_outsourced: bool = False


DEMO_PEOPLE: tuple[DemoPerson, ...] = (
    DemoPerson("LZ10234", "李文静", Role.EMP, "分行营业部"),
    DemoPerson("LZ10001", "陈小明", Role.CM, "滨河支行"),
    DemoPerson("LZ10002", "赵立新", Role.BH, "滨河支行"),
    DemoPerson("LZ10003", "钱玉梅", Role.BAG, "滨河支行"),
    DemoPerson("LZ10004", "孙建国", Role.BAG, "滨河支行"),
    DemoPerson("LZ10005", "周启明", Role.CS, "信用卡中心"),
    DemoPerson("LZ10006", "吴晓峰", Role.RCV, "岚州集中操作中心"),
    DemoPerson("LZ10007", "何秀兰", Role.CC, "岚州集中操作中心"),
    DemoPerson("LZ10008", "方芳", Role.EC, "岚州集中操作中心"),
    DemoPerson("LZ10009", "许文娟", Role.ER, "岚州集中操作中心"),
    DemoPerson("LZ10010", "郑维国", Role.TR, "岚州集中操作中心"),
    DemoPerson("LZ10011", "林小雨", Role.AS, "岚州集中操作中心"),
    DemoPerson("LZ10012", "冯志强", Role.SUP, "岚州集中操作中心"),
    DemoPerson("LZ10013", "曹颖", Role.MGT, "管理部门"),
    DemoPerson("LZ10014", "邓海", Role.MGT, "管理部门"),
    DemoPerson("LZ10015", "苏敏", Role.HR, "人力资源部"),
    DemoPerson("LZ10016", "潘伟", Role.AUD, "审计部"),
    DemoPerson("LZ10017", "丁洁", Role.CPL, "岚州集中操作中心"),
    DemoPerson("LZ10018", "宋佳", Role.EC, "岚州集中操作中心", is_outsourced=True),
    DemoPerson("LZ10019", "罗勇", Role.CM, "云栖支行"),
    DemoPerson("LZ10020", "田野", Role.ADM, "信息科技部"),
)
