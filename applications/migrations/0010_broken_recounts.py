"""A clock that cannot be reckoned anew is set aside, and holds up nobody else's dates."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("applications", "0009_withdrawn_outages")]

    operations = [
        migrations.AddField(
            model_name="recount",
            name="alarmed_at",
            field=models.DateTimeField(null=True, verbose_name="alarm raised"),
        ),
        migrations.AddField(
            model_name="staleclock",
            name="broken_at",
            field=models.DateTimeField(null=True, verbose_name="cannot be reckoned since"),
        ),
        migrations.AddField(
            model_name="staleclock",
            name="error",
            field=models.CharField(blank=True, db_default="", max_length=40, verbose_name="error"),
        ),
        migrations.AddIndex(
            model_name="staleclock",
            index=models.Index(
                condition=models.Q(("broken_at__isnull", False)), fields=["recount", "clock"], name="staleclock_broken"
            ),
        ),
    ]
