"""The database as the last guardian of the money: what stays as it was written, and what has to add up."""

from importlib import import_module

from django.db import migrations

guard = import_module("organization.migrations.0002_append_only").guard

APPEND_ONLY = (
    "incentives_splitshare",
    "incentives_assessment",
    "incentives_rewardentry",
    "incentives_registration",
    "incentives_payoutline",
    "incentives_payoutfile",
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

# The shares of a case are its bounty. Entries come in statements that leave each case whole (all shares at once, a
# release as a pair), so that one look per statement is enough and a hundred thousand cases cost one query. An
# assessment without its entries is found when the transaction ends.
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
    RETURN NULL;
END $$;

CREATE FUNCTION incentives_assessment_whole() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.bounty_fen <> (SELECT coalesce(sum(e.amount_fen), 0) FROM incentives_rewardentry e
                          WHERE e.assessment_id = NEW.application_id AND e.kind = 'SPLIT') THEN
        RAISE EXCEPTION 'the shares of case % are not its bounty', NEW.application_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

# A document is locked once it has left DRAFT. It becomes CONFIRMED only with the right total, and by somebody who
# neither registered one of its cases nor is a payee of one.
CONFIRMATION = """
CREATE FUNCTION incentives_confirmation_locked() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'DRAFT' THEN
        RAISE EXCEPTION 'confirmation % is locked', OLD.no USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.state <> 'CONFIRMED' THEN
        RETURN NEW;
    END IF;
    IF NEW.total_fen <> (SELECT coalesce(sum(e.amount_fen), 0) FROM incentives_confirmationline l
                         JOIN incentives_rewardentry e ON e.id = l.entry_id WHERE l.confirmation_id = NEW.id) THEN
        RAISE EXCEPTION 'the total of confirmation % is not the sum of its entries', NEW.no
            USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM incentives_confirmationline l
               JOIN incentives_rewardentry e ON e.id = l.entry_id
               JOIN incentives_registration r ON r.assessment_id = e.assessment_id
               WHERE l.confirmation_id = NEW.id AND r.by_id = NEW.certified_by_id)
       OR EXISTS (SELECT FROM incentives_confirmationline l
                  JOIN incentives_rewardentry e ON e.id = l.entry_id
                  JOIN incentives_rewardentry any_share ON any_share.assessment_id = e.assessment_id
                  WHERE l.confirmation_id = NEW.id AND any_share.payee_id = NEW.certified_by_id) THEN
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


def constraint(name: str, table: str) -> migrations.RunSQL:
    """A row trigger that waits for the end of the transaction."""
    return migrations.RunSQL(
        f"CREATE CONSTRAINT TRIGGER {table}_whole AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED "
        f"FOR EACH ROW EXECUTE FUNCTION {name}()",
        f"DROP TRIGGER {table}_whole ON {table}",
    )


def fixed(table: str, columns: str, *, refused_when: str = "FALSE") -> list[migrations.RunSQL]:
    """These columns of a row stay as they were inserted, and the row stays."""
    old, new = (", ".join(f"{side}.{column}" for column in columns.split()) for side in ("OLD", "NEW"))
    changed = f"{refused_when} OR ROW({old}) IS DISTINCT FROM ROW({new})"
    return [
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
        migrations.RunSQL(
            "CREATE TRIGGER incentives_rewardentry_whole AFTER INSERT ON incentives_rewardentry "
            "REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION incentives_entries_whole()",
            "DROP TRIGGER incentives_rewardentry_whole ON incentives_rewardentry",
        ),
        constraint("incentives_assessment_whole", "incentives_assessment"),
        migrations.RunSQL(
            CONFIRMATION,
            "DROP FUNCTION incentives_confirmation_locked(); DROP FUNCTION incentives_confirmationline_locked()",
        ),
        migrations.RunSQL(
            "CREATE TRIGGER incentives_confirmation_locked BEFORE UPDATE OR DELETE ON incentives_confirmation "
            "FOR EACH ROW EXECUTE FUNCTION incentives_confirmation_locked()",
            "DROP TRIGGER incentives_confirmation_locked ON incentives_confirmation",
        ),
        migrations.RunSQL(
            "CREATE TRIGGER incentives_confirmationline_locked BEFORE INSERT OR UPDATE OR DELETE "
            "ON incentives_confirmationline FOR EACH ROW EXECUTE FUNCTION incentives_confirmationline_locked()",
            "DROP TRIGGER incentives_confirmationline_locked ON incentives_confirmationline",
        ),
        *fixed("incentives_bounty", "product_id starts_on amount_fen drafted_by_id"),
        *fixed("incentives_splitpolicy", "number starts_on second_keyer_bp customer_mode customer_fen drafted_by_id"),
        *fixed(
            "incentives_payoutbatch",
            "made_by_id made_at confirmed_fen held_fen total_fen",
            refused_when="OLD.paid_on IS NOT NULL",
        ),
    ]
