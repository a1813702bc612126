"""What is approved by two people stays as they approved it, and nothing is approved for a day that has begun."""

from django.db import migrations

NO_TRUNCATE = (
    "CREATE TRIGGER {0}_no_truncate BEFORE TRUNCATE ON {0} FOR EACH STATEMENT "
    "WHEN (current_setting('ops.may_truncate', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION ops_refuse_rewrite()"
)

# A draft is decided once; beside its decision nothing of it changes. What day it is says the newest record of the audit
# chain too: the application's own clock, which a row that names a time of its own cannot move.
DECIDED = """
CREATE FUNCTION ops_version_decided() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    decision text[] := '{status,approved_by_id,approved_at,moved}';
    starts_on date := to_jsonb(NEW)->>'starts_on';
    today date;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'DRAFT' AND NEW.drafted_by_id IS NOT NULL THEN
            RAISE EXCEPTION 'row % of % does not begin as a draft', NEW.id, TG_TABLE_NAME
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.status <> 'DRAFT' OR (to_jsonb(OLD) - decision) IS DISTINCT FROM (to_jsonb(NEW) - decision) THEN
        RAISE EXCEPTION 'row % of % is never changed', OLD.id, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.status = 'APPROVED' AND starts_on IS NOT NULL THEN
        SELECT (greatest(NEW.approved_at, at) AT TIME ZONE 'Asia/Shanghai')::date INTO today
        FROM organization_auditrecord ORDER BY id DESC LIMIT 1;
        IF today IS NULL OR starts_on <= today THEN
            RAISE EXCEPTION 'row % of % is approved for a day that is not ahead', NEW.id, TG_TABLE_NAME
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$
"""


def decided_once(table: str) -> list[migrations.RunSQL]:
    """The guards of a table of versions, with their reverse."""
    return [
        migrations.RunSQL(
            f"CREATE TRIGGER {table}_decided BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW "
            "EXECUTE FUNCTION ops_version_decided()",
            f"DROP TRIGGER {table}_decided ON {table}",
        ),
        migrations.RunSQL(
            f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION ops_refuse_rewrite()",
            f"DROP TRIGGER {table}_kept ON {table}",
        ),
        migrations.RunSQL(NO_TRUNCATE.format(table), f"DROP TRIGGER {table}_no_truncate ON {table}"),
    ]


class Migration(migrations.Migration):
    dependencies = [("organization", "0003_oversight")]

    operations = [
        migrations.RunSQL(DECIDED, "DROP FUNCTION ops_version_decided()"),
        *decided_once("organization_branchtimes"),
        *decided_once("organization_calendarchange"),
        *decided_once("organization_messagetemplate"),
    ]
