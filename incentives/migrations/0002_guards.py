"""The database as the last guardian of the money: what stays as it was written, and what has to add up."""

from importlib import import_module

from django.db import migrations

guard = import_module("organization.migrations.0002_append_only").guard

APPEND_ONLY = (
    "incentives_splitshare",
    "incentives_assessment",
    "incentives_rewardentry",
    "incentives_registration",
    "incentives_confirmationpaper",
    "incentives_payoutfile",
    "incentives_payoutreturn",
    "incentives_payoutreturnrow",
    "incentives_penaltycap",
    "incentives_pricenotice",
    "incentives_readreceipt",
)

# Every path of a policy divides the whole: looked at when the transaction ends, because the shares come row by row.
POLICY_WHOLE = """
CREATE FUNCTION incentives_policy_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    policy bigint := CASE TG_TABLE_NAME WHEN 'incentives_splitpolicy' THEN to_jsonb(NEW)->>'id'
                                        ELSE to_jsonb(NEW)->>'policy_id' END;
    broken text;
BEGIN
    SELECT path INTO broken
    FROM unnest(ARRAY['A', 'B', 'C']) AS path
    WHERE 10000 <> (SELECT coalesce(sum(share_bp), 0) FROM incentives_splitshare s
                    WHERE s.policy_id = policy AND s.path = path.path)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'path % of split policy % does not sum to the whole', broken, policy
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

# The shares of a case are its bounty. Entries come in statements that leave each case whole (all shares at once, before
# their assessment; a release as a pair), and an assessment finds its shares there: one look per statement is enough,
# and a hundred thousand cases cost one query.
CASE_WHOLE = """
CREATE FUNCTION incentives_entries_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken bigint;
BEGIN
    SELECT a.application_id INTO broken
    FROM incentives_assessment a
    WHERE a.application_id IN (SELECT assessment_id FROM fresh WHERE kind = 'SPLIT')
      AND a.bounty_fen <> (SELECT coalesce(sum(e.amount_fen), 0) FROM incentives_rewardentry e
                           WHERE e.assessment_id = a.application_id AND e.kind = 'SPLIT')
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the shares of case % are not its bounty', broken USING ERRCODE = 'check_violation';
    END IF;
    SELECT f.id INTO broken
    FROM fresh f JOIN incentives_rewardentry e ON e.id = f.mirrors_id
    WHERE f.amount_fen <> -e.amount_fen OR f.assessment_id <> e.assessment_id OR f.role <> e.role
       OR f.payee_kind <> e.payee_kind OR f.payee_id IS DISTINCT FROM e.payee_id
       OR f.kind NOT IN (e.kind, 'REVERSAL')
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % does not mirror its line', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION incentives_assessment_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE broken bigint;
BEGIN
    SELECT f.application_id INTO broken FROM fresh f
    WHERE f.bounty_fen <> (SELECT coalesce(sum(e.amount_fen), 0) FROM incentives_rewardentry e
                           WHERE e.assessment_id = f.application_id AND e.kind = 'SPLIT')
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the shares of case % are not its bounty', broken USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

# A document begins as a draft and is locked once it has left DRAFT. It becomes CONFIRMED only with the right totals,
# with nothing on it that is held, undone, undecided, unregistered or without its stamps, and by somebody who neither
# registered one of its cases nor is a payee of one.
CONFIRMATION = """
CREATE FUNCTION incentives_confirmation_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'DRAFT' THEN
            RAISE EXCEPTION 'confirmation % does not begin as a draft', NEW.no USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.state <> 'DRAFT' THEN
        RAISE EXCEPTION 'confirmation % is locked', OLD.no USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state <> 'CONFIRMED' THEN
        RETURN NEW;
    END IF;
    IF (NEW.total_fen, NEW.entry_count, NEW.case_count)
       <> (SELECT coalesce(sum(e.amount_fen), 0), count(*), count(DISTINCT e.assessment_id)
           FROM incentives_confirmationline l JOIN incentives_rewardentry e ON e.id = l.entry_id
           WHERE l.confirmation_id = NEW.id) THEN
        RAISE EXCEPTION 'the total of confirmation % is not the sum of its entries', NEW.no
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM incentives_confirmationline l JOIN incentives_hold h ON h.entry_id = l.entry_id
               WHERE l.confirmation_id = NEW.id AND h.released_at IS NULL) THEN
        RAISE EXCEPTION 'an entry of confirmation % is held', NEW.no USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM incentives_confirmationline l
               JOIN incentives_rewardentry e ON e.id = l.entry_id
               JOIN applications_application a ON a.id = e.assessment_id
               LEFT JOIN incentives_registration r ON r.assessment_id = e.assessment_id
               LEFT JOIN incentives_rewardentry m ON m.mirrors_id = e.id
               LEFT JOIN incentives_payoutline p ON p.entry_id = e.mirrors_id AND NOT p.is_refused
               WHERE l.confirmation_id = NEW.id
                 AND (r.assessment_id IS NULL OR e.payee_kind = 'HELD' OR m.id IS NOT NULL
                      OR (e.mirrors_id IS NOT NULL AND (e.kind <> 'REVERSAL' OR p.id IS NULL))
                      OR a.taken_in_at IS NULL OR a.entered_at IS NULL OR a.issued_at IS NULL
                      OR (a.collected_at IS NULL
                          AND EXISTS (SELECT FROM incentives_rewardentry u
                                      LEFT JOIN incentives_rewardentry d ON d.mirrors_id = u.id
                                      WHERE u.assessment_id = a.id AND u.role = 'AFTER_SALES'
                                        AND u.payee_kind = 'HELD' AND u.mirrors_id IS NULL AND d.id IS NULL)))) THEN
        RAISE EXCEPTION 'an entry of confirmation % is not payable', NEW.no USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM (SELECT assessment_id FROM incentives_registration WHERE by_id = NEW.certified_by_id
                            UNION ALL
                            SELECT assessment_id FROM incentives_rewardentry WHERE payee_id = NEW.certified_by_id) own
               WHERE own.assessment_id IN (SELECT e.assessment_id FROM incentives_confirmationline l
                                           JOIN incentives_rewardentry e ON e.id = l.entry_id
                                           WHERE l.confirmation_id = NEW.id)) THEN
        RAISE EXCEPTION 'confirmation % is certified by one of its registrars or payees', NEW.no
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION incentives_confirmationline_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE document bigint := CASE TG_OP WHEN 'INSERT' THEN NEW.confirmation_id ELSE OLD.confirmation_id END;
BEGIN
    IF TG_OP = 'UPDATE' OR (SELECT state FROM incentives_confirmation WHERE id = document) <> 'DRAFT' THEN
        RAISE EXCEPTION 'the lines of confirmation % are locked', document USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""

# Rows of a document go one by one, under the guard above, or not at all.
NO_TRUNCATE = """
CREATE TRIGGER {0}_no_truncate BEFORE TRUNCATE ON {0} FOR EACH STATEMENT
    WHEN (current_setting('ops.may_truncate', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION ops_refuse_rewrite()
"""

# Every activation waits for a verdict from the moment of its event, whoever writes it. A bounty that the first spend
# earns is looked at again when that becomes known.
QUEUE = """
CREATE FUNCTION incentives_await_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO incentives_unassessedactivation (event_id, application_id, ripe_at)
    VALUES (NEW.id, NEW.application_id, NEW.at);
    RETURN NULL;
END $$;

CREATE FUNCTION incentives_spend_is_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE incentives_unassessedactivation SET ripe_at = least(ripe_at, NEW.first_spend_at)
    WHERE application_id = NEW.id;
    RETURN NULL;
END $$;

CREATE TRIGGER incentives_await_verdict AFTER INSERT ON applications_event
    FOR EACH ROW WHEN (NEW.step = 'activate') EXECUTE FUNCTION incentives_await_verdict();
CREATE TRIGGER incentives_spend_is_known AFTER UPDATE OF first_spend_at ON applications_application
    FOR EACH ROW WHEN (OLD.first_spend_at IS NULL AND NEW.first_spend_at IS NOT NULL)
    EXECUTE FUNCTION incentives_spend_is_known()
"""
DROP_QUEUE = """
DROP TRIGGER incentives_await_verdict ON applications_event;
DROP TRIGGER incentives_spend_is_known ON applications_application;
DROP FUNCTION incentives_await_verdict();
DROP FUNCTION incentives_spend_is_known()
"""

# Nobody decides about money of his own: neither a payee of the case, nor (check constraints) who asked. What is asked
# is open first; one decision is all that is ever added.
REQUESTS = """
CREATE FUNCTION incentives_request_decided() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    concerned bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'OPEN' THEN
            RAISE EXCEPTION 'a request of % does not begin as decided', TG_TABLE_NAME USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.state <> 'OPEN' THEN
        RAISE EXCEPTION 'request % of % has been decided', OLD.id, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state = 'OPEN' THEN
        RETURN NEW;
    END IF;
    concerned := CASE TG_TABLE_NAME
        WHEN 'incentives_dispute' THEN
            (SELECT assessment_id FROM incentives_rewardentry WHERE id = (to_jsonb(NEW)->>'entry_id')::bigint)
        ELSE (to_jsonb(NEW)->>'assessment_id')::bigint END;
    IF EXISTS (SELECT FROM incentives_rewardentry WHERE assessment_id = concerned AND payee_id = NEW.decided_by_id) THEN
        RAISE EXCEPTION 'request % of % is decided by a payee of its case', NEW.id, TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""

# What is written because somebody asked for it stands behind an approved request of the same case, person and amount:
# looked at when the transaction ends, because the request names its entry.
ASKED = """
CREATE FUNCTION incentives_entry_was_asked_for() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (CASE NEW.kind
        WHEN 'ADJUSTMENT' THEN EXISTS (
            SELECT FROM incentives_adjustment r
            WHERE r.entry_id = NEW.id AND r.state = 'APPROVED' AND r.assessment_id = NEW.assessment_id
              AND r.payee_id = NEW.payee_id AND r.role = NEW.role AND r.amount_fen = NEW.amount_fen)
        WHEN 'CROSS_SELL' THEN EXISTS (
            SELECT FROM incentives_crosssell r
            JOIN incentives_assessment s ON s.application_id = r.assessment_id
            JOIN incentives_splitpolicy p ON p.id = s.policy_id AND p.cross_sell_fen = NEW.amount_fen
            WHERE r.entry_id = NEW.id AND r.state = 'APPROVED' AND r.assessment_id = NEW.assessment_id
              AND r.asked_by_id = NEW.payee_id)
        ELSE EXISTS (
            SELECT FROM incentives_reversal r
            WHERE r.assessment_id = NEW.assessment_id AND r.state = 'APPROVED' AND r.decided_at = NEW.at
              AND r.ground = NEW.why AND (r.payee_id IS NULL OR r.payee_id = NEW.payee_id))
    END) THEN
        RAISE EXCEPTION 'no approved request stands behind entry %', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER incentives_entry_was_asked_for AFTER INSERT ON incentives_rewardentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind = 'REVERSAL' OR (NEW.kind IN ('ADJUSTMENT', 'CROSS_SELL') AND NEW.mirrors_id IS NULL))
    EXECUTE FUNCTION incentives_entry_was_asked_for()
"""
DROP_ASKED = """
DROP TRIGGER incentives_entry_was_asked_for ON incentives_rewardentry;
DROP FUNCTION incentives_entry_was_asked_for()
"""

# Nobody puts a hold on money of his own, nor takes one off.
HOLD = """
CREATE FUNCTION incentives_hold_by_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM incentives_rewardentry
               WHERE id = NEW.entry_id AND payee_id IN (NEW.by_id, NEW.released_by_id)) THEN
        RAISE EXCEPTION 'a hold of entry % is put on or released by its payee', NEW.entry_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

# Maker, checker and exporter are different people.
EXPORT = """
CREATE FUNCTION incentives_exporter_is_another() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT made_by_id FROM incentives_payoutbatch WHERE id = NEW.payoutbatch_id)
        = (SELECT certified_by_id FROM incentives_confirmation WHERE id = NEW.confirmation_id) THEN
        RAISE EXCEPTION 'batch % is exported by who certified it', NEW.payoutbatch_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

# What is approved was drafted before, is ahead of the work and announced, and a pilot says where; two pilots of one day
# do not meet in a branch. What day it is says the newest record of the audit chain too: the application's own clock,
# which a demo moves, and which a row that names a time of its own cannot.
APPROVAL = """
CREATE FUNCTION incentives_policy_approved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    key text := replace(TG_TABLE_NAME, 'incentives_', '') || '_id';
    covers bigint[];
    clash bigint;
    today date;
BEGIN
    IF TG_OP = 'INSERT' THEN
        RAISE EXCEPTION 'version % of % does not begin as a draft', NEW.id, TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT (greatest(NEW.approved_at, at) AT TIME ZONE 'Asia/Shanghai')::date INTO today
    FROM organization_auditrecord ORDER BY id DESC LIMIT 1;
    EXECUTE format(
        'SELECT coalesce(array_agg(branch_id), ''{}'') FROM %I WHERE %I = $1', TG_TABLE_NAME || '_branches', key
    ) INTO covers USING NEW.id;
    IF today IS NULL OR NEW.starts_on <= today THEN
        RAISE EXCEPTION 'version % of % is approved for a day that is not ahead', NEW.id, TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    ELSIF NEW.is_pilot <> (cardinality(covers) > 0) THEN
        RAISE EXCEPTION 'a pilot, and only a pilot, names its branches: version % of %', NEW.id, TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    END IF;
    EXECUTE format(
        'SELECT v.id FROM %1$I v JOIN %2$I l ON l.%3$I = v.id WHERE v.status = ''APPROVED'' AND v.id <> $1 '
        'AND v.starts_on = $2 AND l.branch_id = ANY($3) '
        'AND to_jsonb(v)->>''product_id'' IS NOT DISTINCT FROM $4 LIMIT 1',
        TG_TABLE_NAME, TG_TABLE_NAME || '_branches', key
    ) INTO clash USING NEW.id, NEW.starts_on, covers, to_jsonb(NEW)->>'product_id';
    IF clash IS NOT NULL THEN
        RAISE EXCEPTION 'versions % and % of % meet in a branch', NEW.id, clash, TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

# Looked at when the transaction ends: the notice follows the approval.
ANNOUNCED = """
CREATE FUNCTION incentives_policy_announced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM incentives_pricenotice
                   WHERE CASE TG_TABLE_NAME WHEN 'incentives_bounty' THEN bounty_id ELSE policy_id END = NEW.id
                     AND published_at = NEW.approved_at) THEN
        RAISE EXCEPTION 'version % of % is approved without a price notice', NEW.id, TG_TABLE_NAME
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

# The branches of a pilot stay as they were approved.
PILOT = """
CREATE FUNCTION incentives_pilot_locked() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    link jsonb := CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
    status text := CASE TG_TABLE_NAME
        WHEN 'incentives_bounty_branches' THEN
            (SELECT b.status FROM incentives_bounty b WHERE b.id = (link->>'bounty_id')::bigint)
        ELSE (SELECT p.status FROM incentives_splitpolicy p WHERE p.id = (link->>'splitpolicy_id')::bigint) END;
BEGIN
    IF status <> 'DRAFT' THEN
        RAISE EXCEPTION 'the branches of an approved version are locked' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
REQUEST_TABLES = ("reversal", "adjustment", "crosssell", "dispute")
NO_TRUNCATE_TABLES = (
    "incentives_confirmationline",
    "incentives_confirmation_branches",
    "incentives_bounty",
    "incentives_splitpolicy",
    "incentives_hold",
    *(f"incentives_{table}" for table in REQUEST_TABLES),
)


def trigger(name: str, when: str, table: str, function: str = "") -> migrations.RunSQL:
    """A row trigger under this name."""
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {function or name}()",
        f"DROP TRIGGER {name} ON {table}",
    )


def constraint(name: str, table: str) -> migrations.RunSQL:
    """A row trigger that waits for the end of the transaction."""
    return migrations.RunSQL(
        f"CREATE CONSTRAINT TRIGGER {table}_whole AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED "
        f"FOR EACH ROW EXECUTE FUNCTION {name}()",
        f"DROP TRIGGER {table}_whole ON {table}",
    )


def after_insert(name: str, table: str) -> migrations.RunSQL:
    """A trigger that looks once at all rows of a statement."""
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_whole AFTER INSERT ON {table} REFERENCING NEW TABLE AS fresh "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
        f"DROP TRIGGER {table}_whole ON {table}",
    )


def fixed(table: str, columns: str, *, refused_when: str = "FALSE", keeps_rows: bool = True) -> list[migrations.RunSQL]:
    """These columns of a row stay as they were inserted, and the row stays (unless another trigger sees to that)."""
    old, new = (", ".join(f"{side}.{column}" for column in columns.split()) for side in ("OLD", "NEW"))
    changed = f"{refused_when} OR ROW({old}) IS DISTINCT FROM ROW({new})"
    guards = [
        migrations.RunSQL(
            f"CREATE TRIGGER {table}_fixed BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({changed}) "
            "EXECUTE FUNCTION ops_refuse_rewrite()",
            f"DROP TRIGGER {table}_fixed ON {table}",
        ),
        migrations.RunSQL(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION ops_refuse_rewrite()",
            f"DROP TRIGGER {table}_kept ON {table}",
        ),
    ]
    return guards if keeps_rows else guards[:1]


class Migration(migrations.Migration):
    dependencies = [("incentives", "0001_initial"), ("organization", "0002_append_only")]

    operations = [
        *(guard(table) for table in APPEND_ONLY),
        migrations.RunSQL(POLICY_WHOLE, "DROP FUNCTION incentives_policy_whole()"),
        constraint("incentives_policy_whole", "incentives_splitpolicy"),
        constraint("incentives_policy_whole", "incentives_splitshare"),
        migrations.RunSQL(
            CASE_WHOLE, "DROP FUNCTION incentives_entries_whole(); DROP FUNCTION incentives_assessment_whole()"
        ),
        after_insert("incentives_entries_whole", "incentives_rewardentry"),
        after_insert("incentives_assessment_whole", "incentives_assessment"),
        migrations.RunSQL(
            CONFIRMATION,
            "DROP FUNCTION incentives_confirmation_locked(); DROP FUNCTION incentives_confirmationline_locked()",
        ),
        trigger("incentives_confirmation_locked", "BEFORE INSERT OR UPDATE OR DELETE", "incentives_confirmation"),
        trigger(
            "incentives_confirmationline_locked", "BEFORE INSERT OR UPDATE OR DELETE", "incentives_confirmationline"
        ),
        trigger(
            "incentives_confirmation_scope_locked",
            "BEFORE INSERT OR UPDATE OR DELETE",
            "incentives_confirmation_branches",
            "incentives_confirmationline_locked",
        ),
        *(
            migrations.RunSQL(NO_TRUNCATE.format(table), f"DROP TRIGGER {table}_no_truncate ON {table}")
            for table in NO_TRUNCATE_TABLES
        ),
        migrations.RunSQL(QUEUE, DROP_QUEUE),
        migrations.RunSQL(REQUESTS, "DROP FUNCTION incentives_request_decided()"),
        *(
            trigger(
                f"incentives_{table}_decided",
                "BEFORE INSERT OR UPDATE OR DELETE",
                f"incentives_{table}",
                "incentives_request_decided",
            )
            for table in REQUEST_TABLES
        ),
        migrations.RunSQL(ASKED, DROP_ASKED),
        migrations.RunSQL(HOLD, "DROP FUNCTION incentives_hold_by_another()"),
        trigger("incentives_hold_by_another", "AFTER INSERT OR UPDATE", "incentives_hold"),
        migrations.RunSQL(EXPORT, "DROP FUNCTION incentives_exporter_is_another()"),
        trigger("incentives_exporter_is_another", "AFTER INSERT", "incentives_payoutbatch_confirmations"),
        migrations.RunSQL(APPROVAL, "DROP FUNCTION incentives_policy_approved()"),
        *(
            migrations.RunSQL(
                f"CREATE TRIGGER incentives_{table}_approved AFTER INSERT OR UPDATE OF status ON incentives_{table} "
                "FOR EACH ROW WHEN (NEW.status = 'APPROVED' AND NEW.drafted_by_id IS NOT NULL) "
                "EXECUTE FUNCTION incentives_policy_approved()",
                f"DROP TRIGGER incentives_{table}_approved ON incentives_{table}",
            )
            for table in ("bounty", "splitpolicy")
        ),
        migrations.RunSQL(ANNOUNCED, "DROP FUNCTION incentives_policy_announced()"),
        *(
            migrations.RunSQL(
                f"CREATE CONSTRAINT TRIGGER incentives_{table}_announced AFTER UPDATE ON incentives_{table} "
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
                "WHEN (NEW.status = 'APPROVED') EXECUTE FUNCTION incentives_policy_announced()",
                f"DROP TRIGGER incentives_{table}_announced ON incentives_{table}",
            )
            for table in ("bounty", "splitpolicy")
        ),
        migrations.RunSQL(PILOT, "DROP FUNCTION incentives_pilot_locked()"),
        *(
            trigger(
                f"incentives_{table}_pilot_locked",
                "BEFORE INSERT OR UPDATE OR DELETE",
                f"incentives_{table}_branches",
                "incentives_pilot_locked",
            )
            for table in ("bounty", "splitpolicy")
        ),
        *fixed(
            "incentives_bounty",
            "product_id starts_on amount_fen trigger spend_days is_pilot note drafted_by_id drafted_at",
            refused_when="OLD.status <> 'DRAFT'",
        ),
        *fixed(
            "incentives_splitpolicy",
            "number starts_on second_keyer_bp customer_mode customer_fen bonus_bp penalty_bp penalty_cap_bp "
            "cross_sell_fen reversal_days unused_days is_pilot note drafted_by_id drafted_at",
            refused_when="OLD.status <> 'DRAFT'",
        ),
        *fixed("incentives_hold", "entry_id cause reason by_id at", refused_when="OLD.released_at IS NOT NULL"),
        *fixed("incentives_reversal", "assessment_id ground payee_id asked_by_id asked_at reason", keeps_rows=False),
        *fixed(
            "incentives_adjustment",
            "assessment_id payee_id role amount_fen asked_by_id asked_at reason",
            keeps_rows=False,
        ),
        *fixed("incentives_crosssell", "assessment_id product asked_by_id asked_at reason", keeps_rows=False),
        *fixed("incentives_dispute", "entry_id due_at asked_by_id asked_at reason", keeps_rows=False),
        *fixed("incentives_payoutline", "batch_id entry_id sheet", refused_when="OLD.is_refused"),
        *fixed(
            "incentives_payoutbalance",
            "batch_id payee_id due_fen brought_fen paid_fen carried_fen",
            refused_when="OLD.fate <> 'OPEN'",
        ),
        *fixed(
            "incentives_payoutbatch",
            "made_by_id made_at confirmed_fen held_fen voided_fen total_fen",
            refused_when="OLD.paid_on IS NOT NULL",
        ),
    ]
