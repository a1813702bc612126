"""Events are never rewritten, a referrer stays after the intake; case, bag and archive numbers come from sequences."""

from importlib import import_module

from django.db import migrations

guard = import_module("organization.migrations.0002_append_only").guard

SEQUENCES = ("applications_case_number", "applications_bag_number", "applications_archive_number")


class Migration(migrations.Migration):
    dependencies = [("applications", "0001_initial"), ("organization", "0002_append_only")]

    operations = [
        guard("applications_event"),
        *(migrations.RunSQL(f"CREATE SEQUENCE {name}", f"DROP SEQUENCE {name}") for name in SEQUENCES),
        # Who referred is settled with the intake: nobody takes over a referral when it is about to pay (R-T102).
        migrations.RunSQL(
            "CREATE TRIGGER applications_application_referrer BEFORE UPDATE OF referrer_id, referrer_type "
            "ON applications_application FOR EACH ROW WHEN (OLD.taken_in_at IS NOT NULL AND "
            "ROW(OLD.referrer_id, OLD.referrer_type) IS DISTINCT FROM ROW(NEW.referrer_id, NEW.referrer_type)) "
            "EXECUTE FUNCTION ops_refuse_rewrite()",
            "DROP TRIGGER applications_application_referrer ON applications_application",
        ),
        # Cases and clocks are rewritten all the time: leave room for updates on the same page.
        migrations.RunSQL(
            "ALTER TABLE applications_application SET (fillfactor = 85)",
            "ALTER TABLE applications_application RESET (fillfactor)",
        ),
        migrations.RunSQL(
            "ALTER TABLE applications_caseclock SET (fillfactor = 85)",
            "ALTER TABLE applications_caseclock RESET (fillfactor)",
        ),
    ]
