"""The append-only guard, and its first table.

The trigger function is shared by every table whose model says ``append_only``. TRUNCATE is let through only where the
setting ops.may_truncate is on, which is so in the test database alone.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION ops_refuse_rewrite() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""


def guard(table: str) -> migrations.RunSQL:
    """The two triggers of one append-only table, with their reverse."""
    return migrations.RunSQL(
        sql=[
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION ops_refuse_rewrite()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
            "WHEN (current_setting('ops.may_truncate', true) IS DISTINCT FROM 'on') "
            "EXECUTE FUNCTION ops_refuse_rewrite()",
        ],
        reverse_sql=[f"DROP TRIGGER {table}_append_only ON {table}", f"DROP TRIGGER {table}_no_truncate ON {table}"],
    )


class Migration(migrations.Migration):
    dependencies = [("organization", "0001_initial")]

    operations = [
        migrations.RunSQL(sql=FUNCTION, reverse_sql="DROP FUNCTION ops_refuse_rewrite()"),
        guard("organization_auditrecord"),
        migrations.RunSQL("CREATE SEQUENCE organization_revision_number", "DROP SEQUENCE organization_revision_number"),
    ]
