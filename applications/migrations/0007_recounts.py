"""What a change of the calendar or an outage does to many clocks is reckoned portion by portion."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0006_group_batches"),
        ("organization", "0004_version_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="Recount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("begun_at", models.DateTimeField(verbose_name="in force")),
                ("days", models.PositiveSmallIntegerField(default=0, verbose_name="days changed")),
                ("total", models.PositiveIntegerField(default=0, verbose_name="clocks")),
                ("done", models.PositiveIntegerField(default=0, verbose_name="clocks reckoned")),
                ("moved", models.PositiveIntegerField(default=0, verbose_name="deadlines moved")),
                ("overdue", models.PositiveIntegerField(default=0, verbose_name="became overdue")),
                ("relieved", models.PositiveIntegerField(default=0, verbose_name="overdue no more")),
                ("exempt", models.PositiveIntegerField(default=0, verbose_name="exempt")),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("told_at", models.DateTimeField(null=True, verbose_name="told")),
                (
                    "change",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recount",
                        to="organization.calendarchange",
                    ),
                ),
                (
                    "outage",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recount",
                        to="applications.outage",
                    ),
                ),
            ],
            options={
                "verbose_name": "recount",
                "verbose_name_plural": "recounts",
                "ordering": ["-begun_at"],
            },
        ),
        migrations.CreateModel(
            name="StaleClock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("was_open", models.BooleanField()),
                (
                    "clock",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="applications.caseclock",
                    ),
                ),
                (
                    "recount",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stale",
                        to="applications.recount",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="recount",
            index=models.Index(
                condition=models.Q(("finished_at", None)), fields=["begun_at"], name="recount_outstanding"
            ),
        ),
        migrations.AddIndex(
            model_name="recount",
            index=models.Index(condition=models.Q(("told_at", None)), fields=["begun_at"], name="recount_untold"),
        ),
        migrations.AddConstraint(
            model_name="recount",
            constraint=models.CheckConstraint(
                condition=models.Q(("change__isnull", True), ("outage__isnull", True), _connector="XOR"),
                name="recount_of_one_change",
            ),
        ),
        migrations.AddConstraint(
            model_name="recount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done__lt", models.F("total")), ("finished_at", None)),
                    models.Q(("done", models.F("total")), ("finished_at__isnull", False)),
                    _connector="OR",
                ),
                name="recount_finished_iff_all_done",
            ),
        ),
        migrations.AddConstraint(
            model_name="staleclock",
            constraint=models.UniqueConstraint(fields=("clock", "recount"), name="staleclock_once"),
        ),
    ]
