"""Late clocks of a kind are found with their cases from the index alone: for the list of one branch."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("applications", "0011_figures_of_a_month")]

    operations = [
        migrations.AddIndex(
            model_name="caseclock",
            index=models.Index(
                condition=models.Q(
                    ("outcome__in", ("LATE_PENDING", "LATE", "LATE_JUSTIFIED", "LATE_QUEUE", "RETURNED_LATE"))
                ),
                fields=["kind", "stopped_at", "id"],
                include=("application",),
                name="caseclock_late_kind",
            ),
        ),
    ]
