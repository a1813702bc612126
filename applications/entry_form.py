"""The entry form: its fields, what each must look like, and which six are critical (ASM-11)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from applications.models import Application, CustomerGroup, Product
from ops_center.kernel.errors import Malformed
from ops_center.kernel.identity import mobile, phone, resident_id

Choices = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the paper form. ``kind``: text, id_number, mobile, phone, date, choice, money or bool."""

    name: str
    label: Any
    kind: str
    block: int
    required: bool = True
    critical: bool = False
    choices: Choices = ()
    waived_for: frozenset[str] = frozenset()  # customer groups that need not fill it

    def is_required(self, group: str) -> bool:
        return self.required and group not in self.waived_for


BLOCKS: tuple[Any, ...] = (
    gettext_lazy("Client"), gettext_lazy("Employer"), gettext_lazy("Contacts"), gettext_lazy("Card"),
    gettext_lazy("Bank use"),
)  # fmt: skip
WITHOUT_EMPLOYER = frozenset({CustomerGroup.FREELANCE.value, CustomerGroup.SUPPLEMENTARY.value})
RELATIONS: Choices = (
    ("PARENT", gettext_lazy("Parent")), ("SPOUSE", gettext_lazy("Spouse")), ("CHILD", gettext_lazy("Child")),
    ("SIBLING", gettext_lazy("Sibling")), ("FRIEND", gettext_lazy("Friend")), ("COLLEAGUE", gettext_lazy("Colleague")),
)  # fmt: skip
RELATIVES = {"PARENT", "SPOUSE", "CHILD", "SIBLING"}

FIELDS: tuple[Field, ...] = (
    Field("customer_name", gettext_lazy("Name"), "text", 1, critical=True),
    Field("id_number", gettext_lazy("ID number"), "id_number", 1, critical=True),
    Field("id_valid_until", gettext_lazy("ID valid until"), "date", 1),
    Field("mobile", gettext_lazy("Mobile"), "mobile", 1, critical=True),
    Field("home_address", gettext_lazy("Home address"), "text", 1),
    Field("home_phone", gettext_lazy("Home telephone"), "phone", 1, required=False),
    Field("education", gettext_lazy("Education"), "choice", 1, choices=(
        ("SCHOOL", gettext_lazy("School")), ("COLLEGE", gettext_lazy("College")),
        ("BACHELOR", gettext_lazy("Bachelor")), ("MASTER", gettext_lazy("Master or above")),
    )),
    Field("employer", gettext_lazy("Employer"), "text", 2, critical=True, waived_for=WITHOUT_EMPLOYER),
    Field("employer_address", gettext_lazy("Employer's address"), "text", 2, waived_for=WITHOUT_EMPLOYER),
    Field("work_phone", gettext_lazy("Work telephone"), "phone", 2, waived_for=WITHOUT_EMPLOYER),
    Field("position", gettext_lazy("Position"), "text", 2, required=False),
    Field("annual_income", gettext_lazy("Annual income (yuan)"), "money", 2),
    Field("contact1_name", gettext_lazy("Contact 1 (relative)"), "text", 3),
    Field("contact1_relation", gettext_lazy("Relation 1"), "choice", 3, choices=RELATIONS),
    Field("contact1_phone", gettext_lazy("Telephone 1"), "phone", 3),
    Field("contact2_name", gettext_lazy("Contact 2"), "text", 3),
    Field("contact2_relation", gettext_lazy("Relation 2"), "choice", 3, choices=RELATIONS),
    Field("contact2_phone", gettext_lazy("Telephone 2"), "phone", 3),
    Field("product", gettext_lazy("Product"), "choice", 4, critical=True),
    Field("mailing", gettext_lazy("Mail to"), "choice", 4, choices=(
        ("HOME", pgettext_lazy("mail to", "Home")), ("WORK", pgettext_lazy("mail to", "Work")),
        ("BRANCH", pgettext_lazy("mail to", "Branch")),
    )),
    Field("auto_repay", gettext_lazy("Automatic repayment"), "bool", 4, required=False),
    Field("collector_number", gettext_lazy("Collector's employee number"), "text", 5, critical=True),
    Field("form_date", gettext_lazy("Date on the form"), "date", 5),
)  # fmt: skip
BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}
CRITICAL: tuple[str, ...] = tuple(field.name for field in FIELDS if field.critical)


def choices_of(field: Field) -> Choices:
    """The choices of a field; the products are those that can be applied for."""
    if field.name == "product":
        return tuple(Product.objects.filter(is_active=True).values_list("code", "name"))
    return field.choices


def clean(case: Application, values: Mapping[str, Any], *, on: date) -> dict[str, Any]:
    """The keyed form, checked by field and against the intake record. Malformed names every wrong field at once."""
    wrong: dict[str, Any] = {name: _("There is no such field.") for name in values if name not in BY_NAME}
    cleaned: dict[str, Any] = {}
    for field in FIELDS:
        raw = values.get(field.name)
        if raw in (None, ""):
            if field.is_required(case.customer_group):
                wrong[field.name] = _("Required.")
            continue
        try:
            cleaned[field.name] = _CLEANERS[field.kind](raw, field)
        except Malformed as error:
            wrong[field.name] = str(error)
    _across(case, cleaned, wrong, on=on)
    if wrong:
        raise Malformed("entry_errors", _("Please correct the marked fields; F4 jumps to the next."), wrong)
    return cleaned


def clean_blind(case: Application, values: Mapping[str, Any]) -> dict[str, Any]:
    """The six critical fields of the second keyer, taken as keyed (only their spelling is made even): what differs is
    the tracker's to decide."""
    wrong = {
        name: _("Required.")
        for name in CRITICAL
        if BY_NAME[name].is_required(case.customer_group) and not str(values.get(name) or "").strip()
    }
    wrong |= {name: _("There is no such field.") for name in values if name not in CRITICAL}
    if wrong:
        raise Malformed("entry_errors", _("Please correct the marked fields; F4 jumps to the next."), wrong)
    return {name: _even(values.get(name)) for name in CRITICAL}


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """The critical fields on which two keyings differ."""
    return [name for name in CRITICAL if _even(first.get(name)) != _even(second.get(name))]


def _across(case: Application, cleaned: dict[str, Any], wrong: dict[str, Any], *, on: date) -> None:
    """What no field can know alone (codes D02, F04, C02), and the comparison with the intake record."""
    if cleaned.get("home_phone") and cleaned.get("home_phone") == cleaned.get("work_phone"):
        wrong["home_phone"] = _("The home telephone may not be the work telephone (C02).")
    if cleaned.get("contact1_relation") and cleaned["contact1_relation"] not in RELATIVES:
        wrong["contact1_relation"] = _("The first contact is a relative.")
    if "id_valid_until" in cleaned and date.fromisoformat(cleaned["id_valid_until"]) <= on:
        wrong["id_valid_until"] = _("The ID card has expired (D02): return the file.")
    if "form_date" in cleaned and date.fromisoformat(cleaned["form_date"]) > on:
        wrong["form_date"] = _("The date lies ahead.")
    applicant = case.applicant
    recorded = {
        "customer_name": applicant.name.reveal() if applicant.name is not None else "",
        "id_number": applicant.id_number.reveal() if applicant.id_number is not None else "",
        "mobile": applicant.mobile.reveal() if applicant.mobile is not None else "",
        "product": case.product.code,
        "collector_number": case.collector.number if case.collector else "",
    }
    for name, value in recorded.items():
        if name in cleaned and name not in wrong and value and cleaned[name] != value:
            wrong[name] = _("Differs from the intake record. If the paper says so, raise problem C01.")


def _text(raw: Any, field: Field) -> str:
    text = " ".join(_even(raw).split())
    if len(text) > 120:
        raise Malformed("too_long", _("At most 120 characters."))
    return text


def _date(raw: Any, field: Field) -> str:
    try:
        return date.fromisoformat(_even(raw)).isoformat()
    except ValueError:
        raise Malformed("bad_date", _("A date as 2026-11-26.")) from None


def _choice(raw: Any, field: Field) -> str:
    value = _even(raw)
    if value not in {code for code, _label in choices_of(field)}:
        raise Malformed("bad_choice", _("Choose one of the list."))
    return value


def _money(raw: Any, field: Field) -> str:
    try:
        amount = Decimal(_even(raw).replace(",", ""))
    except InvalidOperation:
        raise Malformed("bad_amount", _("An amount in yuan, such as 120000.")) from None
    if not amount.is_finite() or not 0 <= amount <= 100_000_000:
        raise Malformed("bad_amount", _("An amount in yuan, such as 120000."))
    return format(amount.quantize(Decimal(1)), "f")


def _bool(raw: Any, field: Field) -> bool:
    return raw is True or str(raw).lower() in {"1", "true", "on", "yes"}


_CLEANERS: dict[str, Callable[[Any, Field], Any]] = {
    "text": _text,
    "id_number": lambda raw, field: resident_id(str(raw)).number,
    "mobile": lambda raw, field: mobile(str(raw)),
    "phone": lambda raw, field: phone(str(raw)),
    "date": _date,
    "choice": _choice,
    "money": _money,
    "bool": _bool,
}

_WIDE = {ord("　"): " ", **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}}


def _even(raw: Any) -> str:
    """Full-width characters become half-width; spaces around go."""
    return str("" if raw is None else raw).translate(_WIDE).strip()


def example_of(case: Application, *, on: date) -> dict[str, Any]:
    """Demo mode only: a filled form made from the case itself, the same for all who ask, that passes every check."""
    seed = int.from_bytes(hashlib.sha256(case.number.encode()).digest()[:6], "big")
    applicant = case.applicant
    digits = f"{seed % 10**8:08d}"
    values: dict[str, Any] = {
        "customer_name": applicant.name.reveal(),
        "id_number": applicant.id_number.reveal(),
        "id_valid_until": (on + timedelta(days=3650)).isoformat(),
        "mobile": applicant.mobile.reveal(),
        "home_address": f"岚州市滨河区示例路{seed % 900 + 1}号",
        "home_phone": f"0990{digits}",
        "education": "BACHELOR",
        "annual_income": str(80_000 + seed % 120 * 1000),
        "contact1_name": "亲属甲",
        "contact1_relation": "SIBLING",
        "contact1_phone": f"100{digits}",
        "contact2_name": "朋友乙",
        "contact2_relation": "FRIEND",
        "contact2_phone": f"101{digits}",
        "product": case.product.code,
        "mailing": "HOME",
        "collector_number": case.collector.number if case.collector else "",
        "form_date": (on - timedelta(days=1)).isoformat(),
        "employer": f"岚州示例{seed % 10**6}有限公司",
        "employer_address": f"岚州市云栖区样本街{seed % 700 + 1}号",
        "work_phone": f"0991{digits}",
        "position": "职员",
        "auto_repay": True,
    }
    return values
