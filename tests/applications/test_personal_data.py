"""Personal data: sealed at rest, masked everywhere, opened one by one with a line in the log."""

from __future__ import annotations

import pytest
from django.db import connection

from applications.models import Applicant, Application
from applications.services import claims, personal
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused
from ops_center.kernel.vault import VaultError
from organization.models import AuditRecord, Employee
from organization.services.audit import broken_links
from organization.services.people import assign_role
from tests.cast import LONG_AGO, Cast, at

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")


def reveal(case: Application, actor: Employee, field: str = "id_number") -> str:
    return personal.reveal(number=case.number, actor=actor, at=WHEN, field=field, purpose="核对资料")


def test_a_reveal_gives_the_value_and_writes_a_line_without_it(bank: Cast) -> None:
    case = bank.draft(when=WHEN)
    value = reveal(case, bank.chen_xiaoming)
    assert len(value) == 18
    line = AuditRecord.objects.get(action="reveal")
    assert (line.subject, line.actor, line.facts["field"]) == (case.number, bank.chen_xiaoming, "id_number")
    assert value not in str(line.facts)
    assert list(broken_links()) == []


def test_after_the_intake_the_collector_works_with_the_mask(bank: Cast) -> None:
    case = bank.complete(bank.draft(when=WHEN), when=WHEN)
    with pytest.raises(NotAllowed):
        reveal(case, bank.chen_xiaoming)
    assert AuditRecord.objects.filter(action="reveal_refused").count() == 1


def test_after_sales_opens_the_mobile_and_nothing_else(bank: Cast) -> None:
    case = bank.issued(bank.received(when=WHEN), when=WHEN)
    with pytest.raises(NotAllowed):
        reveal(case, bank.lin_xiaoyu, "mobile")
    claims.claim_next(queue="after-sales", actor=bank.lin_xiaoyu, at=WHEN)
    assert reveal(case, bank.lin_xiaoyu, "mobile").startswith("1")
    with pytest.raises(NotAllowed):
        reveal(case, bank.lin_xiaoyu, "id_number")


@pytest.mark.parametrize("who", ["luo_yong", "su_min", "tian_ye", "he_xiulan", "cao_ying"])
def test_who_does_not_see_the_case_learns_nothing(bank: Cast, who: str) -> None:
    case = bank.draft(when=WHEN)
    with pytest.raises(OutOfSight):
        reveal(case, bank.people[who])


def test_a_reveal_needs_a_purpose(bank: Cast) -> None:
    case = bank.draft(when=WHEN)
    with pytest.raises(Malformed) as no:
        personal.reveal(number=case.number, actor=bank.chen_xiaoming, at=WHEN, field="passport", purpose=" ")
    assert set(no.value.errors) == {"field", "purpose"}


def test_an_alarm_at_25_clients_a_day_and_a_stop_at_50(bank: Cast) -> None:
    cases = [bank.draft(when=WHEN) for _ in range(51)]
    for case in cases[:50]:
        reveal(case, bank.zheng_weiguo)
    reveal(cases[0], bank.zheng_weiguo)  # the same client again counts once
    with pytest.raises(Refused) as no:
        reveal(cases[50], bank.zheng_weiguo)
    assert no.value.code == "reveal_limit"
    assert bank.pan_wei.news.filter(kind="reveal_alarm").count() == 1


def test_a_client_is_found_by_the_exact_number_in_sight_only(bank: Cast) -> None:
    case = bank.draft(when=WHEN)
    number = reveal(case, bank.chen_xiaoming)
    found = personal.find_clients(actor=bank.chen_xiaoming, at=WHEN, id_number=number)
    assert [row.number for row in found] == [case.number]
    assert not personal.find_clients(actor=bank.luo_yong, at=WHEN, id_number=number).exists()
    assert AuditRecord.objects.filter(action="search_client").count() == 2


def test_no_column_of_the_applicant_holds_a_clear_value(bank: Cast) -> None:
    case = bank.draft(when=WHEN)
    applicant = Applicant.objects.get(application=case)
    clear = {applicant.name.reveal(), applicant.mobile.reveal(), applicant.id_number.reveal()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text, encode(name, 'escape') FROM applications_applicant t")
        row = " ".join(cursor.fetchone())
    assert not any(value in row for value in clear)
    assert applicant.name_mask in row


def test_a_value_moved_to_another_row_does_not_open(bank: Cast) -> None:
    one, other = (Applicant.objects.get(application=bank.draft(when=WHEN)) for _ in range(2))
    Applicant.objects.filter(pk=other.pk).update(id_number=one.__dict__["id_number"])
    with pytest.raises(VaultError):
        Applicant.objects.get(pk=other.pk).id_number.reveal()


def test_a_sealed_value_prints_as_its_mask_and_is_never_assigned(bank: Cast) -> None:
    applicant = Applicant.objects.get(application=bank.draft(when=WHEN))
    assert f"{applicant.id_number}" == applicant.id_mask
    with pytest.raises(TypeError):
        applicant.name = applicant.name


def test_outsourced_staff_only_key(bank: Cast) -> None:
    for role in ("CC", "AS", "CM", "CS", "ER"):
        with pytest.raises(Refused) as no:
            assign_role(employee=bank.song_jia, role=role, starts_on=LONG_AGO)
        assert no.value.code == "outsourced_role"
