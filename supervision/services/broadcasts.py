"""即时短信: successes for the feed, pulled from the activations; and the words that people add to theirs.

Whether an activation is a success follows from the cases alone (who was first, how many there were before), and a case
is told once per reason. So a pass may come late, twice or twice at once: it looks back a day behind the last success
that was told, and writes what is missing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from applications.lifecycle import Step
from applications.models import Product
from ops_center.clock import local_day
from ops_center.kernel.errors import NotAllowed
from organization.models import Employee
from organization.roles import Role
from organization.services.audit import record
from organization.services.inbox import tell_each
from supervision import errors
from supervision.models import Broadcast

LONGEST_WORD = 80  # characters of what people add
LOOK_BACK = timedelta(days=1)
FIRST_LOOK = timedelta(days=7)  # of a system that has told nothing yet
HIGH_TIERS = (Product.Tier.PLATINUM, Product.Tier.DIAMOND)
MILESTONES = (10, 25, 50, 100, 200, 500)  # activated members of a group batch
RECORD_FROM = 3  # a branch's best day so far is worth a word from so many cards on

# Of every new activation: who brought the client (the referrer, of a walk-in the collector), and the how-manieth it is.
# Earlier means by the time of the activation, of the same instant by the key.
_TELL = """
    WITH fresh AS MATERIALIZED (
        SELECT a.id, e.at, a.activated_at, a.branch_id, p.name AS product, p.tier,
               CASE WHEN g.id IS NOT NULL THEN g.employer
                    WHEN a.customer_group IN ('GROUP', 'OFFICIAL') THEN nullif(a.campaign, '') END AS batch,
               coalesce(g.id::text, a.campaign) AS batch_key,
               (a.activated_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
               (CASE WHEN a.referrer_type = 'EMPLOYEE' THEN a.referrer_id ELSE a.collector_id END) AS person_id,
               a.referrer_type = 'EMPLOYEE' AS is_referred
        FROM applications_event e
        JOIN applications_application a ON a.id = e.application_id
        JOIN applications_product p ON p.id = a.product_id
        LEFT JOIN applications_groupbatch g ON g.id = a.group_batch_id
        WHERE e.step = %(activate)s AND e.at > %(since)s AND e.at <= %(at)s
          AND a.activated_at IS NOT NULL AND NOT a.is_imported AND a.branch_id IS NOT NULL
    ), days AS MATERIALIZED (
        SELECT a.branch_id, (a.activated_at AT TIME ZONE 'Asia/Shanghai')::date AS day, count(*) AS cards
        FROM applications_application a
        WHERE a.branch_id IN (SELECT branch_id FROM fresh) AND a.state = 'ACTIVATED' AND NOT a.is_imported
        GROUP BY 1, 2
    ), found AS (
        SELECT f.*, 'FIRST_CARD' AS reason, 1 AS number
        FROM fresh f
        WHERE NOT EXISTS (
            SELECT FROM applications_application b
            WHERE (b.referrer_id = f.person_id AND b.referrer_type = 'EMPLOYEE'
                   OR b.collector_id = f.person_id AND b.referrer_type <> 'EMPLOYEE')
              AND (b.activated_at, b.id) < (f.activated_at, f.id))
          AND NOT EXISTS (
            SELECT FROM supervision_broadcast t WHERE t.person_id = f.person_id AND t.reason = 'FIRST_CARD')
        UNION ALL
        SELECT f.*, 'HIGH_TIER', 1 FROM fresh f WHERE f.tier = ANY(%(high)s)
        UNION ALL
        SELECT f.*, 'GROUP', m.nth
        FROM fresh f CROSS JOIN LATERAL (
            SELECT count(*) AS nth FROM applications_application b
            WHERE b.branch_id = f.branch_id AND b.state = 'ACTIVATED'
              AND coalesce(b.group_batch_id::text, b.campaign) = f.batch_key
              AND (b.activated_at, b.id) <= (f.activated_at, f.id)) m
        WHERE f.batch IS NOT NULL AND m.nth = ANY(%(milestones)s)
        UNION ALL
        SELECT f.*, 'RECORD', m.nth
        FROM fresh f CROSS JOIN LATERAL (
            SELECT count(*) AS nth FROM applications_application b
            WHERE b.branch_id = f.branch_id AND b.state = 'ACTIVATED' AND NOT b.is_imported
              AND b.activated_at >= f.day::timestamp AT TIME ZONE 'Asia/Shanghai'
              AND (b.activated_at, b.id) <= (f.activated_at, f.id)) m
        WHERE m.nth = greatest(%(record_from)s, 1 + coalesce(
            (SELECT max(cards) FROM days d WHERE d.branch_id = f.branch_id AND d.day < f.day), 0))
    )
    INSERT INTO supervision_broadcast (application_id, reason, person_id, branch_id, facts, motto, cheer, at)
    SELECT f.id, f.reason, f.person_id, CASE WHEN f.reason IN ('GROUP', 'RECORD') THEN f.branch_id ELSE e.branch_id END,
           jsonb_build_object('product', f.product, 'number', f.number, 'referred', f.is_referred, 'batch',
                              CASE WHEN f.reason = 'GROUP' THEN f.batch ELSE '' END), '', '', f.at
    FROM found f JOIN organization_employee e ON e.id = f.person_id
    ON CONFLICT DO NOTHING
    RETURNING person_id
"""


@transaction.atomic
def tell_successes(*, at: datetime) -> int:
    """Puts the successes since the last pass into the feed and asks the people for a sentence; returns how many."""
    last = Broadcast.objects.order_by("-at").values_list("at", flat=True).first()
    facts: dict[str, Any] = {
        "activate": Step.ACTIVATE.value,
        "since": last - LOOK_BACK if last else at - FIRST_LOOK,
        "at": at,
        "high": [tier.value for tier in HIGH_TIERS],
        "milestones": list(MILESTONES),
        "record_from": RECORD_FROM,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TELL, facts)
        people = [person for (person,) in cursor.fetchall()]
    tell_each({person: {} for person in people}, kind="success_told", at=at, about="/feed/?mine=1")
    return len(people)


@transaction.atomic
def say_motto(*, broadcast: int, text: str, actor: Employee, at: datetime) -> Broadcast:
    """The person's own sentence (一句心得), at most 80 characters; an empty one takes it back. The audit log keeps
    what it replaces."""
    row = _find(broadcast)
    if row.person_id != actor.pk:
        raise NotAllowed("not_yours", _("Only the person whose success it is says this sentence."))
    before, row.motto = row.motto, text
    row.save(update_fields=["motto"])
    if text != before:
        record(action="say_motto", at=at, actor=actor, subject=f"success {row.pk}", before=before, after=text)
    return row


@transaction.atomic
def cheer(*, broadcast: int, text: str, actor: Employee, at: datetime) -> Broadcast:
    """A word of the head of the branch, at most 80 characters; an empty one takes it back. The audit log keeps
    what it replaces."""
    row = _find(broadcast)
    if Role.BH not in actor.role_codes(local_day(at)) or row.branch_id != actor.branch_id:
        raise NotAllowed("not_the_head", _("Only the head of the branch adds this word."))
    before, row.cheer = row.cheer, text
    row.save(update_fields=["cheer"])
    if text != before:
        record(action="cheer", at=at, actor=actor, subject=f"success {row.pk}", before=before, after=text)
    return row


def _find(broadcast: int) -> Broadcast:
    row = Broadcast.objects.select_for_update(of=("self",)).filter(pk=broadcast).first()
    if row is None:
        raise errors.no_success()
    return row
