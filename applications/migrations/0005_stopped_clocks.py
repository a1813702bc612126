"""What stopped in a span of time is found by kind and instant: for the boards' figures and the lists behind them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("applications", "0004_intervals")]

    operations = [
        migrations.AddIndex(
            model_name="caseclock",
            index=models.Index(
                condition=models.Q(("stopped_at__isnull", False)),
                fields=["kind", "stopped_at", "id"],
                name="caseclock_stopped",
            ),
        ),
    ]
