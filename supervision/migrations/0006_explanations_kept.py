"""An explanation stays as it was filed, its decision as it was taken, its evidence as it was added: a penalty hangs on
them. Until the decision the opinion and the time to decide may still change; the sealing of a paper may be renewed."""

from django.db import migrations

FILED = "breach_id, code, text, filed_by_id, filed_at"
ADDED = "justification_id, name, media_type, digest, added_by_id, added_at"


def kept(table: str, columns: str, also: str = "FALSE") -> migrations.RunSQL:
    old, new = (", ".join(f"{row}.{column}" for column in columns.split(", ")) for row in ("OLD", "NEW"))
    return migrations.RunSQL(
        sql=[
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} FOR EACH ROW "
            f"WHEN ({also} OR ({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION ops_refuse_rewrite()",
            f"CREATE TRIGGER {table}_not_removed BEFORE DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION ops_refuse_rewrite()",
        ],
        reverse_sql=[f"DROP TRIGGER {table}_kept ON {table}", f"DROP TRIGGER {table}_not_removed ON {table}"],
    )


class Migration(migrations.Migration):
    dependencies = [("supervision", "0005_relieved_handlers"), ("organization", "0002_append_only")]

    operations = [
        kept("supervision_justification", FILED, also="OLD.decided_at IS NOT NULL"),
        kept("supervision_justificationpaper", ADDED),
    ]
