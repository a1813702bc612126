"""An outage that lies ahead may be withdrawn: the row stays, with who did it and when."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0008_running_clocks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="outage",
            name="withdrawn_at",
            field=models.DateTimeField(null=True, verbose_name="withdrawn"),
        ),
        migrations.AddField(
            model_name="outage",
            name="withdrawn_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="outage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("withdrawn_at", None), ("withdrawn_by", None)),
                    models.Q(
                        ("moved", 0),
                        ("settled_at__isnull", False),
                        ("withdrawn_at__lt", models.F("since")),
                        ("withdrawn_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="outage_withdrawn_before_it_began",
            ),
        ),
    ]
