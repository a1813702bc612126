"""What must be true of the bank's data at every moment (domain section 18), each as one question to the database.

A check answers with the numbers of what is broken, and with nothing when all is well. Constraints and triggers refuse
most of this already; the checks ask again, because a hole in a guard, a restored copy or a hand in the tables shows
here and nowhere else. ``manage.py verify`` runs them; a test plants the damage that each of them must find.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from django.db import connection
from django.db.models import Exists, Max, OuterRef, Sum

from applications.lifecycle import FINISHED, LATE_OUTCOMES, STAMP_ORDER, State
from applications.models import CaseClock, ClockInterval, Event
from applications.models.event import digest_of
from applications.selectors import FINISHES
from applications.services.clocks import BY_THE_BRANCH
from incentives.rules import Timeliness
from incentives.services.facts import TIMED, facts_of
from ops_center.kernel.chain import GENESIS
from ops_center.kernel.worktime import Mode, minutes_between
from organization.models import AuditRecord, CalendarChange
from organization.models.versions import FIRST_DAY
from organization.services.audit import broken_links
from organization.services.calendar import working_calendar
from supervision.on_time import RETURNED
from supervision.selectors.counted import OF_THE_CASE, UNSPOILT
from supervision.services import seals

SHOWN = 20  # so many broken numbers are named; the first ones say enough


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: its number in the domain's list, a name, and how to look for what breaks it."""

    no: str
    name: str
    find: Callable[[], Iterator[str]]

    def broken(self) -> list[str]:
        return list(islice(self.find(), SHOWN))


def _asking(sql: str, **facts: list[str]) -> Callable[[], Iterator[str]]:
    def ask() -> Iterator[str]:
        with connection.cursor() as cursor:
            cursor.execute(sql, facts or None)
            yield from (str(row[0]) for row in cursor.fetchall())

    return ask


def _listed(*values: str) -> str:
    return ", ".join(f"'{value}'" for value in values)


# --- 1, 2, 7: the money ----------------------------------------------------------------------------------------------
SHARES_ARE_THE_BOUNTY = """
    SELECT a.number FROM incentives_assessment s
    JOIN applications_application a ON a.id = s.application_id
    LEFT JOIN (SELECT assessment_id, sum(amount_fen) AS fen FROM incentives_rewardentry
               WHERE kind = 'SPLIT' GROUP BY 1) e ON e.assessment_id = s.application_id
    LEFT JOIN incentives_bounty b ON b.id = s.bounty_id
    WHERE s.bounty_fen <> coalesce(e.fen, 0) OR (s.verdict = 'EARNED' AND s.bounty_fen IS DISTINCT FROM b.amount_fen)
"""
NO_SHARE_BEFORE_ACTIVATION = """
    SELECT DISTINCT a.number FROM incentives_rewardentry e
    JOIN incentives_assessment s ON s.application_id = e.assessment_id
    JOIN applications_application a ON a.id = s.application_id
    LEFT JOIN applications_event v ON v.id = s.event_id AND v.application_id = a.id AND v.to_state = 'ACTIVATED'
    WHERE e.kind = 'SPLIT' AND (a.state <> 'ACTIVATED' OR v.id IS NULL OR e.at < a.activated_at)
"""
ONE_SET_OF_SHARES = """
    SELECT a.number FROM applications_application a
    JOIN (SELECT assessment_id FROM incentives_rewardentry WHERE kind = 'SPLIT' AND mirrors_id IS NULL
          GROUP BY assessment_id, role, payee_kind, coalesce(payee_id, 0)
          HAVING count(*) > 1 AND payee_kind <> 'HELD') twice ON twice.assessment_id = a.id
    UNION
    SELECT a.number FROM applications_application a
    JOIN applications_event v ON v.application_id = a.id AND v.step = 'activate' GROUP BY a.number HAVING count(*) > 1
"""
# Waits for its verdict, or has it.
EVERY_ACTIVATION_HAS_ITS_VERDICT = """
    SELECT a.number FROM applications_event v JOIN applications_application a ON a.id = v.application_id
    LEFT JOIN incentives_assessment s ON s.event_id = v.id
    LEFT JOIN incentives_unassessedactivation q ON q.event_id = v.id
    WHERE v.step = 'activate' AND (s.event_id IS NULL) = (q.event_id IS NULL)
"""
# By the database's own clock, which wrote ``recorded_at``; a bounty that waits for the first spend is not ripe yet.
VERDICT_IN_TEN_MINUTES = """
    SELECT a.number FROM incentives_unassessedactivation q
    JOIN applications_event v ON v.id = q.event_id AND q.ripe_at <= v.at
    JOIN applications_application a ON a.id = q.application_id
    WHERE v.recorded_at < now() - interval '10 minutes'
"""
MIRRORS_EQUAL_THEIR_LINES = """
    SELECT a.number FROM incentives_rewardentry m
    JOIN incentives_rewardentry e ON e.id = m.mirrors_id
    JOIN applications_application a ON a.id = e.assessment_id
    WHERE m.amount_fen <> -e.amount_fen OR m.assessment_id <> e.assessment_id OR m.role <> e.role
       OR m.payee_kind <> e.payee_kind OR m.payee_id IS DISTINCT FROM e.payee_id OR m.kind NOT IN (e.kind, 'REVERSAL')
"""
CLAWED_BACK_AT_MOST_ALL = """
    SELECT a.number FROM incentives_rewardentry e
    JOIN applications_application a ON a.id = e.assessment_id
    GROUP BY a.number, e.payee_kind, e.payee_id
    HAVING coalesce(sum(e.amount_fen) FILTER (WHERE e.kind = 'REVERSAL'), 0) < 0
       AND sum(e.amount_fen) < least(sum(e.amount_fen) FILTER (WHERE e.kind = 'ADJUSTMENT'), 0)
"""
CAPS_ADD_UP = """
    SELECT p.number || ' ' || c.month FROM incentives_penaltycap c
    JOIN organization_employee p ON p.id = c.payee_id
    LEFT JOIN (SELECT payee_id, to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM') AS month, sum(amount_fen) AS fen
               FROM incentives_rewardentry WHERE why = 'CAP_LAPSED' AND kind = 'TIMELINESS' GROUP BY 1, 2) e
           ON e.payee_id = c.payee_id AND e.month = c.month
    WHERE c.lapsed_fen <> coalesce(e.fen, 0)
"""
# What is booked as in time or late is what the clocks of the role say now, and what was undone because of them is not.
# A case whose verdict has just changed waits in the queue.
_AS_JUDGED = f"""
    f.timeliness[array_position(ARRAY[{_listed(*TIMED)}], e.role::text)]
    = CASE e.why WHEN 'ON_TIME' THEN {Timeliness.ON_TIME:d} ELSE {Timeliness.LATE:d} END
"""
TIMELINESS_AS_JUDGED = f"""
    WITH f AS MATERIALIZED (  -- reckoned once, whatever the planner knows of the tables
        {
    facts_of(
        "(SELECT DISTINCT assessment_id AS id FROM incentives_rewardentry WHERE kind = 'TIMELINESS') cases"
    ).replace("%(at)s", "now()")
}
    )
    SELECT DISTINCT f.number FROM f
    JOIN incentives_rewardentry e ON e.assessment_id = f.id AND e.kind = 'TIMELINESS' AND e.mirrors_id IS NULL
         AND e.payee_kind = 'EMPLOYEE' AND e.why IN ('ON_TIME', 'LATE')
    LEFT JOIN incentives_rewardentry m ON m.mirrors_id = e.id
    WHERE NOT EXISTS (SELECT FROM incentives_changedverdict q WHERE q.application_id = f.id)
      AND (m.id IS NULL AND ({_AS_JUDGED}) IS NOT TRUE
           OR m.why = 'RETIMED' AND {_AS_JUDGED}
              AND NOT EXISTS (SELECT FROM incentives_rewardentry n
                              LEFT JOIN incentives_rewardentry u ON u.mirrors_id = n.id
                              WHERE n.assessment_id = f.id AND n.role = e.role AND n.kind = 'TIMELINESS'
                                AND n.mirrors_id IS NULL AND (u.id IS NULL OR u.why <> 'RETIMED')))
"""  # noqa: S608  constants
CONFIRMATIONS_ADD_UP = """
    SELECT c.no FROM incentives_confirmation c
    LEFT JOIN (SELECT l.confirmation_id, sum(e.amount_fen) AS fen, count(*) AS entries
               FROM incentives_confirmationline l JOIN incentives_rewardentry e ON e.id = l.entry_id
               GROUP BY 1) s ON s.confirmation_id = c.id
    WHERE c.state = 'CONFIRMED' AND (c.total_fen <> coalesce(s.fen, 0) OR c.entry_count <> coalesce(s.entries, 0))
"""
PAYOUTS_ADD_UP = """
    SELECT 'batch ' || b.id FROM incentives_payoutbatch b
    LEFT JOIN (SELECT l.batch_id, sum(e.amount_fen) AS fen
               FROM incentives_payoutline l JOIN incentives_rewardentry e ON e.id = l.entry_id
               GROUP BY 1) s ON s.batch_id = b.id
    WHERE b.total_fen <> coalesce(s.fen, 0) OR b.confirmed_fen <> b.total_fen + b.held_fen + b.voided_fen
    UNION
    SELECT 'batch ' || l.batch_id FROM incentives_payoutline l
    LEFT JOIN incentives_confirmationline c ON c.entry_id = l.entry_id
    LEFT JOIN incentives_payoutbatch_confirmations m
           ON m.payoutbatch_id = l.batch_id AND m.confirmation_id = c.confirmation_id
    WHERE m.id IS NULL
    UNION  -- what its documents certify, less what earlier batches took; refused lines change that afterwards
    SELECT 'batch ' || b.id FROM incentives_payoutbatch b
    JOIN (SELECT m.payoutbatch_id, sum(c.total_fen) AS fen FROM incentives_payoutbatch_confirmations m
          JOIN incentives_confirmation c ON c.id = m.confirmation_id GROUP BY 1) d ON d.payoutbatch_id = b.id
    LEFT JOIN (SELECT m.payoutbatch_id, sum(e.amount_fen) AS fen, bool_or(l.is_refused) AS is_refused
               FROM incentives_payoutbatch_confirmations m
               JOIN incentives_confirmationline c ON c.confirmation_id = m.confirmation_id
               JOIN incentives_payoutline l ON l.entry_id = c.entry_id AND l.batch_id < m.payoutbatch_id
               JOIN incentives_rewardentry e ON e.id = l.entry_id GROUP BY 1) t ON t.payoutbatch_id = b.id
    WHERE b.confirmed_fen <> d.fen - coalesce(t.fen, 0) AND t.is_refused IS NOT TRUE
"""
BALANCES_ADD_UP = """
    SELECT 'batch ' || coalesce(s.batch_id, b.batch_id)
    FROM incentives_payoutbalance b
    FULL JOIN (SELECT l.batch_id, e.payee_id, sum(e.amount_fen) AS fen, bool_or(l.is_refused) AS is_refused,
                      bool_and(l.is_refused) AS is_all_refused
               FROM incentives_payoutline l JOIN incentives_rewardentry e ON e.id = l.entry_id
               WHERE l.sheet = 'hr' GROUP BY 1, 2) s ON s.batch_id = b.batch_id AND s.payee_id = b.payee_id
    WHERE b.due_fen IS DISTINCT FROM s.fen OR b.due_fen + b.brought_fen <> b.paid_fen + b.carried_fen
       OR (b.fate IN ('REFUSED', 'BOUNCED')) <> s.is_refused OR s.is_refused <> s.is_all_refused
    GROUP BY 1
    UNION  -- what a payee brings along: what stood open, whichever of the payments that came back had done so by then
    SELECT 'batch ' || batch_id
    FROM (SELECT batch_id, brought_fen,
                 coalesce(sum(due_fen - paid_fen) OVER earlier, 0) AS open_fen,
                 coalesce(sum(due_fen - paid_fen) FILTER (WHERE fate NOT IN ('REFUSED', 'BOUNCED')) OVER earlier, 0)
                     AS open_without_fen
          FROM incentives_payoutbalance
          WINDOW earlier AS (PARTITION BY payee_id ORDER BY batch_id
                             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) b
    WHERE brought_fen NOT BETWEEN open_without_fen AND open_fen  -- one and the same where none came back
    UNION  -- of what did not come back nobody is owed anything; a minus may stand open
    SELECT 'payee ' || p.number FROM incentives_payoutbalance b JOIN organization_employee p ON p.id = b.payee_id
    WHERE b.fate NOT IN ('REFUSED', 'BOUNCED') GROUP BY 1 HAVING sum(b.due_fen - b.paid_fen) > 0
"""
FILES_AS_THEY_LEFT = """
    SELECT 'batch ' || batch_id || ' ' || sheet || '.' || format FROM incentives_payoutfile
    WHERE encode(sha256(content), 'hex') <> digest OR octet_length(content) <> size
    UNION  -- exchanged together with its digest: that stands a second time in the chain of the audit
    SELECT 'batch ' || b.batch_id || ' ' || kept.key
    FROM incentives_payoutbuild b
    JOIN organization_auditrecord a ON a.action = 'build_payout' AND a.subject = 'payout ' || b.batch_id
    CROSS JOIN LATERAL jsonb_each_text(a.facts -> 'digests') kept
    LEFT JOIN incentives_payoutfile f ON f.batch_id = b.batch_id AND f.sheet || '.' || f.format = kept.key
    WHERE f.digest IS DISTINCT FROM kept.value
    UNION
    SELECT 'batch ' || b.batch_id FROM incentives_payoutbuild b
    WHERE b.finished_at IS NOT NULL
      AND (8 <> (SELECT count(*) FROM incentives_payoutfile f WHERE f.batch_id = b.batch_id)
           OR NOT EXISTS (SELECT FROM organization_auditrecord a
                          WHERE a.action = 'build_payout' AND a.subject = 'payout ' || b.batch_id))
"""

# --- around 7: who did it, and what it was done to -------------------------------------------------------------------
# Lines are dated by the work, acts by the clock of who acts: one that waited for another in the same minutes bears the
# earlier time of the two and is no damage.
WAITED = "interval '5 minutes'"
ASKED_FOR_AND_DECIDED = """
    SELECT a.number FROM incentives_rewardentry e
    JOIN applications_application a ON a.id = e.assessment_id
    JOIN incentives_assessment s ON s.application_id = a.id
    LEFT JOIN incentives_splitpolicy p ON p.id = s.policy_id
    LEFT JOIN incentives_adjustment j ON j.entry_id = e.id AND j.state = 'APPROVED' AND j.assessment_id = a.id
         AND j.payee_id = e.payee_id AND j.role = e.role AND j.amount_fen = e.amount_fen
    LEFT JOIN incentives_crosssell x ON x.entry_id = e.id AND x.state = 'APPROVED' AND x.assessment_id = a.id
         AND x.asked_by_id = e.payee_id AND p.cross_sell_fen = e.amount_fen
    WHERE CASE e.kind WHEN 'ADJUSTMENT' THEN e.mirrors_id IS NULL AND j.id IS NULL
                      WHEN 'CROSS_SELL' THEN e.mirrors_id IS NULL AND x.id IS NULL
                      WHEN 'REVERSAL' THEN NOT (e.why = 'RETIMED' AND EXISTS (
                          SELECT FROM incentives_rewardentry o WHERE o.id = e.mirrors_id AND o.kind = 'TIMELINESS')
                      ) AND NOT EXISTS (
                          SELECT FROM incentives_reversal r
                          WHERE r.assessment_id = a.id AND r.state = 'APPROVED' AND r.decided_at = e.at
                            AND r.ground = e.why AND (r.payee_id IS NULL OR r.payee_id = e.payee_id))
                      ELSE FALSE END
    UNION
    SELECT a.number FROM incentives_hold h
    JOIN incentives_rewardentry e ON e.id = h.entry_id AND e.payee_id IN (h.by_id, h.released_by_id)
    JOIN applications_application a ON a.id = e.assessment_id
"""
CERTIFIED_BY_ANOTHER = """
    SELECT c.no FROM incentives_confirmation c
    JOIN incentives_confirmationline l ON l.confirmation_id = c.id
    JOIN incentives_rewardentry e ON e.id = l.entry_id
    LEFT JOIN incentives_registration r ON r.assessment_id = e.assessment_id AND r.by_id = c.certified_by_id
    LEFT JOIN incentives_rewardentry own ON own.assessment_id = e.assessment_id AND own.payee_id = c.certified_by_id
         AND own.at <= c.certified_at
    WHERE c.state = 'CONFIRMED' AND (r.assessment_id IS NOT NULL OR own.id IS NOT NULL)
    GROUP BY 1
"""
CERTIFIED_WHAT_WAS_PAYABLE = f"""
    SELECT c.no FROM incentives_confirmation c
    JOIN incentives_confirmationline l ON l.confirmation_id = c.id
    JOIN incentives_rewardentry e ON e.id = l.entry_id
    LEFT JOIN incentives_registration r ON r.assessment_id = e.assessment_id AND r.at <= c.certified_at
    LEFT JOIN incentives_rewardentry m ON m.mirrors_id = e.id AND m.at < c.certified_at - {WAITED}
    LEFT JOIN incentives_hold h ON h.entry_id = e.id AND h.at < c.certified_at - {WAITED}
         AND (h.released_at IS NULL OR h.released_at > c.certified_at + {WAITED})
    WHERE c.state = 'CONFIRMED' AND (r.assessment_id IS NULL OR m.id IS NOT NULL OR h.id IS NOT NULL
                                     OR e.payee_kind = 'HELD' OR (e.mirrors_id IS NOT NULL AND e.kind <> 'REVERSAL'))
    GROUP BY 1
"""  # noqa: S608  a constant
EXPORTED_BY_ANOTHER = """
    SELECT 'batch ' || b.id FROM incentives_payoutbatch b
    JOIN incentives_payoutbatch_confirmations x ON x.payoutbatch_id = b.id
    JOIN incentives_confirmation c ON c.id = x.confirmation_id
    WHERE c.state <> 'CONFIRMED' OR c.certified_by_id = b.made_by_id
    GROUP BY b.id
"""
# Of a line that was taken back both halves leave the house, or neither does.
EXPORTED_WHAT_WAS_PAYABLE = f"""
    SELECT 'batch ' || b.id FROM incentives_payoutbatch b
    JOIN incentives_payoutline l ON l.batch_id = b.id
    JOIN incentives_rewardentry e ON e.id = l.entry_id
    LEFT JOIN incentives_hold h ON h.entry_id = e.id AND h.at < b.made_at - {WAITED}
         AND (h.released_at IS NULL OR h.released_at > b.made_at + {WAITED})
    LEFT JOIN incentives_rewardentry m ON m.mirrors_id = e.id AND m.at < b.made_at - {WAITED}
         AND NOT EXISTS (SELECT FROM incentives_payoutline o WHERE o.entry_id = m.id)
    WHERE h.id IS NOT NULL OR m.id IS NOT NULL
       OR (e.kind = 'REVERSAL' AND NOT EXISTS (SELECT FROM incentives_payoutline o WHERE o.entry_id = e.mirrors_id))
    GROUP BY b.id
"""  # noqa: S608  a constant
# Each approval stands in the audit log, with its time: a row that names an earlier one does not agree with it.
PRICES_BY_TWO_PEOPLE = f"""
    SELECT v.name || ' ' || v.id
    FROM (SELECT 'bounty' AS name, id, starts_on, is_pilot, drafted_by_id, approved_by_id, approved_at
          FROM incentives_bounty WHERE status = 'APPROVED'
          UNION ALL
          SELECT 'splitpolicy', id, starts_on, is_pilot, drafted_by_id, approved_by_id, approved_at
          FROM incentives_splitpolicy WHERE status = 'APPROVED') v
    LEFT JOIN incentives_pricenotice n
           ON CASE v.name WHEN 'bounty' THEN n.bounty_id ELSE n.policy_id END = v.id AND n.published_at = v.approved_at
    LEFT JOIN organization_auditrecord r ON r.action = 'approve_' || v.name
          AND v.id::text IN (r.facts->>'version', r.subject)  -- older records name the version as their subject
          AND r.actor_id = v.approved_by_id AND r.at = v.approved_at
    WHERE CASE WHEN v.drafted_by_id IS NULL THEN v.starts_on <> '{FIRST_DAY}' OR v.is_pilot
               ELSE v.approved_by_id IS NULL OR v.approved_by_id = v.drafted_by_id OR n.id IS NULL OR r.id IS NULL
                    OR v.starts_on <= (v.approved_at AT TIME ZONE 'Asia/Shanghai')::date END
"""  # noqa: S608  a constant

# --- 3: the case and its history -------------------------------------------------------------------------------------
STATE_IS_THE_LAST_EVENTS = """
    SELECT a.number FROM applications_application a
    LEFT JOIN applications_event e ON e.application_id = a.id AND e.seq = a.event_count
    WHERE e.to_state IS DISTINCT FROM a.state
"""
HISTORY_HAS_NO_GAP = """
    SELECT a.number FROM applications_application a
    LEFT JOIN (SELECT application_id, count(*) AS events, max(seq) AS last FROM applications_event GROUP BY 1) e
           ON e.application_id = a.id
    WHERE coalesce(e.events, 0) <> a.event_count OR coalesce(e.last, 0) <> a.event_count
    UNION
    SELECT a.number FROM applications_application a
    JOIN (SELECT application_id, from_state, at,
                 lag(to_state, 1, '') OVER w AS before, lag(at) OVER w AS earlier
          FROM applications_event WINDOW w AS (PARTITION BY application_id ORDER BY seq)) e ON e.application_id = a.id
    WHERE e.from_state <> e.before OR e.at < e.earlier
"""
STAMPS_IN_ORDER = f"""
    SELECT a.number FROM applications_application a
    CROSS JOIN LATERAL (
        SELECT at < lag(at) OVER (ORDER BY place) AS falls
        FROM unnest(ARRAY[{", ".join(f"a.{stamp}" for stamp in STAMP_ORDER)}]) WITH ORDINALITY AS t(at, place)
        WHERE at IS NOT NULL) s
    WHERE s.falls OR a.collected_at < a.issued_at
    GROUP BY a.number
"""  # noqa: S608  the columns are the charter's
NO_SIGN_OFF_NO_CARD = """
    SELECT a.number FROM applications_application a
    WHERE a.state IN ('ISSUED', 'COLLECTED', 'ACTIVATED') AND NOT a.is_imported AND (
        a.taken_in_at IS NULL OR a.received_at IS NULL OR a.checked_at IS NULL OR a.entered_at IS NULL
        OR a.filed_at IS NULL OR a.issued_at IS NULL
        OR 4 > (SELECT count(*) FROM applications_performer p WHERE p.application_id = a.id
                AND p.employee_id IS NOT NULL AND p.role IN ('COLLECTOR', 'CREDIT_CHECK', 'ENTRY', 'TRACKER')))
"""

# --- 4: the paper ----------------------------------------------------------------------------------------------------
ONE_OPEN_BAG = """
    SELECT a.number FROM applications_bagitem i JOIN applications_application a ON a.id = i.application_id
    WHERE i.fate = 'PACKED' GROUP BY a.number HAVING count(*) > 1
"""
BAGGED_FILES_ACCOUNTED_FOR = f"""
    SELECT a.number FROM applications_bagitem i
    JOIN applications_bag b ON b.id = i.bag_id
    JOIN applications_application a ON a.id = i.application_id
    WHERE i.kind IN ('FILE', 'SUPPLEMENT') AND (
        (b.state = 'HANDED_OVER' AND (i.fate <> 'PACKED'
            OR a.state NOT IN ('IN_TRANSIT', {_listed(State.WITHDRAWN, State.EXPIRED)})))
        OR (b.state IN ('RECEIVED', 'RECONCILED', 'DISCREPANCY') AND i.fate = 'PACKED')
        OR (i.fate = 'MISSING' AND NOT EXISTS (
            SELECT FROM applications_bagincident n WHERE n.bag_id = b.id AND n.application_id = a.id)))
    UNION
    SELECT a.number FROM applications_application a
    WHERE a.state = 'IN_TRANSIT' AND NOT a.is_imported AND NOT EXISTS (
        SELECT FROM applications_bagitem i JOIN applications_bag b ON b.id = i.bag_id
        WHERE i.application_id = a.id AND i.fate IN ('PACKED', 'MISSING')
          AND b.state IN ('HANDED_OVER', 'DISCREPANCY', 'RECONCILED'))
"""  # noqa: S608  the states are the charter's

# --- 5: the people ---------------------------------------------------------------------------------------------------
TWO_PEOPLE_KEY = """
    SELECT a.number FROM applications_performer f
    JOIN applications_performer s ON s.application_id = f.application_id AND s.role = 'ENTRY_2ND'
    JOIN applications_application a ON a.id = f.application_id
    WHERE f.role = 'ENTRY' AND f.employee_id = s.employee_id
    UNION
    SELECT a.number FROM applications_event v
    JOIN applications_application a ON a.id = v.application_id
    WHERE v.step = 'verify' AND v.actor_id = (
        SELECT k.actor_id FROM applications_event k
        WHERE k.application_id = v.application_id AND k.step = 'submit-entry' AND k.seq < v.seq
        ORDER BY k.seq DESC LIMIT 1)
"""
OUTSOURCED_ONLY_KEY = """
    SELECT a.number FROM applications_performer p
    JOIN organization_employee w ON w.id = p.employee_id AND w.employment = 'OUTSOURCED'
    JOIN applications_application a ON a.id = p.application_id
    WHERE p.role IN ('REFERRER', 'COLLECTOR', 'CREDIT_CHECK', 'AFTER_SALES')
    UNION
    SELECT a.number FROM applications_application a
    JOIN organization_employee w ON w.id IN (a.referrer_id, a.collector_id) AND w.employment = 'OUTSOURCED'
"""

# What was done before the case was known is nobody's fault; who came to the case later is relieved by the next watch.
COMPLAINTS_BY_NOBODY_CONCERNED = """
    SELECT c.number FROM supervision_complaint c
    JOIN applications_application a ON a.id = c.application_id
    JOIN supervision_complaintevent v ON v.complaint_id = c.id AND v.act NOT IN ('OPEN', 'ASSIGN')
    WHERE (v.by_id = a.referrer_id
           OR EXISTS (SELECT FROM applications_performer p
                      WHERE p.application_id = a.id AND p.employee_id = v.by_id AND p.at < v.at))
      AND NOT EXISTS (SELECT FROM supervision_complaintevent l
                      WHERE l.complaint_id = c.id AND l.act = 'LINK' AND l.id > v.id)
    UNION
    SELECT c.number FROM supervision_complaint c
    JOIN applications_performer p ON p.application_id = c.application_id AND p.employee_id = c.handler_id
    WHERE c.closed_at IS NULL
      AND p.at < (SELECT max(started_at) FROM organization_jobrun
                  WHERE name = 'complaints' AND error = '' AND ended_at IS NOT NULL)
"""

# --- 6: problems and pauses ------------------------------------------------------------------------------------------
PROBLEM_HAS_ONE_ITEM = """
    SELECT a.number FROM applications_application a
    LEFT JOIN applications_problemitem p ON p.application_id = a.id AND p.closed_at IS NULL
    WHERE (a.state = 'PROBLEM') <> (p.id IS NOT NULL)
    UNION
    SELECT a.number FROM applications_application a
    JOIN applications_problemitem p ON p.application_id = a.id AND p.closed_at IS NULL
    GROUP BY a.number HAVING count(*) > 1
"""
PAUSED_FOR_A_REASON = """
    SELECT a.number FROM applications_caseclock c
    JOIN applications_application a ON a.id = c.application_id
    LEFT JOIN applications_clockpolicy k ON k.id = c.policy_id
    LEFT JOIN applications_clockinterval u ON u.clock_id = c.id AND u.until IS NULL AND u.pause <> ''
    LEFT JOIN applications_problemitem p
           ON p.application_id = a.id AND p.closed_at IS NULL AND p.party <> 'CENTER'
    WHERE (c.paused_at IS NULL) <> (u.id IS NULL) OR c.paused_at <> u.since
       OR (c.paused_at IS NOT NULL AND u.pause <> 'OUTAGE' AND u.pause IS DISTINCT FROM p.party)
       OR (c.stopped_at IS NULL AND c.paused_at IS NULL AND c.started_at < p.raised_at
           AND coalesce(k.pauses_for ? p.party, TRUE))
    GROUP BY a.number
"""

# Rows in the order of what they tell: what has no length comes before what begins with it.
INTERVALS_WITHOUT_A_GAP = """
    SELECT a.number FROM applications_caseclock c
    JOIN applications_application a ON a.id = c.application_id
    LEFT JOIN (SELECT clock_id, since, until, lag(until) OVER told AS before, lag(id) OVER told IS NULL AS is_first,
                      lead(id) OVER told IS NULL AS is_last
               FROM applications_clockinterval
               WINDOW told AS (PARTITION BY clock_id ORDER BY since, until, id)) i ON i.clock_id = c.id
    WHERE i.clock_id IS NULL OR (i.is_first AND i.since <> c.started_at)
       OR (NOT i.is_first AND i.since IS DISTINCT FROM i.before)
       OR (i.is_last AND i.until IS DISTINCT FROM c.stopped_at)
    GROUP BY a.number
"""
HELD_BY_OUTAGES_THAT_LAST = """
    SELECT a.number FROM applications_clockinterval i
    JOIN applications_caseclock c ON c.id = i.clock_id
    JOIN applications_application a ON a.id = c.application_id
    WHERE i.until IS NULL AND i.pause = 'OUTAGE'
      AND NOT EXISTS (SELECT FROM applications_outage o
                      WHERE o.settled_at IS NULL AND o.since <= i.since AND o.until > i.since)
    GROUP BY a.number
"""
# Between two rows a case may have been ended and reopened; else one begins where the other ends.
CUSTODY_WITHOUT_A_GAP = f"""
    SELECT a.number FROM applications_application a
    LEFT JOIN applications_custody u ON u.application_id = a.id AND u.until IS NULL
    WHERE NOT a.is_imported AND (u.id IS NULL) <> (a.state IN ({_listed(*sorted(FINISHED))}))
    UNION
    SELECT a.number FROM (
        SELECT application_id, since, lag(until) OVER told AS before, lag(id) OVER told IS NULL AS is_first
        FROM applications_custody WINDOW told AS (PARTITION BY application_id ORDER BY since, until, id)) u
    JOIN applications_application a ON a.id = u.application_id
    WHERE NOT u.is_first AND u.since IS DISTINCT FROM u.before
      AND NOT EXISTS (SELECT FROM applications_event v
                      WHERE v.application_id = a.id AND v.step = 'reopen' AND v.at = u.since)
"""  # noqa: S608  the states are the charter's


def intervals_that_do_not_add_up() -> Iterator[str]:
    """Cases with a run whose intervals do not add up to the minutes from its start to its stop. What had stopped before
    the calendar was corrected last keeps the minutes of its time."""
    corrected = CalendarChange.objects.aggregate(last=Max("approved_at"))["last"]
    runs = CaseClock.objects.filter(stopped_at__isnull=False, policy__isnull=False).exclude(kind__in=BY_THE_BRANCH)
    if corrected is not None:
        runs = runs.filter(stopped_at__gt=corrected)
    paused = ClockInterval.objects.exclude(pause="").filter(clock=OuterRef("pk"))
    rows = runs.filter(Exists(paused)).annotate(measured=Sum("intervals__minutes"))
    calendar = working_calendar()
    for number, started, stopped, mode, measured in rows.values_list(
        "application__number", "started_at", "stopped_at", "policy__mode", "measured"
    ).iterator(chunk_size=5000):
        if stopped is not None and minutes_between(started, stopped, Mode(mode), calendar) != measured:
            yield number


# --- 8 and around: the clocks ----------------------------------------------------------------------------------------
ONE_BREACH_PER_CLOCK = """
    SELECT a.number FROM supervision_breach b
    JOIN applications_caseclock c ON c.id = b.clock_id
    JOIN applications_application a ON a.id = c.application_id
    GROUP BY a.number, c.kind, c.round, c.run HAVING count(*) > 1
    UNION
    SELECT a.number FROM supervision_breach b JOIN applications_application a ON a.id = b.application_id
    JOIN applications_caseclock c ON c.id = b.clock_id WHERE c.application_id <> b.application_id
"""
LATE_CLOCKS_HAVE_BREACHES = f"""
    SELECT a.number FROM applications_caseclock c
    JOIN applications_application a ON a.id = c.application_id AND NOT a.is_imported
    WHERE c.outcome IN ({_listed(*LATE_OUTCOMES)}) AND c.stopped_at > c.due_at
      AND NOT EXISTS (SELECT FROM supervision_breach b WHERE b.clock_id = c.id)
      AND c.stopped_at <= (SELECT max(started_at) FROM organization_jobrun
                           WHERE name = 'breaches-all' AND error = '' AND ended_at IS NOT NULL)
    GROUP BY a.number
"""  # noqa: S608  the outcomes are the charter's
DUE_IS_THE_EARLIEST_CLOCKS = f"""
    SELECT a.number FROM applications_application a
    LEFT JOIN (SELECT application_id, min(due_at) AS due_at FROM applications_caseclock
               WHERE stopped_at IS NULL AND paused_at IS NULL GROUP BY 1) c ON c.application_id = a.id
    WHERE a.due_at IS DISTINCT FROM CASE WHEN a.state IN ({_listed(*sorted(FINISHED))}) THEN NULL ELSE c.due_at END
"""  # noqa: S608  the states are the charter's


# --- what the boards have counted ------------------------------------------------------------------------------------
# Rows that add up, and what a recount finds taken away: nothing is left. Each is one statement, so it sees one moment.
FUNNEL_ADDS_UP = f"""
    SELECT DISTINCT to_char(n.month, 'YYYY-MM ') || coalesce(b.code, '-')
    FROM (
        SELECT month, branch_id, host_branch_id, is_referred, is_taken_in, is_entered, is_issued, is_activated,
               is_returned, ended_as, cases
        FROM supervision_casecount
        UNION ALL
        SELECT date_trunc('month', created_at AT TIME ZONE 'Asia/Shanghai')::date, branch_id, host_branch_id,
               referred_at IS NOT NULL, taken_in_at IS NOT NULL, entered_at IS NOT NULL, issued_at IS NOT NULL,
               activated_at IS NOT NULL, round > 1,
               CASE WHEN state IN ({_listed(*sorted(FINISHED))}) THEN state ELSE '' END, -1
        FROM applications_application
    ) n LEFT JOIN organization_branch b ON b.id = n.branch_id
    GROUP BY n.month, b.code, n.host_branch_id, n.is_referred, n.is_taken_in, n.is_entered, n.is_issued, n.is_activated,
             n.is_returned, n.ended_as
    HAVING sum(n.cases) <> 0
"""  # noqa: S608  the states are the charter's
BREACHES_ADD_UP = """
    SELECT n.day FROM (
        SELECT day, breaches FROM supervision_breachcount
        UNION ALL
        SELECT (due_at AT TIME ZONE 'Asia/Shanghai')::date, -1 FROM supervision_breach
    ) n GROUP BY n.day HAVING sum(n.breaches) <> 0
"""
WORK_ADDS_UP = f"""
    SELECT n.day || ' ' || n.step || ' ' || coalesce(p.number, '-')
    FROM (
        SELECT day, step, actor_id, pieces FROM supervision_workcount
        UNION ALL
        SELECT e.day, e.step, e.actor_id, -1
        FROM (SELECT DISTINCT (at AT TIME ZONE 'Asia/Shanghai')::date AS day, step, actor_id, application_id
              FROM applications_event WHERE step IN ({_listed(*chain.from_iterable(FINISHES.values()))})) e
        JOIN applications_application a ON a.id = e.application_id AND NOT a.is_imported
    ) n LEFT JOIN organization_employee p ON p.id = n.actor_id
    GROUP BY n.day, n.step, p.number HAVING sum(n.pieces) <> 0
"""  # noqa: S608  the steps are the charter's
DELAYS_ADD_UP = """
    SELECT DISTINCT n.day || ' ' || n.kind FROM (
        SELECT day, kind, holder, person_id, branch_id, minutes FROM supervision_delaycount
        UNION ALL
        SELECT day, kind, holder, person_id, branch_id, -minutes FROM supervision_breachcharge
    ) n GROUP BY n.day, n.kind, n.holder, n.person_id, n.branch_id HAVING sum(n.minutes) <> 0
"""
# A day in the queue is read from its clocks; every other day with a clock that stopped has its figures. Those of
# branches and people are compared by their sum and by that of their keys, which tells when one has what is another's.
DAYS_AS_COUNTED = f"""
    SELECT DISTINCT n.day || ' ' || n.kind FROM (
        SELECT day, kind, outcome, scope, sum(clocks) AS clocks, sum(clocks * key) AS keys, sum(first_pass) AS passes,
               sum(imported) AS old
        FROM supervision_dayfigure GROUP BY 1, 2, 3, 4
        UNION ALL
        SELECT c.day, c.kind, c.outcome, s.scope, -s.clocks, -s.keys, -s.passes, -s.old
        FROM (SELECT c.day, c.kind, c.outcome, count(*) AS clocks, sum(c.branch_id) AS branches,
                     count(c.owner_id) AS owned, coalesce(sum(c.owner_id), 0) AS owners,
                     count(*) FILTER (WHERE c.unspoilt) AS passes,
                     count(c.owner_id) FILTER (WHERE c.unspoilt) AS owned_passes,
                     count(*) FILTER (WHERE c.is_imported) AS old,
                     count(c.owner_id) FILTER (WHERE c.is_imported) AS owned_old
              FROM (SELECT (c.stopped_at AT TIME ZONE 'Asia/Shanghai')::date AS day, c.kind, c.outcome, c.owner_id,
                           coalesce(a.branch_id, 0) AS branch_id, a.is_imported, {UNSPOILT} AS unspoilt
                    FROM applications_caseclock c {OF_THE_CASE}
                    WHERE c.stopped_at IS NOT NULL AND c.outcome <> 'VOID') c
              GROUP BY 1, 2, 3) c
        CROSS JOIN LATERAL (VALUES ('BANK', clocks, 0, passes, old), ('BRANCH', clocks, branches, passes, old),
                                   ('PERSON', owned, owners, owned_passes, owned_old)
        ) s(scope, clocks, keys, passes, old)
    ) n WHERE NOT EXISTS (SELECT FROM supervision_touchedday t WHERE t.day = n.day)
    GROUP BY n.day, n.kind, n.outcome, n.scope
    HAVING sum(n.clocks) <> 0 OR sum(n.keys) <> 0 OR sum(n.passes) <> 0 OR sum(n.old) <> 0
"""  # noqa: S608  the rule of a first pass is the boards'


# --- the chains ------------------------------------------------------------------------------------------------------
def broken_histories() -> Iterator[str]:
    """Cases whose events do not follow from each other, or whose last link is not the head kept on the case."""
    rows = (
        Event.objects.order_by("application_id", "seq")
        .values_list(
            "application_id", "application__number", "application__event_digest", "seq", "step", "from_state",
            "to_state", "actor__number", "at", "round", "note", "facts", "digest",
        )
        .iterator(chunk_size=5000)
    )  # fmt: skip
    case, number, link, head, whole = None, "", GENESIS, GENESIS, True
    for pk, of, kept, seq, step, from_state, to_state, actor, at, round_no, note, facts, digest in rows:
        if pk != case:
            if not whole or link != head:
                yield number
            case, number, link, head, whole = pk, of, GENESIS, bytes(kept), True
        link = digest_of(
            link, number=of, seq=seq, step=step, from_state=from_state, to_state=to_state, actor=actor, at=at,
            round=round_no, note=note, facts=facts,
        )  # fmt: skip
        whole = whole and link == bytes(digest)
    if not whole or link != head:
        yield number


def broken_seals() -> Iterator[str]:
    """Seals whose digest is not that of the heads in their span any more: a history rewritten with its head."""
    kept = list(AuditRecord.objects.filter(action=seals.ACTION).order_by("id"))
    ends = [datetime.fromisoformat(seal.facts["until"]) for seal in kept]
    if not ends:
        return
    heads: list[dict[str, seals.Head]] = [{} for _seal in kept]
    rows = (
        Event.objects.filter(recorded_at__lt=ends[-1])
        .order_by("application_id", "seq")
        .values_list("application__number", "seq", "digest", "recorded_at")
        .iterator(chunk_size=5000)
    )
    for number, seq, digest, recorded_at in rows:
        heads[bisect_right(ends, recorded_at)][number] = (number, seq, bytes(digest))
    for seal, found in zip(kept, heads, strict=True):
        if seals.digest_of_heads(found.values()).hex() != seal.facts["digest"]:
            yield f"seal {seal.pk}"


def broken_audit() -> Iterator[str]:
    """Records of the audit chain that do not follow from the record before."""
    return (f"audit record {pk}" for pk in broken_links())


CHECKS: tuple[Check, ...] = (
    Check("1", "shares-are-the-bounty", _asking(SHARES_ARE_THE_BOUNTY)),
    Check("2", "no-share-before-activation", _asking(NO_SHARE_BEFORE_ACTIVATION)),
    Check("2", "one-set-of-shares", _asking(ONE_SET_OF_SHARES)),
    Check("2", "every-activation-has-its-verdict", _asking(EVERY_ACTIVATION_HAS_ITS_VERDICT)),
    Check("2", "verdict-in-ten-minutes", _asking(VERDICT_IN_TEN_MINUTES)),
    Check("2", "mirrors-equal-their-lines", _asking(MIRRORS_EQUAL_THEIR_LINES)),
    Check("2", "clawed-back-at-most-all", _asking(CLAWED_BACK_AT_MOST_ALL)),
    Check("2", "caps-add-up", _asking(CAPS_ADD_UP)),
    Check("money", "timeliness-as-judged", _asking(TIMELINESS_AS_JUDGED)),
    Check("3", "state-is-the-last-events", _asking(STATE_IS_THE_LAST_EVENTS)),
    Check("3", "history-has-no-gap", _asking(HISTORY_HAS_NO_GAP)),
    Check("3", "stamps-in-order", _asking(STAMPS_IN_ORDER)),
    Check("3", "no-sign-off-no-card", _asking(NO_SIGN_OFF_NO_CARD)),
    Check("4", "one-open-bag", _asking(ONE_OPEN_BAG)),
    Check("4", "bagged-files-accounted-for", _asking(BAGGED_FILES_ACCOUNTED_FOR)),
    Check("5", "two-people-key", _asking(TWO_PEOPLE_KEY)),
    Check("5", "outsourced-only-key", _asking(OUTSOURCED_ONLY_KEY)),
    Check("5", "complaints-by-nobody-concerned", _asking(COMPLAINTS_BY_NOBODY_CONCERNED)),
    Check("6", "problem-has-one-item", _asking(PROBLEM_HAS_ONE_ITEM)),
    Check("6", "paused-for-a-reason", _asking(PAUSED_FOR_A_REASON)),
    Check("6", "intervals-without-a-gap", _asking(INTERVALS_WITHOUT_A_GAP)),
    Check("6", "intervals-add-up", intervals_that_do_not_add_up),
    Check("6", "held-by-outages-that-last", _asking(HELD_BY_OUTAGES_THAT_LAST)),
    Check("6", "custody-without-a-gap", _asking(CUSTODY_WITHOUT_A_GAP)),
    Check("7", "confirmations-add-up", _asking(CONFIRMATIONS_ADD_UP)),
    Check("7", "payouts-add-up", _asking(PAYOUTS_ADD_UP)),
    Check("7", "balances-add-up", _asking(BALANCES_ADD_UP)),
    Check("7", "files-as-they-left", _asking(FILES_AS_THEY_LEFT)),
    Check("money", "asked-for-and-decided", _asking(ASKED_FOR_AND_DECIDED)),
    Check("money", "certified-by-another", _asking(CERTIFIED_BY_ANOTHER)),
    Check("money", "certified-what-was-payable", _asking(CERTIFIED_WHAT_WAS_PAYABLE)),
    Check("money", "exported-by-another", _asking(EXPORTED_BY_ANOTHER)),
    Check("money", "exported-what-was-payable", _asking(EXPORTED_WHAT_WAS_PAYABLE)),
    Check("money", "prices-by-two-people", _asking(PRICES_BY_TWO_PEOPLE)),
    Check("8", "one-breach-per-clock", _asking(ONE_BREACH_PER_CLOCK)),
    Check("8", "late-clocks-have-breaches", _asking(LATE_CLOCKS_HAVE_BREACHES)),
    Check("8", "due-is-the-earliest-clocks", _asking(DUE_IS_THE_EARLIEST_CLOCKS)),
    Check("board", "funnel-adds-up", _asking(FUNNEL_ADDS_UP)),
    Check("board", "breaches-add-up", _asking(BREACHES_ADD_UP)),
    Check("board", "work-adds-up", _asking(WORK_ADDS_UP)),
    Check("board", "delays-add-up", _asking(DELAYS_ADD_UP)),
    Check("board", "days-as-counted", _asking(DAYS_AS_COUNTED, returned=[str(outcome) for outcome in RETURNED])),
    Check("chain", "event-chains", broken_histories),
    Check("chain", "seals", broken_seals),
    Check("chain", "audit-chain", broken_audit),
)
