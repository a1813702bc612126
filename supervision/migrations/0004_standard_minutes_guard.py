"""Standard minutes that two people have approved stay as they approved them."""

from django.db import migrations

TABLE = "supervision_standardminutes"


class Migration(migrations.Migration):
    dependencies = [("supervision", "0003_figures"), ("organization", "0004_version_guards")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER {TABLE}_decided BEFORE INSERT OR UPDATE ON {TABLE} FOR EACH ROW "
            "EXECUTE FUNCTION ops_version_decided()",
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
