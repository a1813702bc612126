"""What the operations report counts of a month is found by its instants, without reading every case of the bank."""

import django.contrib.postgres.indexes
from django.db import migrations, models
from django.db.models import Q

STAMPS = ["referred_at", "taken_in_at", "entered_at", "approved_at", "rejected_at", "issued_at", "activated_at"]


class Migration(migrations.Migration):
    dependencies = [("applications", "0010_broken_recounts")]

    operations = [
        migrations.AddIndex(
            model_name="application",
            index=models.Index(
                condition=Q(("customer_group__in", ("GROUP", "OFFICIAL")), ("group_batch", None))
                & ~Q(("campaign", "")),
                fields=["campaign"],
                name="application_marked",
            ),
        ),
        migrations.AddIndex(
            model_name="application",
            index=django.contrib.postgres.indexes.BrinIndex(
                autosummarize=True,
                fields=STAMPS,
                name="application_stamps",
                opclasses=["timestamptz_minmax_multi_ops"] * len(STAMPS),
                pages_per_range=32,
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=Q(("to_state", "RECEIVED")) & ~Q(("from_state__in", ["RECEIVED", "PROBLEM"])),
                fields=["at"],
                include=("application",),
                name="event_came_in",
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=Q(("step", "verify")), fields=["at"], include=("application",), name="event_verified"
            ),
        ),
    ]
