"""Running clocks past due are counted from their index alone; what still runs of the time before the system is found by
an index of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("applications", "0007_recounts")]

    operations = [
        migrations.RemoveIndex(model_name="caseclock", name="caseclock_sweep"),
        migrations.AddIndex(
            model_name="caseclock",
            index=models.Index(
                condition=models.Q(("paused_at", None), ("stopped_at", None)),
                fields=["due_at", "id"],
                include=("kind", "application"),
                name="caseclock_sweep",
            ),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False), ("is_imported", True)),
                fields=["id"],
                name="application_old",
            ),
        ),
    ]
