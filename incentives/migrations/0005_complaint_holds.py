"""What a complaint holds points at it, and is held for it once."""

import django.db.models.deletion
from django.db import migrations, models

FIXED = """
DROP TRIGGER incentives_hold_fixed ON incentives_hold;
CREATE TRIGGER incentives_hold_fixed BEFORE UPDATE ON incentives_hold FOR EACH ROW
    WHEN (OLD.released_at IS NOT NULL OR ROW({old}) IS DISTINCT FROM ROW({new}))
    EXECUTE FUNCTION ops_refuse_rewrite()
"""
BEFORE = ("entry_id", "cause", "reason", "by_id", "at")
AFTER = (*BEFORE, "complaint_id")


def fixed(columns: tuple[str, ...]) -> str:
    old, new = (", ".join(f"{side}.{column}" for column in columns) for side in ("OLD", "NEW"))
    return FIXED.format(old=old, new=new)


class Migration(migrations.Migration):
    dependencies = [("incentives", "0004_bounces"), ("supervision", "0002_oversight")]

    operations = [
        migrations.AddField(
            model_name="hold",
            name="complaint",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holds",
                to="supervision.complaint",
                verbose_name="complaint",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.UniqueConstraint(fields=("entry", "complaint"), name="hold_once_per_complaint"),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("complaint", None), models.Q(("by", None), ("cause", "COMPLAINT")), _connector="OR"
                ),
                name="hold_complaint_is_its_cause",
            ),
        ),
        migrations.RunSQL(fixed(AFTER), fixed(BEFORE)),
    ]
