"""Changes of the calendar, times of branches, the roster, message templates and what leaves the house."""

import datetime

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("organization", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="NewsPreference",
            fields=[
                (
                    "employee",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="preference",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("quiet_from", models.TimeField(default=datetime.time(17, 30), verbose_name="quiet from")),
                ("quiet_to", models.TimeField(default=datetime.time(8, 30), verbose_name="quiet until")),
                ("digest_at", models.TimeField(default=datetime.time(9, 0), verbose_name="digest at")),
                ("by_mail", models.BooleanField(default=False, verbose_name="by e-mail")),
            ],
            options={
                "verbose_name": "preference",
                "verbose_name_plural": "preferences",
            },
        ),
        migrations.AddField(
            model_name="employee",
            name="email",
            field=models.EmailField(blank=True, max_length=254, verbose_name="e-mail address"),
        ),
        migrations.AddField(
            model_name="employee",
            name="hides_name",
            field=models.BooleanField(default=False, verbose_name="hides the name on boards"),
        ),
        migrations.CreateModel(
            name="BranchTimes",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_on", models.DateField(verbose_name="from")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("DRAFT", "Waiting for approval"),
                            ("APPROVED", "Approved"),
                            ("DISCARDED", "Discarded"),
                        ],
                        default="DRAFT",
                        max_length=9,
                        verbose_name="status",
                    ),
                ),
                ("drafted_at", models.DateTimeField(null=True, verbose_name="drafted")),
                ("approved_at", models.DateTimeField(null=True, verbose_name="approved")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="what changes and why")),
                ("opens_at", models.TimeField(verbose_name="opens")),
                ("closes_at", models.TimeField(verbose_name="closes")),
                ("cut_off", models.TimeField(verbose_name="cut-off of the day's bag")),
                ("cut_offs", models.JSONField(default=dict, verbose_name="cut-offs by weekday")),
                ("truck_at", models.TimeField(verbose_name="cash truck")),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "branch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="times",
                        to="organization.branch",
                        verbose_name="branch",
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="drafted by",
                    ),
                ),
            ],
            options={
                "verbose_name": "times of a branch",
                "verbose_name_plural": "times of branches",
                "ordering": ["branch", "-starts_on"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "APPROVED")),
                        fields=("branch", "starts_on"),
                        name="branchtimes_once_per_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("opens_at__lt", models.F("closes_at"))),
                        name="branchtimes_open_before_close",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "APPROVED"), _negated=True),
                            models.Q(
                                ("approved_by", None), ("drafted_by", None), ("starts_on", datetime.date(2024, 1, 1))
                            ),
                            models.Q(
                                ("approved_at__gte", models.F("drafted_at")),
                                ("approved_by__isnull", False),
                                ("drafted_by__isnull", False),
                                models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="branchtimes_two_people",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("year", models.PositiveSmallIntegerField(verbose_name="year")),
                ("days", models.JSONField(verbose_name="days")),
                ("source", models.CharField(max_length=120, verbose_name="source")),
                (
                    "reason",
                    models.CharField(blank=True, max_length=300, verbose_name="reason of the correction"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("DRAFT", "Waiting for approval"),
                            ("APPROVED", "Approved"),
                            ("DISCARDED", "Discarded"),
                        ],
                        default="DRAFT",
                        max_length=9,
                        verbose_name="status",
                    ),
                ),
                ("drafted_at", models.DateTimeField(verbose_name="drafted")),
                ("approved_at", models.DateTimeField(null=True, verbose_name="approved")),
                ("moved", models.PositiveIntegerField(null=True, verbose_name="deadlines moved")),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="drafted by",
                    ),
                ),
            ],
            options={
                "verbose_name": "change of the calendar",
                "verbose_name_plural": "changes of the calendar",
                "ordering": ["-drafted_at"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "APPROVED"), _negated=True),
                            models.Q(
                                ("approved_at__gte", models.F("drafted_at")),
                                ("approved_by__isnull", False),
                                models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="calendarchange_two_people",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "channel",
                    models.CharField(
                        choices=[("MAIL", "E-mail"), ("CHAT", "Chat group")], max_length=4, verbose_name="channel"
                    ),
                ),
                ("subject", models.CharField(max_length=120, verbose_name="subject")),
                ("text", models.TextField(verbose_name="text")),
                ("key", models.CharField(max_length=80, unique=True)),
                ("due_at", models.DateTimeField(verbose_name="to be sent")),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                ("sent_at", models.DateTimeField(null=True, verbose_name="sent")),
                ("given_up_at", models.DateTimeField(null=True, verbose_name="given up")),
                ("error", models.CharField(blank=True, max_length=80, verbose_name="error")),
                (
                    "employee",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "delivery",
                "verbose_name_plural": "deliveries",
                "ordering": ["-due_at", "-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("given_up_at", None), ("sent_at", None)),
                        fields=["due_at", "id"],
                        name="delivery_waiting",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MessageTemplate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("starts_on", models.DateField(verbose_name="from")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("DRAFT", "Waiting for approval"),
                            ("APPROVED", "Approved"),
                            ("DISCARDED", "Discarded"),
                        ],
                        default="DRAFT",
                        max_length=9,
                        verbose_name="status",
                    ),
                ),
                ("drafted_at", models.DateTimeField(null=True, verbose_name="drafted")),
                ("approved_at", models.DateTimeField(null=True, verbose_name="approved")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="what changes and why")),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("language", models.CharField(max_length=8, verbose_name="language")),
                ("text", models.CharField(max_length=300, verbose_name="text")),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="drafted by",
                    ),
                ),
            ],
            options={
                "verbose_name": "message template",
                "verbose_name_plural": "message templates",
                "ordering": ["kind", "language", "-starts_on"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "APPROVED")),
                        fields=("kind", "language", "starts_on"),
                        name="messagetemplate_once_per_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "APPROVED"), _negated=True),
                            models.Q(
                                ("approved_by", None), ("drafted_by", None), ("starts_on", datetime.date(2024, 1, 1))
                            ),
                            models.Q(
                                ("approved_at__gte", models.F("drafted_at")),
                                ("approved_by__isnull", False),
                                ("drafted_by__isnull", False),
                                models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="messagetemplate_two_people",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RosterDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("on", models.DateField(verbose_name="day")),
                ("minutes", models.PositiveSmallIntegerField(verbose_name="planned minutes")),
                ("note", models.CharField(blank=True, max_length=80, verbose_name="note")),
                (
                    "employee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="roster",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="employee",
                    ),
                ),
            ],
            options={
                "verbose_name": "roster day",
                "verbose_name_plural": "roster days",
                "ordering": ["on", "employee"],
                "constraints": [
                    models.UniqueConstraint(fields=("employee", "on"), name="rosterday_once"),
                    models.CheckConstraint(
                        condition=models.Q(("minutes__lte", 720)), name="rosterday_at_most_twelve_hours"
                    ),
                ],
            },
        ),
    ]
