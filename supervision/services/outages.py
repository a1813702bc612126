"""Declaring an outage (rule K4): the supervisor says from when to when and why; clocks follow, people are told. One
that lasts may be ended, one that has not begun withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from applications.lifecycle import FINISHED, LATE_OUTCOMES, State
from applications.models import CaseClock, Outage, Recount
from applications.services.outages import Plan, plan_outage
from applications.services.recounts import recount_for_outage
from ops_center.clock import local_day
from ops_center.kernel.errors import Malformed, NotAllowed, OutOfSight, Refused
from ops_center.kernel.worktime import SHANGHAI
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record
from supervision.services.recounts import tell_of_ends, tell_of_outage, tell_of_withdrawal

LOOKS_BACK = timedelta(days=7)
LASTS_AT_MOST = timedelta(days=7)
SHORTEST = timedelta(minutes=1)
MAY_STAND_STILL = tuple(state for state in State if state not in FINISHED)
_ONE_BY_ONE = 7_319_002  # two declarations at once: the second sees the first


def preview_outage(*, since: datetime, until: datetime, states: Sequence[str], at: datetime) -> Plan:
    """What the window would do to the clocks, as things stand; a window ahead is taken as if nothing else happened."""
    _require_window(since, until, states, at=at)
    return plan_outage(since=since, until=until, states=states, at=at)


@transaction.atomic
def declare_outage(
    *, since: datetime, until: datetime, reason: str, states: Sequence[str] = (), actor: Employee, at: datetime
) -> Outage:
    """Declares it and lays it on the clocks; on many portion by portion (services/recounts.py). Of a window that still
    lasts what runs is paused, and goes on at its end.

    Raises NotAllowed for who is no supervisor, Malformed for an impossible window, Refused where another outage of the
    same states covers a part of it (nothing is excused twice) or where a delay of one's own lies in it.
    """
    _require_supervisor(actor, at=at)
    _require_window(since, until, states, at=at)
    if not reason.strip():
        raise Malformed("reason_missing", _("Say what was down."), {"reason": _("Say what was down.")})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_BY_ONE])
    _require_unexcused(since, until, states)
    _require_not_own(since, until, actor, at=at)
    outage = Outage.objects.create(
        since=since,
        until=until,
        reason=reason.strip()[:200],
        states=sorted(set(states)),
        declared_by=actor,
        declared_at=at,
    )
    record(
        action="declare_outage", at=at, actor=actor, subject=f"outage {outage.pk}", since=since.isoformat(),
        until=until.isoformat(), states=outage.states, reason=outage.reason,
    )  # fmt: skip
    if recount_for_outage(outage.pk, at=at) is None:
        tell_of_outage(outage, None, at=at)
    tell_of_ends(at=at)
    return Outage.objects.get(pk=outage.pk)


@transaction.atomic
def end_outage(*, outage: int, actor: Employee, at: datetime) -> Outage:
    """The system is back before the declared end: the window ends now, and what it paused goes on."""
    _require_supervisor(actor, at=at)
    row = _lock(outage)
    if not row.since < at < row.until:
        raise Refused("outage_over", _("Only an outage that lasts can be ended; this one is over or has not begun."))
    declared, row.until = row.until, at
    row.save(update_fields=["until"])
    recount_for_outage(row.pk, at=at)
    record(action="end_outage", at=at, actor=actor, subject=f"outage {row.pk}", declared=declared.isoformat())
    return Outage.objects.get(pk=row.pk)


@transaction.atomic
def withdraw_outage(*, outage: int, actor: Employee, at: datetime) -> Outage:
    """What was declared ahead does not come about: the row stays, marked, and no clock stands still for it. Refused
    from its beginning on."""
    _require_supervisor(actor, at=at)
    row = _lock(outage)
    # A request that waited for the row may come after the minute that has laid the first of it.
    if at >= row.since or Recount.objects.filter(outage=row).exists():
        raise Refused(
            "outage_begun",
            _("This outage has begun: it cannot be withdrawn any more. If it still lasts, end it now."),
        )
    row.withdrawn_by, row.withdrawn_at, row.settled_at = actor, at, at
    row.save(update_fields=["withdrawn_by", "withdrawn_at", "settled_at"])
    record(
        action="withdraw_outage", at=at, actor=actor, subject=f"outage {row.pk}", since=row.since.isoformat(),
        until=row.until.isoformat(),
    )  # fmt: skip
    tell_of_withdrawal(row, actor=actor, at=at)
    return row


def _lock(outage: int) -> Outage:
    """The outage as it stands, with its row locked; Refused for one that was withdrawn."""
    row = Outage.objects.select_for_update().filter(pk=outage).first()
    if row is None:
        raise OutOfSight("not_found", _("There is no such outage."))
    if row.withdrawn_at is not None:
        raise Refused(
            "outage_withdrawn", _("This outage has been withdrawn already. Declare another one if it comes after all.")
        )
    return row


def _require_supervisor(actor: Employee, *, at: datetime) -> None:
    if not actor.has_role(Role.SUP, on=local_day(at)):
        raise NotAllowed("supervisor_only", _("Outages are declared by the supervisor."))


def _require_window(since: datetime, until: datetime, states: Sequence[str], *, at: datetime) -> None:
    wrong: dict[str, str] = {}
    if until - since < SHORTEST:
        wrong["until"] = _("The end comes after the beginning, by a minute at least.")
    elif until - since > LASTS_AT_MOST:
        wrong["until"] = _("An outage lasts at most %(days)s days. Declare a longer one part by part.") % {
            "days": LASTS_AT_MOST.days
        }
    if since < at - LOOKS_BACK:
        wrong["since"] = _("The beginning lies at most %(days)s days back. Older delays are explained one by one.") % {
            "days": LOOKS_BACK.days
        }
    elif since > at + LASTS_AT_MOST:
        wrong["since"] = _("The beginning lies at most %(days)s days ahead.") % {"days": LASTS_AT_MOST.days}
    if set(states) - set(MAY_STAND_STILL):
        wrong["states"] = _("Choose states of cases that are under way.")
    if wrong:
        raise Malformed("bad_window", _("Please correct the marked fields."), wrong)


def _require_not_own(since: datetime, until: datetime, actor: Employee, *, at: datetime) -> None:
    """Nobody excuses oneself: what is late with the actor, not settled yet, and ran in the window."""
    late = Q(stopped_at=None, due_at__lt=at) | Q(outcome__in=LATE_OUTCOMES, stopped_at__gt=since)
    own = CaseClock.objects.filter(late, owner=actor, started_at__lt=until).exclude(breach__settled_at__isnull=False)
    if own.exists():
        raise Refused(
            "own_breach",
            _("A delay that you answer for lies in this window: another supervisor declares the outage."),
        )


def _require_unexcused(since: datetime, until: datetime, states: Sequence[str]) -> None:
    same = Q(states=[])
    for state in states:
        same |= Q(states__contains=[state])
    others = Outage.objects.filter(since__lt=until, until__gt=since, withdrawn_at=None)
    other = (others.filter(same) if states else others).first()
    if other is not None:
        raise Refused(
            "outage_overlaps",
            _(
                "From %(since)s to %(until)s an outage of these states has been declared already: nothing is excused "
                "twice. Declare only what it leaves open."
            )
            % {"since": f"{other.since.astimezone(SHANGHAI):%m-%d %H:%M}",
               "until": f"{other.until.astimezone(SHANGHAI):%m-%d %H:%M}"},
        )  # fmt: skip
