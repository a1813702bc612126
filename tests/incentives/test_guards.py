"""What the database itself refuses: rewritten money, sums that do not add up, one person where two are asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError

from applications.models import Application
from applications.services import issue
from incentives.models import (
    Adjustment,
    Assessment,
    Bounty,
    Confirmation,
    ConfirmationLine,
    Hold,
    PayoutBatch,
    Reversal,
    RewardEntry,
    SplitPolicy,
    SplitShare,
)
from incentives.services.accrual import accrue
from incentives.services.adjustments import ask_adjustment
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.payouts import make_payout, mark_paid
from incentives.services.policies import draft_bounty
from incentives.services.registration import register
from incentives.services.reversals import approve_reversal, ask_reversal
from organization.models import Employee
from tests.cast import Cast, at
from tests.incentives.conftest import earned, entries_of

pytestmark = pytest.mark.django_db
WHEN = at("2026-11-24 10:00")


@pytest.fixture
def case(bank: Cast) -> Application:
    return earned(bank, when=WHEN)


def refused(act: Callable[[], object], *, because: str) -> None:
    """The database refuses the act, at once or when the transaction would be committed."""

    def commit() -> None:
        with transaction.atomic():
            act()
            sql("SET CONSTRAINTS ALL IMMEDIATE")()

    with pytest.raises(DatabaseError, match=because):
        commit()


def sql(statement: str, *values: object) -> Callable[[], object]:
    def act() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)

    return act


@pytest.mark.parametrize(
    "table",
    ["splitshare", "assessment", "rewardentry", "registration", "payoutfile"],
)
def test_rows_of_the_ledger_are_never_changed_or_removed(bank: Cast, case: Application, table: str) -> None:
    paid_batch(bank, case)
    name = f"incentives_{table}"
    key = "assessment_id" if table == "registration" else "application_id" if table == "assessment" else "id"
    refused(sql(f"UPDATE {name} SET {key} = {key}"), because="never changed")  # noqa: S608
    refused(sql(f"DELETE FROM {name}"), because="never changed")  # noqa: S608


def test_the_orm_has_no_way_around_it_either(case: Application) -> None:
    refused(lambda: RewardEntry.objects.update(amount_fen=1), because="never changed")
    refused(lambda: RewardEntry.objects.all().delete(), because="never changed")


def test_a_fen_more_than_the_bounty_is_refused(bank: Cast, case: Application) -> None:
    extra = RewardEntry(
        assessment_id=case.pk, role="ENTRY", sequence=2, amount_fen=1, payee_kind="EMPLOYEE", payee=bank.fang_fang,
        at=WHEN,
    )  # fmt: skip
    refused(extra.save, because="not its bounty")


def test_a_held_share_is_released_as_a_pair_or_not_at_all(bank: Cast) -> None:
    held_case = bank.issued(bank.received(when=WHEN), when=WHEN)
    issue.activate(case=held_case.pk, actor=None, at=WHEN)
    accrue(at=WHEN)
    held = entries_of(held_case)[-1]
    half = RewardEntry(
        assessment_id=held_case.pk, role="AFTER_SALES", sequence=2, amount_fen=-20_00, payee_kind="HELD", mirrors=held,
        at=WHEN,
    )  # fmt: skip
    refused(half.save, because="not its bounty")


def test_an_assessment_without_its_shares_is_refused(bank: Cast) -> None:
    bare = bank.activated(when=WHEN)
    event = bare.events.get(step="activate")
    bounty = Bounty.objects.get(product__code="PK")
    refused(
        lambda: Assessment.objects.create(
            application=bare, event=event, verdict="EARNED", bounty=bounty, policy=SplitPolicy.objects.get(),
            bounty_fen=100_00, path="B", at=WHEN,
        ),
        because="not its bounty",
    )  # fmt: skip


def test_a_case_is_assessed_once(case: Application) -> None:
    again = Assessment(application=case, event=case.events.get(step="activate"), verdict="SETTLED_BEFORE", at=WHEN)
    refused(lambda: again.save(force_insert=True), because="unique")


def test_an_entry_of_a_person_names_the_person(case: Application) -> None:
    nobody = RewardEntry(
        assessment_id=case.pk, role="ENTRY", kind="TIMELINESS", amount_fen=50, payee_kind="EMPLOYEE", at=WHEN
    )
    refused(nobody.save, because="rewardentry_payee_named")


def test_a_policy_column_that_is_not_whole_cannot_be_saved(bank: Cast) -> None:
    def save_99_percent() -> None:
        policy = SplitPolicy.objects.create(number=9, starts_on=date(2027, 1, 1), status="DRAFT")
        for path in "ABC":
            parts = {"REFERRER": 2_500, "COLLECTOR": 2_500, "CREDIT_CHECK": 1_200, "ENTRY": 1_200, "TRACKER": 500}
            rows = parts | {"AFTER_SALES": 2_100 if path != "C" else 2_000}
            for role, share in rows.items():
                SplitShare.objects.create(policy=policy, path=path, role=role, share_bp=share)

    refused(save_99_percent, because="path C of split policy .* does not sum to the whole")


def test_a_policy_without_shares_cannot_be_saved(bank: Cast) -> None:
    refused(
        lambda: SplitPolicy.objects.create(number=9, starts_on=date(2027, 1, 1), status="DRAFT"),
        because="does not sum to the whole",
    )


def test_the_terms_of_a_policy_never_change(bank: Cast) -> None:
    refused(lambda: Bounty.objects.update(amount_fen=1), because="never changed")
    refused(lambda: SplitPolicy.objects.update(customer_fen=0), because="never changed")
    refused(lambda: Bounty.objects.all().delete(), because="never changed")


def test_a_policy_is_not_approved_by_its_drafter(bank: Cast) -> None:
    mgt = bank.cao_ying
    refused(
        lambda: Bounty.objects.create(
            product=bank.product("PK"), amount_fen=1_00, starts_on=date(2027, 1, 1), status="APPROVED",
            drafted_by=mgt, approved_by=mgt,
        ),
        because="bounty_two_people",
    )  # fmt: skip


# -- documents and batches ---------------------------------------------------------------------------------------------
def confirmed(bank: Cast, case: Application) -> Confirmation:
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    document = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    return certify(no=document.no, actor=bank.feng_zhiqiang, at=WHEN)


def paid_batch(bank: Cast, case: Application) -> PayoutBatch:
    document = confirmed(bank, case)
    batch = make_payout(confirmations=[document.no], actor=bank.su_min, at=WHEN)
    return mark_paid(batch=batch.pk, actor=bank.su_min, at=WHEN)


def test_a_confirmed_document_is_locked_with_its_lines(bank: Cast, case: Application) -> None:
    document = confirmed(bank, case)
    refused(lambda: Confirmation.objects.update(total_fen=0), because="is locked")
    refused(lambda: document.lines.all().delete(), because="are locked")
    with pytest.raises(ProtectedError):
        Confirmation.objects.filter(pk=document.pk).delete()
    refused(sql("DELETE FROM incentives_confirmation_branches; DELETE FROM incentives_confirmation"), because="locked")


def test_sql_has_no_way_around_the_lock_of_a_document(bank: Cast, case: Application) -> None:
    document, spare = confirmed(bank, case), entries_of(earned(bank, when=WHEN))[0]
    draft = Confirmation.objects.create(
        no="JXQR-202611-900", period="2026-11", drafted_by=bank.zheng_weiguo, drafted_at=WHEN
    )
    key, branch = document.pk, bank.branches["BH01"].pk
    live = "SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL ops.may_truncate = 'off';"  # as in a real bank
    for act, because in (
        (sql("INSERT INTO incentives_confirmationline (confirmation_id, entry_id) VALUES (%s, %s)", key, spare.pk),
         "are locked"),
        (sql("UPDATE incentives_confirmationline SET confirmation_id = %s", draft.pk), "are locked"),
        (sql("INSERT INTO incentives_confirmation_branches (confirmation_id, branch_id) VALUES (%s, %s)", key, branch),
         "are locked"),
        (sql("UPDATE incentives_confirmation SET total_fen = total_fen + 1 WHERE id = %s", key), "is locked"),
        (sql("UPDATE incentives_confirmation SET state = 'DRAFT' WHERE id = %s", key), "is locked"),
        (sql("UPDATE incentives_confirmation SET check_code = '' WHERE id = %s", key), "is locked"),
        (sql("DELETE FROM incentives_confirmation WHERE id = %s", key), "is locked"),
        (sql(f"{live} TRUNCATE incentives_confirmationline"), "never changed"),
        (sql(f"{live} TRUNCATE incentives_confirmation CASCADE"), "never changed"),
    ):  # fmt: skip
        refused(act, because=because)


def test_a_document_begins_as_a_draft(bank: Cast) -> None:
    ready_made = Confirmation(
        no="JXQR-202611-900", period="2026-11", drafted_by=bank.zheng_weiguo, drafted_at=WHEN, state="CONFIRMED",
        certified_by=bank.feng_zhiqiang, certified_at=WHEN, check_code="0000-0000-0000", total_fen=9_999_99,
    )  # fmt: skip
    refused(ready_made.save, because="does not begin as a draft")


def test_nothing_held_is_confirmed(bank: Cast, case: Application) -> None:
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    document = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    Hold.objects.create(entry=entries_of(case)[0], reason="疑似代签", by=bank.pan_wei, at=WHEN)
    signed = {"certified_at": WHEN, "certified_by": bank.feng_zhiqiang, "check_code": "0000-0000-0000"}
    refused(lambda: Confirmation.objects.filter(pk=document.pk).update(state="CONFIRMED", **signed), because="is held")


def sign(document: Confirmation, certifier: Employee) -> Callable[[], object]:
    """Confirms a draft by hand, its sums as they are."""
    lines = RewardEntry.objects.filter(confirmation_line__confirmation=document)
    sums = {"total_fen": lines.sum_fen(), "entry_count": lines.count(),
            "case_count": lines.values("assessment").distinct().count()}  # fmt: skip
    rows = Confirmation.objects.filter(pk=document.pk)
    return lambda: rows.update(
        state="CONFIRMED", certified_at=WHEN, certified_by=certifier, check_code="0000-0000-0000", **sums
    )


def draft_with(bank: Cast, *entries: RewardEntry) -> Confirmation:
    document = Confirmation.objects.create(
        no="JXQR-202611-900", period="2026-11", drafted_by=bank.zheng_weiguo, drafted_at=WHEN
    )
    ConfirmationLine.objects.bulk_create(ConfirmationLine(confirmation=document, entry=entry) for entry in entries)
    return document


def test_what_is_not_registered_is_not_confirmed(bank: Cast, case: Application) -> None:
    refused(sign(draft_with(bank, *entries_of(case)), bank.feng_zhiqiang), because="not payable")


def test_a_share_that_waits_for_its_payee_is_not_confirmed(bank: Cast) -> None:
    uncoached = bank.issued(bank.received(when=WHEN), when=WHEN)
    issue.activate(case=uncoached.pk, actor=None, at=WHEN)
    accrue(at=WHEN)
    register(applications=[uncoached.number], actor=bank.zheng_weiguo, at=WHEN)
    held = entries_of(uncoached)[-1]
    assert held.payee_kind == "HELD"
    refused(sign(draft_with(bank, held), bank.feng_zhiqiang), because="not payable")


def test_a_case_without_its_stamps_is_not_confirmed(bank: Cast, case: Application) -> None:
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    document = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    Application.objects.filter(pk=case.pk).update(is_imported=True, entered_at=None)
    refused(sign(document, bank.feng_zhiqiang), because="not payable")
    Application.objects.filter(pk=case.pk).update(entered_at=WHEN)
    sign(document, bank.feng_zhiqiang)()


def test_neither_half_of_what_was_taken_back_unpaid_is_confirmed(bank: Cast, case: Application) -> None:
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    asked = ask_reversal(case=case.number, actor=bank.pan_wei, at=WHEN, reason="材料系伪造")
    approve_reversal(reversal=asked.pk, actor=bank.feng_zhiqiang, at=WHEN)
    document = draft_with(bank, entries_of(case)[0])
    refused(sign(document, bank.feng_zhiqiang), because="not payable")
    document.lines.update_or_create(entry=entries_of(case, "REVERSAL")[0])
    document.lines.filter(entry__kind="SPLIT").delete()
    refused(sign(document, bank.feng_zhiqiang), because="not payable")


# -- what somebody asked for, and holds --------------------------------------------------------------------------------
def test_no_correction_cross_sell_or_claw_back_without_its_approved_request(bank: Cast, case: Application) -> None:
    share = entries_of(case)[0]
    common = {"assessment_id": case.pk, "payee_kind": "EMPLOYEE", "sequence": 9, "at": WHEN}
    for extra in (
        RewardEntry(**common, kind="ADJUSTMENT", role="ENTRY", amount_fen=50_000_00, payee=bank.fang_fang),
        RewardEntry(**common, kind="CROSS_SELL", role="AFTER_SALES", amount_fen=10_00, payee=bank.lin_xiaoyu),
        RewardEntry(
            **common, kind="REVERSAL", role=share.role, amount_fen=-share.amount_fen, payee=share.payee, mirrors=share,
            why="FRAUD",
        ),
    ):  # fmt: skip
        refused(extra.save, because="no approved request")


def test_an_approved_request_covers_its_own_amount_only(bank: Cast, case: Application) -> None:
    asked = ask_adjustment(
        case=case.number, payee=bank.fang_fang, role="ENTRY", amount_fen=1_00, reason="补记", actor=bank.zheng_weiguo,
        at=WHEN,
    )  # fmt: skip

    def approve_a_hundredfold() -> None:
        entry = RewardEntry.objects.create(
            assessment_id=case.pk, kind="ADJUSTMENT", role="ENTRY", amount_fen=100_00, payee_kind="EMPLOYEE",
            payee=bank.fang_fang, at=WHEN,
        )  # fmt: skip
        Adjustment.objects.filter(pk=asked.pk).update(
            state="APPROVED", decided_by=bank.feng_zhiqiang, decided_at=WHEN, entry=entry
        )

    refused(approve_a_hundredfold, because="no approved request")


def test_a_request_begins_open(bank: Cast, case: Application) -> None:
    decided = {"reason": "材料系伪造", "asked_by": bank.pan_wei, "asked_at": WHEN, "state": "APPROVED",
               "decided_by": bank.lin_xiaoyu, "decided_at": WHEN}  # fmt: skip
    refused(Reversal(assessment_id=case.pk, ground="FRAUD", **decided).save, because="does not begin as decided")


def test_a_hold_is_kept_and_released_once_with_a_reason_by_another(bank: Cast, case: Application) -> None:
    entry = next(row for row in entries_of(case) if row.payee == bank.fang_fang)
    own = Hold(entry=entry, reason="疑似代签", by=bank.fang_fang, at=WHEN)
    refused(own.save, because="by its payee")
    refused(Hold(entry=entry, at=WHEN).save, because="hold_put_on_with_reason")
    row = Hold.objects.create(entry=entry, reason="疑似代签", by=bank.pan_wei, at=WHEN)
    rows = Hold.objects.filter(pk=row.pk)
    done = {"released_at": WHEN, "released_by": bank.pan_wei, "release_reason": "已核实"}
    refused(lambda: rows.update(reason="x"), because="never changed")
    refused(lambda: rows.update(**done | {"release_reason": ""}), because="hold_released_with_reason")
    refused(lambda: rows.update(**done | {"released_by": None}), because="hold_released_with_reason")
    refused(lambda: rows.update(**done | {"released_by": bank.fang_fang}), because="by its payee")
    refused(rows.delete, because="never changed")
    rows.update(**done)
    refused(lambda: rows.update(released_at=None, released_by=None, release_reason=""), because="never changed")


@pytest.mark.parametrize("table", ["payoutline", "payoutbatch_confirmations", "hold", "reversal", "bounty"])
def test_no_table_of_the_money_is_emptied(bank: Cast, table: str) -> None:
    act = sql(f"SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL ops.may_truncate = 'off'; TRUNCATE incentives_{table} CASCADE")
    refused(act, because="never changed")


# -- prices ------------------------------------------------------------------------------------------------------------
def test_only_what_holds_from_the_first_day_was_drafted_by_nobody(bank: Cast) -> None:
    nobodys = Bounty(product=bank.product("FS"), amount_fen=99_999_00, starts_on=date(2026, 11, 24), status="APPROVED")
    refused(nobodys.save, because="bounty_two_people")


def test_a_price_begins_as_a_draft_and_is_approved_ahead_of_today_with_a_notice(bank: Cast) -> None:
    drafted = draft_bounty(
        product="FS", amount_fen=99_999_00, starts_on=date(2026, 12, 1), actor=bank.cao_ying, at=WHEN
    )
    signed = {"status": "APPROVED", "approved_by": bank.deng_hai, "approved_at": WHEN}
    rows = Bounty.objects.filter(pk=drafted.pk)
    refused(lambda: rows.update(**signed), because="without a price notice")
    ready_made = Bounty(
        product=bank.product("FS"), amount_fen=1_00, starts_on=date(2026, 12, 1), drafted_by=bank.cao_ying,
        drafted_at=WHEN, **signed,
    )  # fmt: skip
    refused(ready_made.save, because="does not begin as a draft")
    backdated = Bounty.objects.create(
        product=bank.product("FS"), amount_fen=1_00, starts_on=date(2025, 6, 2), drafted_by=bank.cao_ying,
        drafted_at=at("2025-06-01 09:00"),
    )  # fmt: skip
    signed["approved_at"] = at("2025-06-01 10:00")
    refused(lambda: Bounty.objects.filter(pk=backdated.pk).update(**signed), because="not ahead")


def test_a_discarded_document_says_why(bank: Cast) -> None:
    bare = Confirmation.objects.create(
        no="JXQR-202611-900", period="2026-11", drafted_by=bank.zheng_weiguo, drafted_at=WHEN
    )
    rows = Confirmation.objects.filter(pk=bare.pk)
    refused(lambda: rows.update(state="DISCARDED"), because="confirmation_discarded_with_reason")


def test_a_document_is_not_confirmed_by_a_payee_or_its_registrar(bank: Cast, case: Application) -> None:
    register(applications=[case.number], actor=bank.zheng_weiguo, at=WHEN)
    document = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=WHEN)
    signed = {"state": "CONFIRMED", "certified_at": WHEN, "check_code": "0000-0000-0000", "total_fen": 103_75,
              "entry_count": 11, "case_count": 1}  # fmt: skip
    rows = Confirmation.objects.filter(pk=document.pk)
    refused(lambda: rows.update(certified_by=bank.lin_xiaoyu, **signed), because="registrars or payees")
    refused(lambda: rows.update(certified_by=bank.zheng_weiguo, **signed), because="registrars or payees")
    refused(lambda: rows.update(certified_by=bank.feng_zhiqiang, **signed | {"total_fen": 1}), because="the sum of")
    rows.update(certified_by=bank.feng_zhiqiang, **signed)


def test_a_batch_keeps_its_totals_and_its_pay_date(bank: Cast, case: Application) -> None:
    batch = paid_batch(bank, case)
    refused(lambda: PayoutBatch.objects.update(paid_on=date(2026, 11, 25)), because="never changed")
    refused(lambda: PayoutBatch.objects.filter(pk=batch.pk).update(total_fen=0, held_fen=100_00), because="never")


def test_a_batch_whose_sheets_are_not_its_confirmations_is_refused(bank: Cast) -> None:
    off = PayoutBatch(made_by=bank.su_min, made_at=WHEN, confirmed_fen=500_00, held_fen=0, total_fen=499_99)
    refused(off.save, because="payoutbatch_green")
