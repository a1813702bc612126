"""verify finds what is broken: each invariant is shown the damage that it exists for, and nothing else."""

# ruff: noqa: S608

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from applications.lifecycle import Path
from applications.models import Application
from applications.services.problems import raise_problem
from incentives.reference import SHARES, install_policies
from incentives.services.accrual import accrue
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.payouts import make_payout
from incentives.services.policies import approve_split, draft_split
from incentives.services.registration import register
from ops_center.invariants import CHECKS
from organization.services import audit
from supervision.services.breaches import find_breaches
from supervision.services.complaints import open_complaint, reply
from supervision.services.figures import count_touched_days
from supervision.services.seals import seal
from tests.cast import at
from tests.supervision.conftest import Bank, found_bank

WHEN = at("2026-11-24 10:00")
LATER = at("2026-12-20 10:00")
BY_NAME = {check.name: check for check in CHECKS}


@pytest.fixture
def busy(bank: Bank) -> dict[str, Application]:
    """One paid case, one on the truck, one received and late with a breach, one paused by a problem of the branch."""
    cast, people = bank.cast, bank.people
    install_policies()
    drafted = draft_split(
        columns=dict.fromkeys(Path.values, SHARES), starts_on=WHEN.date() + timedelta(days=7), actor=cast.cao_ying,
        at=WHEN,
    )  # fmt: skip
    approve_split(number=drafted.number, actor=cast.deng_hai, at=WHEN)
    paid = cast.activated(when=WHEN, referred=True)
    accrue(at=WHEN)
    register(applications=[paid.number], actor=people.tr, at=WHEN)
    document = draft_confirmation(period="2026-11", actor=people.tr, at=WHEN)
    certify(no=document.no, actor=people.sup, at=WHEN)
    make_payout(confirmations=[document.no], actor=cast.su_min, at=WHEN)
    travelling = cast.complete(cast.draft(when=WHEN), when=WHEN)
    cast.send(travelling, when=WHEN)
    late = cast.received(when=WHEN)
    paused = cast.received(when=WHEN)
    cast.lend(paused, to=people.cc, when=WHEN)
    raise_problem(
        case=paused.pk,
        actor=people.cc,
        at=WHEN + timedelta(hours=1),
        code="C03",
        party="BRANCH",
        note="单位电话无法核实",
    )
    find_breaches(at=LATER)
    count_touched_days(at=LATER)
    complaint = open_complaint(
        case=late.number, about="SERVICE", channel="PHONE", text="催办", actor=cast.ding_jie, at=WHEN
    )
    reply(complaint=complaint.number, text="已答复", actor=cast.ding_jie, at=WHEN + timedelta(hours=1))
    audit.record(action="sign-in", at=WHEN, subject="LZ10001")
    audit.record(action="sign-in", at=WHEN, subject="LZ10002")
    cases = {"paid": paid, "travelling": travelling, "late": late, "paused": paused}
    return {name: cast.again(case) for name, case in cases.items()}


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in statements:
            cursor.execute(statement)


def took_part(when: str) -> str:
    """Whoever handles the complaint has worked on its case."""
    return (
        "INSERT INTO applications_performer (application_id, role, employee_id, round, at) "
        f"SELECT application_id, 'TRACKER', handler_id, 1, '{when}' FROM supervision_complaint"
    )


def unguarded(table: str, *statements: str) -> tuple[str, ...]:
    return (f"ALTER TABLE {table} DISABLE TRIGGER USER", *statements)


def without(table: str, constraint: str, statement: str) -> tuple[str, ...]:
    return (f"ALTER TABLE {table} DROP CONSTRAINT {constraint}", statement)


CASE = "applications_application"
EVENT = "applications_event"
ENTRY = "incentives_rewardentry"
MIRROR = (
    f"INSERT INTO {ENTRY} (assessment_id, kind, role, sequence, amount_fen, payee_kind, payee_id, mirrors_id, why, at) "
    f"SELECT assessment_id, 'REVERSAL', role, 1, {{fen}}, payee_kind, payee_id, id, 'FRAUD', at FROM {ENTRY} "
    "WHERE role = 'TRACKER' AND kind = 'SPLIT'"
)
ADDED = (
    f"INSERT INTO {ENTRY} (assessment_id, kind, role, sequence, amount_fen, payee_kind, payee_id, why, at) "
    f"SELECT assessment_id, '{{kind}}', role, 9, 1000, payee_kind, payee_id, 'ADJUSTED', at FROM {ENTRY} "
    "WHERE role = 'TRACKER' AND kind = 'SPLIT'"
)
HELD = (
    "INSERT INTO incentives_hold (entry_id, cause, reason, by_id, at, release_reason) "
    f"SELECT e.id, 'FRAUD', 'x', {{by}}, e.at - interval '1 day', '' FROM {ENTRY} e "
    "WHERE e.role = 'TRACKER' AND e.kind = 'SPLIT'"
)
# check → the case whose number it must name (or what it names instead), and how a hand in the tables breaks it
DAMAGE: list[tuple[str, str, tuple[str, ...]]] = [
    ("shares-are-the-bounty", "paid", unguarded(
        ENTRY, f"UPDATE {ENTRY} SET amount_fen = amount_fen + 1 WHERE role = 'ENTRY'")),
    ("shares-are-the-bounty", "paid", unguarded(
        "incentives_assessment", "UPDATE incentives_assessment SET bounty_fen = bounty_fen + 1")),
    ("no-share-before-activation", "paid", (
        f"UPDATE {CASE} SET state = 'COLLECTED' WHERE number = '{{paid}}'",)),
    ("every-activation-has-its-verdict", "paid", unguarded(
        "incentives_assessment",
        "UPDATE incentives_assessment SET event_id = (SELECT min(id) FROM applications_event)")),
    ("every-activation-has-its-verdict", "paid", (
        "INSERT INTO incentives_unassessedactivation (event_id, application_id, ripe_at) "
        "SELECT event_id, application_id, at FROM incentives_assessment",)),
    ("one-set-of-shares", "paid", unguarded(
        ENTRY, f"INSERT INTO {ENTRY} (assessment_id, kind, role, sequence, amount_fen, payee_kind, payee_id, why, at) "
        f"SELECT assessment_id, kind, role, 9, amount_fen, payee_kind, payee_id, why, at FROM {ENTRY} "
        "WHERE role = 'TRACKER'")),
    ("verdict-in-ten-minutes", "paid", (
        *unguarded(EVENT, f"UPDATE {EVENT} SET recorded_at = now() - interval '11 minutes' WHERE step = 'activate'"),
        "INSERT INTO incentives_unassessedactivation (event_id, application_id, ripe_at) "
        f"SELECT id, application_id, at FROM {EVENT} WHERE step = 'activate'")),
    ("mirrors-equal-their-lines", "paid", unguarded(ENTRY, MIRROR.format(fen="1 - amount_fen"))),
    ("clawed-back-at-most-all", "paid", unguarded(ENTRY, MIRROR.format(fen="-2 * amount_fen"))),
    ("caps-add-up", "LZ10008 2026-11", (
        "INSERT INTO incentives_penaltycap (payee_id, month, rewarded_fen, penalty_fen, lapsed_fen, at) "
        "SELECT id, '2026-11', 4000, 1100, 300, now() FROM organization_employee WHERE number = 'LZ10008'",)),
    ("state-is-the-last-events", "late", (f"UPDATE {CASE} SET state = 'CHECKED' WHERE number = '{{late}}'",)),
    ("history-has-no-gap", "late", unguarded(
        EVENT, f"DELETE FROM {EVENT} e USING {CASE} a WHERE a.id = e.application_id AND a.number = '{{late}}' "
        "AND e.seq = 2")),
    ("history-has-no-gap", "late", unguarded(
        EVENT, f"UPDATE {EVENT} e SET from_state = 'KEYED' FROM {CASE} a WHERE a.id = e.application_id "
        "AND a.number = '{late}' AND e.seq = 3")),
    ("stamps-in-order", "late", (
        f"UPDATE {CASE} SET taken_in_at = received_at + interval '1 minute' WHERE number = '{{late}}'",)),
    ("no-sign-off-no-card", "paid", (
        f"DELETE FROM applications_performer p USING {CASE} a WHERE a.id = p.application_id "
        "AND a.number = '{paid}' AND p.role = 'CREDIT_CHECK'",)),
    ("one-open-bag", "travelling", (
        "DROP INDEX bagitem_one_open_bag",
        "INSERT INTO applications_bagitem (bag_id, application_id, kind, fate, added_by_id, added_at) "
        "SELECT b.id, i.application_id, i.kind, i.fate, i.added_by_id, i.added_at FROM applications_bagitem i "
        "CROSS JOIN (SELECT min(id) AS id FROM applications_bag) b WHERE i.fate = 'PACKED'")),
    ("bagged-files-accounted-for", "travelling", (
        f"UPDATE {CASE} SET state = 'TAKEN_IN' WHERE number = '{{travelling}}'",)),
    ("bagged-files-accounted-for", "travelling", ("DELETE FROM applications_bagitem WHERE fate = 'PACKED'",)),
    ("two-people-key", "paid", (
        "INSERT INTO applications_performer (application_id, role, employee_id, round, at) "
        "SELECT application_id, 'ENTRY_2ND', employee_id, round, at FROM applications_performer "
        "WHERE role = 'ENTRY'",)),
    ("two-people-key", "paid", unguarded(
        EVENT, f"UPDATE {EVENT} v SET actor_id = k.actor_id FROM {EVENT} k "
        "WHERE v.step = 'verify' AND k.step = 'submit-entry' AND k.application_id = v.application_id")),
    ("outsourced-only-key", "paid", (
        "UPDATE applications_performer SET employee_id = "
        "(SELECT id FROM organization_employee WHERE employment = 'OUTSOURCED') WHERE role = 'CREDIT_CHECK'",)),
    ("outsourced-only-key", "late", (
        f"UPDATE {CASE} SET collector_id = (SELECT id FROM organization_employee WHERE employment = 'OUTSOURCED') "
        "WHERE number = '{late}'",)),
    ("problem-has-one-item", "paused", ("UPDATE applications_problemitem SET closed_at = raised_at",)),
    ("problem-has-one-item", "late", (
        "INSERT INTO applications_problemitem (application_id, code, party, state, note, raised_by_id, raised_at, "
        "answer, resolution) SELECT a.id, code, 'CENTER', p.state, p.note, raised_by_id, raised_at, '', '' "
        f"FROM applications_problemitem p, {CASE} a WHERE a.number = '{{late}}'",)),
    ("paused-for-a-reason", "paused", (
        "UPDATE applications_caseclock SET paused_at = NULL WHERE paused_at IS NOT NULL",
        "UPDATE applications_clockinterval SET until = since, minutes = 0 WHERE until IS NULL AND pause <> ''")),
    ("intervals-without-a-gap", "late", (
        "UPDATE applications_clockinterval i SET since = since - interval '1 minute' FROM applications_caseclock c "
        f"JOIN {CASE} a ON a.id = c.application_id WHERE c.id = i.clock_id AND a.number = '{{late}}'",)),
    ("intervals-add-up", "paused", (
        "UPDATE applications_caseclock SET stopped_at = '2026-12-01', paused_at = NULL, outcome = 'ON_TIME' "
        "WHERE paused_at IS NOT NULL",
        "UPDATE applications_clockinterval SET until = '2026-12-01', minutes = 1 WHERE until IS NULL AND pause <> ''")),
    ("held-by-outages-that-last", "paused", (
        "UPDATE applications_clockinterval SET pause = 'OUTAGE' WHERE pause <> '' AND until IS NULL",)),
    ("custody-without-a-gap", "late", (
        "UPDATE applications_custody u SET until = since FROM "
        f"{CASE} a WHERE a.id = u.application_id AND a.number = '{{late}}' AND until IS NULL",)),
    ("custody-without-a-gap", "late", (
        "UPDATE applications_custody u SET since = since + interval '1 minute' FROM "
        f"{CASE} a WHERE a.id = u.application_id AND a.number = '{{late}}' AND until IS NULL",)),
    ("confirmations-add-up", "JXQR-202611-001", unguarded(
        "incentives_confirmation", "UPDATE incentives_confirmation SET total_fen = total_fen - 1")),
    ("payouts-add-up", "batch ", unguarded(
        "incentives_payoutline", "DELETE FROM incentives_payoutline WHERE id = (SELECT min(id) FROM "
        "incentives_payoutline)")),
    ("payouts-add-up", "batch ", unguarded(
        "incentives_payoutbatch_confirmations", "DELETE FROM incentives_payoutbatch_confirmations")),
    ("balances-add-up", "batch ", unguarded(
        "incentives_payoutbalance", "UPDATE incentives_payoutbalance SET due_fen = due_fen + 1, "
        "paid_fen = paid_fen + 1 WHERE id = (SELECT min(id) FROM incentives_payoutbalance)")),
    ("balances-add-up", "batch ", unguarded(
        "incentives_payoutbalance", "DELETE FROM incentives_payoutbalance WHERE id = (SELECT min(id) FROM "
        "incentives_payoutbalance)")),
    ("files-as-they-left", "batch ", unguarded(
        "incentives_payoutfile", "UPDATE incentives_payoutfile SET content = content || 'x' WHERE sheet = 'hr'")),
    ("asked-for-and-decided", "paid", unguarded(ENTRY, ADDED.format(kind="ADJUSTMENT"))),
    ("asked-for-and-decided", "paid", unguarded(ENTRY, ADDED.format(kind="CROSS_SELL"))),
    ("asked-for-and-decided", "paid", unguarded(ENTRY, MIRROR.format(fen="-amount_fen"))),
    ("asked-for-and-decided", "paid", unguarded("incentives_hold", HELD.format(by="e.payee_id"))),
    ("certified-by-another", "JXQR-202611-001", unguarded(
        "incentives_confirmation", "UPDATE incentives_confirmation SET certified_by_id = "
        "(SELECT by_id FROM incentives_registration)")),
    ("certified-by-another", "JXQR-202611-001", unguarded(
        "incentives_confirmation", "UPDATE incentives_confirmation SET certified_by_id = "
        f"(SELECT payee_id FROM {ENTRY} WHERE kind = 'SPLIT' AND role = 'ENTRY')")),
    ("certified-what-was-payable", "JXQR-202611-001", unguarded(
        "incentives_registration", "DELETE FROM incentives_registration")),
    ("certified-what-was-payable", "JXQR-202611-001", unguarded("incentives_hold", HELD.format(by="NULL"))),
    ("certified-what-was-payable", "JXQR-202611-001", unguarded(
        ENTRY, MIRROR.format(fen="-amount_fen"), f"UPDATE {ENTRY} SET at = at - interval '1 day' "
        "WHERE mirrors_id IS NOT NULL")),
    ("exported-by-another", "batch ", unguarded(
        "incentives_payoutbatch", "UPDATE incentives_payoutbatch SET made_by_id = "
        "(SELECT certified_by_id FROM incentives_confirmation)")),
    ("exported-what-was-payable", "batch ", unguarded("incentives_hold", HELD.format(by="NULL"))),
    ("exported-what-was-payable", "batch ", unguarded(
        ENTRY, MIRROR.format(fen="-amount_fen"), f"UPDATE {ENTRY} SET at = at - interval '1 day' "
        "WHERE mirrors_id IS NOT NULL")),
    ("exported-what-was-payable", "batch ", unguarded(
        ENTRY, MIRROR.format(fen="-amount_fen"), "ALTER TABLE incentives_payoutline DISABLE TRIGGER USER",
        f"UPDATE incentives_payoutline l SET entry_id = m.id FROM {ENTRY} m WHERE m.mirrors_id = l.entry_id")),
    ("prices-by-two-people", "bounty ", without(
        "incentives_bounty", "bounty_two_people", "INSERT INTO incentives_bounty (product_id, amount_fen, starts_on, "
        "status, trigger, spend_days, is_pilot, note) SELECT product_id, 9999900, '2026-11-24', status, trigger, "
        "spend_days, is_pilot, note FROM incentives_bounty LIMIT 1")),
    ("prices-by-two-people", "splitpolicy ", unguarded(
        "incentives_splitpolicy", "UPDATE incentives_splitpolicy SET approved_at = approved_at - interval '1 day', "
        "drafted_at = drafted_at - interval '1 day' WHERE drafted_by_id IS NOT NULL",
        "ALTER TABLE incentives_pricenotice DISABLE TRIGGER USER",
        "UPDATE incentives_pricenotice SET published_at = published_at - interval '1 day'")),
    ("prices-by-two-people", "splitpolicy ", unguarded(
        "incentives_pricenotice", "DELETE FROM incentives_pricenotice")),
    ("complaints-by-nobody-concerned", "TS", (took_part("2026-11-24 10:00+08"),)),
    ("complaints-by-nobody-concerned", "TS", (
        took_part("2026-12-01 10:00+08"), "INSERT INTO organization_jobrun (name, started_at, ended_at, counts, error) "
        "VALUES ('complaints', '2026-12-02', '2026-12-02', '{}', '')")),
    ("timeliness-as-judged", "paid", unguarded(
        "incentives_changedverdict",
        "UPDATE applications_caseclock SET outcome = 'LATE' WHERE kind = 'ENTRY' AND outcome = 'ON_TIME'",
        "DELETE FROM incentives_changedverdict")),
    ("one-breach-per-clock", "late", without(
        "supervision_breach", "supervision_breach_clock_id_key",
        "INSERT INTO supervision_breach (clock_id, application_id, kind, owner_role, due_at, found_at, file_by, "
        "supervisor_at, management_at) SELECT clock_id, application_id, kind, owner_role, due_at, found_at, file_by, "
        f"supervisor_at, management_at FROM supervision_breach b WHERE application_id = (SELECT id FROM {CASE} "
        "WHERE number = '{late}')")),
    ("late-clocks-have-breaches", "late", (
        "DELETE FROM supervision_unchargedbreach", "DELETE FROM supervision_breach",
        "UPDATE applications_caseclock SET stopped_at = due_at + interval '1 hour', outcome = 'LATE' "
        f"WHERE application_id = (SELECT id FROM {CASE} WHERE number = '{{late}}')",
        "INSERT INTO organization_jobrun (name, started_at, ended_at, counts, error) "
        "VALUES ('breaches-all', '2027-01-01', '2027-01-01', '{}', '')")),
    ("due-is-the-earliest-clocks", "late", (
        f"UPDATE {CASE} SET due_at = due_at + interval '1 hour' WHERE number = '{{late}}'",)),
    ("funnel-adds-up", "2026-11 ", ("DELETE FROM supervision_casecount WHERE id = (SELECT min(id) FROM "
        "supervision_casecount)",)),
    ("funnel-adds-up", "2026-11 ", unguarded(CASE, f"UPDATE {CASE} SET branch_id = NULL WHERE number = '{{late}}'")),
    ("breaches-add-up", "2026-", ("UPDATE supervision_breachcount SET breaches = breaches + 1",)),
    ("breaches-add-up", "2026-", unguarded(
        "supervision_breach", "UPDATE supervision_breach SET due_at = due_at - interval '1 day'")),
    ("work-adds-up", "2026-11-24 file", ("DELETE FROM supervision_workcount WHERE step = 'file'",)),
    ("work-adds-up", "2026-11-24 verify", unguarded(EVENT, f"DELETE FROM {EVENT} WHERE step = 'verify'")),
    ("delays-add-up", "2026-11-24 ENTRY", (
        "INSERT INTO supervision_delaycount (day, kind, holder, minutes, is_sum) "
        "VALUES ('2026-11-24', 'ENTRY', 'QUEUE', 5, FALSE)",)),
    ("days-as-counted", "2026-11-24 ", ("DELETE FROM supervision_dayfigure",)),
    ("days-as-counted", "2026-11-24 ENTRY", ("UPDATE supervision_dayfigure SET first_pass = 0 WHERE kind = 'ENTRY'",)),
    ("days-as-counted", "2026-11-24 ENTRY", ("UPDATE supervision_dayfigure SET imported = 1 WHERE kind = 'ENTRY'",)),
    ("days-as-counted", "2026-11-24 ENTRY", (
        "UPDATE supervision_dayfigure SET key = key + 1 WHERE kind = 'ENTRY' AND scope = 'PERSON'",)),
    ("days-as-counted", "2026-11-24 ", unguarded(
        CASE, f"UPDATE {CASE} SET branch_id = (SELECT id FROM organization_branch WHERE code = 'YX01') "
        "WHERE number = '{paid}'")),
    ("days-as-counted", "2026-11-24 FILE", unguarded(
        "applications_caseclock", "UPDATE applications_caseclock SET outcome = 'EXEMPT' WHERE kind = 'FILE'")),
    ("event-chains", "late", unguarded(
        EVENT, f"UPDATE {EVENT} e SET note = 'nothing happened' FROM {CASE} a WHERE a.id = e.application_id "
        "AND a.number = '{late}' AND e.seq = 3")),
    ("event-chains", "late", (
        f"UPDATE {CASE} SET event_digest = decode(repeat('00', 32), 'hex') WHERE number = '{{late}}'",)),
    ("audit-chain", "audit record ", unguarded(
        "organization_auditrecord", "UPDATE organization_auditrecord SET subject = 'LZ10003' WHERE subject = 'LZ10001'",
    )),
    ("audit-chain", "audit record ", unguarded(
        "organization_auditrecord", "DELETE FROM organization_auditrecord WHERE subject = 'LZ10001'")),
]  # fmt: skip


@pytest.mark.django_db
def test_a_working_bank_is_whole(busy: dict[str, Application], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("verify")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(CHECKS)
    assert all(line.endswith(" ok") for line in lines)


@pytest.mark.django_db
def test_each_check_finds_the_damage_that_it_exists_for(
    busy: dict[str, Application], subtests: pytest.Subtests
) -> None:
    numbers = {name: case.number for name, case in busy.items()}
    assert {name for name, _named, _statements in DAMAGE} == set(BY_NAME) - {"seals"}
    for place, (name, named, statements) in enumerate(DAMAGE):
        with subtests.test(damage=f"{place} {name}"), transaction.atomic():
            run(*(statement.format(**numbers) if "{}" not in statement else statement for statement in statements))
            broken = BY_NAME[name].broken()
            transaction.set_rollback(True)
            assert broken
            assert all(item.startswith(numbers.get(named, named)) for item in broken)


@pytest.mark.django_db
def test_the_command_names_what_is_broken_and_ends_with_an_error(
    busy: dict[str, Application], capsys: pytest.CaptureFixture[str]
) -> None:
    number = busy["late"].number
    run(f"UPDATE {CASE} SET state = 'CHECKED' WHERE number = '{number}'")
    with pytest.raises(CommandError, match="1 of"):
        call_command("verify")
    [line] = [line for line in capsys.readouterr().out.splitlines() if "BROKEN" in line]
    assert "state-is-the-last-events" in line
    assert number in line


@pytest.mark.django_db(transaction=True)
def test_a_seal_finds_a_history_that_was_rewritten_with_its_head() -> None:
    bank = found_bank()
    first = bank.cast.received(when=WHEN)
    assert seal(at=WHEN) == 1
    assert seal(at=WHEN) == 0
    bank.cast.received(when=WHEN)
    bank.cast.lend(first, to=bank.people.cc, when=WHEN)
    assert seal(at=WHEN) == 2
    assert BY_NAME["seals"].broken() == []
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {EVENT} DISABLE TRIGGER USER")
        cursor.execute(
            f"UPDATE {EVENT} SET digest = decode(repeat('ab', 32), 'hex') WHERE application_id = %s AND seq = "
            f"(SELECT max(seq) FROM {EVENT} WHERE application_id = %s AND step = 'receive')",
            [first.pk, first.pk],
        )
        cursor.execute(f"ALTER TABLE {EVENT} ENABLE TRIGGER USER")
    [broken] = BY_NAME["seals"].broken()
    assert broken.startswith("seal ")
