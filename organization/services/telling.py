"""When people may be told: on working days, while they are at work, outside the quiet hours that they have chosen.

Messages of the inbox wait silently and may be written at any time. Whatever comes to a person of itself (escalations,
digests, letters) asks here first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time

from django.db import transaction
from django.utils.translation import gettext as _

from ops_center.clock import SHANGHAI, local_day
from ops_center.kernel.errors import Malformed, Refused
from ops_center.kernel.worktime import BANK_HOURS
from organization.models import Absence, Employee, NewsPreference
from organization.services.calendar import opening_times, working_calendar

LEAST_LEFT = 120  # minutes


def may_be_told(at: datetime, person: Employee) -> bool:
    """Whether news may come to this person now: a working day, at work, and not in the person's quiet hours."""
    return bool(who_may_be_told(at, [person.pk]))


def who_may_be_told(at: datetime, people: Iterable[int]) -> set[int]:
    """Those of these people (by key) to whom news may come now; at most four queries for however many."""
    on = local_day(at)
    if not working_calendar().is_workday(on):
        return set()
    employed = {
        person.pk: person for person in Employee.objects.active().filter(pk__in=set(people)).select_related("branch")
    }
    away = set(
        Absence.objects.filter(employee__in=employed, starts_on__lte=on, ends_on__gte=on)
        .order_by()
        .values_list("employee_id", flat=True)
    )
    chosen = {row.pk: row for row in NewsPreference.objects.filter(pk__in=employed)}
    clock = at.astimezone(SHANGHAI).time()
    return {
        pk
        for pk, person in employed.items()
        if pk not in away and not is_quiet(chosen.get(pk) or _usual(person, on), clock)
    }


def _usual(person: Employee, on: date) -> NewsPreference:
    """What holds for who has chosen nothing: it is quiet while the own branch is closed, by its times of the day."""
    hours = opening_times().hours(person.branch, on=on)
    return NewsPreference(employee=person, quiet_from=hours.closes, quiet_to=hours.opens)


def is_quiet(preference: NewsPreference, clock: time) -> bool:
    """Whether a time of the day lies in the quiet hours; they may span midnight, and equal ends mean none."""
    start, end = preference.quiet_from, preference.quiet_to
    if start <= end:
        return start <= clock < end
    return clock >= start or clock < end


def _minutes_left(preference: NewsPreference) -> int:
    """Of the bank's hours, what is not quiet."""
    opens, closes = (end.hour * 60 + end.minute for end in (BANK_HOURS.opens, BANK_HOURS.closes))
    return sum(not is_quiet(preference, time(*divmod(minute, 60))) for minute in range(opens, closes))


def preference_of(person: Employee, *, on: date) -> NewsPreference:
    """What the person has chosen, or what holds on a day without a choice (not saved)."""
    return NewsPreference.objects.filter(pk=person.pk).first() or _usual(person, on)


@transaction.atomic
def choose(*, actor: Employee, quiet_from: time, quiet_to: time, digest_at: time, by_mail: bool) -> NewsPreference:
    """Keeps what a person has chosen about the own news. Refused by mail without an address, Malformed for a letter of
    the day in the quiet hours and for quiet hours in which nothing of a working day is left."""
    wanted = NewsPreference(quiet_from=quiet_from, quiet_to=quiet_to)
    if _minutes_left(wanted) < LEAST_LEFT:
        sentence = _("Of the working day from 08:30 to 17:30 leave two hours at least: deadlines are told in them.")
        raise Malformed("always_quiet", sentence, {"quiet_to": sentence})
    if is_quiet(wanted, digest_at) and by_mail:
        sentence = _("The letter of the day would fall into your quiet hours. Choose an hour outside them.")
        raise Malformed("digest_in_quiet_hours", sentence, {"digest_at": sentence})
    if by_mail and not actor.email:
        sentence = _("The house knows no mail address of yours. Ask the administrator to enter it first.")
        raise Refused("no_address", sentence)
    chosen = {"quiet_from": quiet_from, "quiet_to": quiet_to, "digest_at": digest_at, "by_mail": by_mail}
    row, _is_new = NewsPreference.objects.update_or_create(employee=actor, defaults=chosen)
    return row
