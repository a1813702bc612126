"""A day of the calendar is what two people have approved, or what came with the system; it is never taken out."""

from django.db import migrations

TABLE = "organization_calendarday"

# Looked at when the transaction ends: the days are laid down and the open clocks computed before the change is signed.
# A day that no change names came with the system, and may be added, never changed.
DECIDED = """
CREATE FUNCTION ops_calendar_day_decided() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    laid organization_calendarday;
    said record;
BEGIN
    SELECT * INTO laid FROM organization_calendarday WHERE "on" = NEW."on";
    SELECT change.source, (day->>'is_workday')::boolean AS is_workday, day->>'name' AS name INTO said
    FROM organization_calendarchange change, jsonb_array_elements(change.days) AS day
    WHERE change.status = 'APPROVED' AND change.year = extract(year FROM laid."on")
      AND day->>'on' = laid."on"::text
    ORDER BY change.approved_at DESC, change.id DESC
    LIMIT 1;
    IF NOT FOUND AND TG_OP = 'INSERT' THEN
        RETURN NULL;
    END IF;
    IF NOT FOUND OR OLD."on" <> NEW."on"
       OR (laid.is_workday, laid.name, laid.source) IS DISTINCT FROM (said.is_workday, said.name, said.source) THEN
        RAISE EXCEPTION 'day % is not what two people have approved', NEW."on" USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("organization", "0004_version_guards")]

    operations = [
        migrations.RunSQL(DECIDED, "DROP FUNCTION ops_calendar_day_decided()"),
        migrations.RunSQL(
            f"CREATE CONSTRAINT TRIGGER {TABLE}_decided AFTER INSERT OR UPDATE ON {TABLE} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ops_calendar_day_decided()",
            f"DROP TRIGGER {TABLE}_decided ON {TABLE}",
        ),
        migrations.RunSQL(
            f"CREATE TRIGGER {TABLE}_kept BEFORE DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION ops_refuse_rewrite()",
            f"DROP TRIGGER {TABLE}_kept ON {TABLE}",
        ),
        migrations.RunSQL(
            f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT "
            "WHEN (current_setting('ops.may_truncate', true) IS DISTINCT FROM 'on') "
            "EXECUTE FUNCTION ops_refuse_rewrite()",
            f"DROP TRIGGER {TABLE}_no_truncate ON {TABLE}",
        ),
    ]
