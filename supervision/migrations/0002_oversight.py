"""Complaints, evidence, targets, the feed, reports in the background, capacity."""

import datetime
from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

guard = import_module("organization.migrations.0002_append_only").guard

# Who handles a complaint took no part in its case, neither sold it nor worked on it (回避).
HANDLER = """
CREATE FUNCTION supervision_handler_not_concerned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM applications_application
               WHERE id = NEW.application_id AND NEW.handler_id IN (referrer_id, collector_id))
       OR EXISTS (SELECT FROM applications_performer
                  WHERE application_id = NEW.application_id AND employee_id = NEW.handler_id) THEN
        RAISE EXCEPTION 'the handler of complaint % took part in its case', NEW.number
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER supervision_handler_not_concerned BEFORE INSERT OR UPDATE OF handler_id, application_id
    ON supervision_complaint FOR EACH ROW WHEN (NEW.handler_id IS NOT NULL AND NEW.application_id IS NOT NULL)
    EXECUTE FUNCTION supervision_handler_not_concerned()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0003_custody"),
        ("organization", "0003_oversight"),
        ("supervision", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Untold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "news",
                    models.CharField(
                        choices=[
                            ("WARNING", "Warning"),
                            ("BREACH", "Breach to be explained"),
                            ("OVERDUE", "Breach that is nobody's fault"),
                            ("FOUND", "Trackers told"),
                            ("SUPERVISOR", "Supervisor told"),
                            ("MANAGEMENT", "Management told"),
                        ],
                        max_length=10,
                        verbose_name="news",
                    ),
                ),
                (
                    "clock",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="applications.caseclock",
                    ),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "news that wait",
                "verbose_name_plural": "news that wait",
                "constraints": [models.UniqueConstraint(fields=("employee", "clock", "news"), name="untold_once")],
            },
        ),
        migrations.CreateModel(
            name="Complaint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(max_length=16, unique=True, verbose_name="number")),
                (
                    "about",
                    models.CharField(
                        choices=[
                            ("SALE", "The sale"),
                            ("SERVICE", "The service"),
                            ("DELAY", "The delay"),
                            ("PRIVACY", "Personal data"),
                            ("DENIES", "“I did not apply”"),
                            ("OTHER", "Something else"),
                        ],
                        max_length=8,
                        verbose_name="about",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("PHONE", "Phone"),
                            ("COUNTER", "Counter"),
                            ("LETTER", "Letter or e-mail"),
                            ("REGULATOR", "Passed on by the regulator"),
                        ],
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                ("text", models.CharField(max_length=1000, verbose_name="what the client says")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("OPENED", "Opened"),
                            ("REPLIED", "Replied"),
                            ("ESCALATED", "With the supervisor"),
                            ("SOLVED", "Solved"),
                            ("FOLLOWED_UP", "Followed up"),
                            ("CLOSED", "Closed"),
                        ],
                        default="OPENED",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                ("reply_by", models.DateTimeField(verbose_name="reply by")),
                ("reply_warn_at", models.DateTimeField()),
                ("close_by", models.DateTimeField(verbose_name="close by")),
                ("close_warn_at", models.DateTimeField()),
                ("is_complex", models.BooleanField(default=False, verbose_name="complex")),
                ("extended_at", models.DateTimeField(null=True, verbose_name="extended")),
                ("replied_at", models.DateTimeField(null=True, verbose_name="replied")),
                ("escalated_at", models.DateTimeField(null=True, verbose_name="escalated")),
                ("solved_at", models.DateTimeField(null=True, verbose_name="solved")),
                ("followed_up_at", models.DateTimeField(null=True, verbose_name="followed up")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
                ("is_upheld", models.BooleanField(null=True, verbose_name="upheld")),
                ("recorded_at", models.DateTimeField(null=True, verbose_name="recorded")),
                ("handled_at", models.DateTimeField(null=True, verbose_name="handled")),
                ("rechecked_at", models.DateTimeField(null=True, verbose_name="checked again")),
                ("fed_back_at", models.DateTimeField(null=True, verbose_name="fed back")),
                (
                    "against",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="against",
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="complaints",
                        to="applications.application",
                    ),
                ),
                (
                    "extended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "handler",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="handler",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "complaint",
                "verbose_name_plural": "complaints",
                "ordering": ["-opened_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ComplaintEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("OPEN", "Opened"),
                            ("ASSIGN", "Taken in hand"),
                            ("LINK", "Case found"),
                            ("REPLY", "First reply"),
                            ("ESCALATE", "Passed to the supervisor"),
                            ("SOLVE", "Solved"),
                            ("FOLLOW_UP", "Follow-up call"),
                            ("CLOSE", "Closed"),
                            ("MARK_COMPLEX", "Marked as complex"),
                            ("ASK_EXTENSION", "More time asked for"),
                            ("EXTEND", "More time approved"),
                            ("TICK", "None missed"),
                            ("REPLY_SOON", "Reply due soon"),
                            ("REPLY_LATE", "Reply overdue"),
                            ("CLOSE_SOON", "Closing due soon"),
                            ("CLOSE_LATE", "Closing overdue"),
                        ],
                        max_length=16,
                        verbose_name="act",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="at")),
                ("text", models.CharField(blank=True, max_length=1000, verbose_name="text")),
                ("facts", models.JSONField(default=dict)),
                ("due_at", models.DateTimeField(null=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "complaint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="supervision.complaint"
                    ),
                ),
            ],
            options={
                "verbose_name": "act on a complaint",
                "verbose_name_plural": "acts on complaints",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="JustificationPaper",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120, verbose_name="file")),
                ("media_type", models.CharField(max_length=40)),
                ("digest", models.CharField(max_length=64)),
                ("body", models.BinaryField()),
                ("added_at", models.DateTimeField(verbose_name="added")),
                (
                    "added_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "justification",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="papers",
                        to="supervision.justification",
                    ),
                ),
            ],
            options={
                "verbose_name": "evidence",
                "verbose_name_plural": "evidence",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="MonthSummary",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="month")),
                ("review", models.TextField(blank=True, max_length=1000, verbose_name="review")),
                ("results", models.TextField(blank=True, max_length=1000, verbose_name="results")),
                ("problems", models.TextField(blank=True, max_length=1000, verbose_name="problems")),
                ("measures", models.TextField(blank=True, max_length=1000, verbose_name="measures")),
                ("plan", models.TextField(blank=True, max_length=1000, verbose_name="plan")),
                ("version", models.PositiveIntegerField(default=1)),
                ("saved_at", models.DateTimeField(verbose_name="saved")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="summaries",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "personal summary",
                "verbose_name_plural": "personal summaries",
                "ordering": ["-month"],
            },
        ),
        migrations.CreateModel(
            name="ReportRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("report", models.CharField(max_length=40, verbose_name="report")),
                ("asked", models.JSONField(default=dict, verbose_name="asked")),
                ("language", models.CharField(default="zh-hans", max_length=8)),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waiting"),
                            ("RUNNING", "Running"),
                            ("DONE", "Done"),
                            ("FAILED", "Failed"),
                        ],
                        default="WAITING",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("done_rows", models.PositiveIntegerField(default=0, verbose_name="rows written")),
                ("total_rows", models.PositiveIntegerField(default=0, verbose_name="rows")),
                ("touched_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("name", models.CharField(blank=True, max_length=80, verbose_name="file")),
                ("body", models.BinaryField(null=True)),
                ("digest", models.CharField(blank=True, max_length=64, verbose_name="SHA-256")),
                ("error", models.CharField(blank=True, max_length=200, verbose_name="error")),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "exported report",
                "verbose_name_plural": "exported reports",
                "ordering": ["-asked_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="SimulationRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("WHAT_IF", "What if"),
                            ("FORECAST", "Forecast"),
                            ("CHECK", "Check against a held-back week"),
                        ],
                        default="WHAT_IF",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("asked", models.JSONField(default=dict, verbose_name="assumptions")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("WAITING", "Waiting"),
                            ("RUNNING", "Running"),
                            ("DONE", "Done"),
                            ("FAILED", "Failed"),
                        ],
                        default="WAITING",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("percent", models.PositiveSmallIntegerField(default=0, verbose_name="progress")),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("touched_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
                ("outcome", models.JSONField(default=dict, verbose_name="outcome")),
                ("error", models.CharField(blank=True, max_length=200, verbose_name="error")),
                (
                    "asked_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "simulation",
                "verbose_name_plural": "simulations",
                "ordering": ["-asked_at", "-id"],
                "indexes": [models.Index(fields=["kind", "-asked_at"], name="simulationrun_newest")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("percent__lte", 100)), name="simulationrun_percent"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["DONE", "FAILED"]), ("finished_at", None), _connector=models.Q.XOR
                        ),
                        name="simulationrun_ended_with_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StandardMinutes",
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
                ("queue", models.CharField(max_length=16, verbose_name="queue")),
                ("minutes", models.DecimalField(decimal_places=1, max_digits=5, verbose_name="standard minutes")),
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
                "verbose_name": "standard minutes",
                "verbose_name_plural": "standard minutes",
                "ordering": ["queue", "-starts_on"],
            },
        ),
        migrations.CreateModel(
            name="Target",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(verbose_name="month")),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("REFERRALS", "Referrals"),
                            ("INTAKES", "Intakes"),
                            ("ACTIVATIONS", "Activations"),
                            ("GROUPS", "Group batches"),
                        ],
                        max_length=12,
                        verbose_name="measure",
                    ),
                ),
                ("value", models.PositiveIntegerField(verbose_name="target")),
                ("set_at", models.DateTimeField(verbose_name="set")),
                (
                    "branch",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="targets",
                        to="organization.branch",
                        verbose_name="branch",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="targets",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="set by",
                    ),
                ),
            ],
            options={
                "verbose_name": "target",
                "verbose_name_plural": "targets",
                "ordering": ["-month", "branch", "person", "measure"],
            },
        ),
        migrations.CreateModel(
            name="WeeklySheet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("monday", models.DateField(verbose_name="week from")),
                ("figures", models.JSONField(verbose_name="figures")),
                ("made_at", models.DateTimeField(verbose_name="made")),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="weekly_sheets",
                        to="organization.area",
                        verbose_name="area",
                    ),
                ),
            ],
            options={
                "verbose_name": "weekly sheet",
                "verbose_name_plural": "weekly sheets",
                "ordering": ["-monday", "area"],
            },
        ),
        migrations.CreateModel(
            name="WeeklyNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text", models.CharField(max_length=300, verbose_name="note")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "branch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organization.branch",
                        verbose_name="branch",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "sheet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="supervision.weeklysheet"
                    ),
                ),
            ],
            options={
                "verbose_name": "note to the week",
                "verbose_name_plural": "notes to the week",
                "ordering": ["branch"],
            },
        ),
        migrations.CreateModel(
            name="Broadcast",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("FIRST_CARD", "First card"),
                            ("HIGH_TIER", "Platinum or higher"),
                            ("GROUP", "Milestone of a group batch"),
                            ("RECORD", "Record of the day"),
                        ],
                        max_length=10,
                        verbose_name="reason",
                    ),
                ),
                ("facts", models.JSONField(default=dict, verbose_name="facts")),
                ("motto", models.CharField(blank=True, max_length=80, verbose_name="in one sentence")),
                ("cheer", models.CharField(blank=True, max_length=80, verbose_name="word of the branch head")),
                ("at", models.DateTimeField(verbose_name="at")),
                (
                    "application",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="broadcasts",
                        to="applications.application",
                    ),
                ),
                (
                    "branch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organization.branch",
                        verbose_name="branch",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "broadcast",
                "verbose_name_plural": "broadcasts",
                "ordering": ["-at", "-id"],
                "indexes": [models.Index(fields=["-at", "-id"], name="broadcast_feed")],
                "constraints": [models.UniqueConstraint(fields=("application", "reason"), name="broadcast_once")],
            },
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(("closed_at", None), ("replied_at", None)),
                fields=["reply_by", "id"],
                name="complaint_to_reply",
            ),
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(("closed_at", None)), fields=["close_by", "id"], name="complaint_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "CLOSED"), _negated=True),
                    models.Q(
                        ("closed_at__isnull", False), ("followed_up_at__isnull", False), ("is_upheld__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="complaint_closed_after_the_call",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "CLOSED"), _negated=True),
                    models.Q(
                        ("fed_back_at__isnull", False),
                        ("handled_at__isnull", False),
                        ("rechecked_at__isnull", False),
                        ("recorded_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="complaint_closed_none_missed",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaintevent",
            constraint=models.UniqueConstraint(
                condition=models.Q(("due_at__isnull", False)),
                fields=("complaint", "act", "due_at"),
                name="complaintevent_told_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(("handler", models.F("against")), _negated=True), name="complaint_handled_by_another"
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(("extended_by", models.F("handler")), _negated=True),
                name="complaint_extended_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(("close_by__gt", models.F("opened_at"))), name="complaint_due_after_opening"
            ),
        ),
        migrations.AddConstraint(
            model_name="justificationpaper",
            constraint=models.UniqueConstraint(fields=("justification", "digest"), name="justificationpaper_once"),
        ),
        migrations.AddConstraint(
            model_name="monthsummary",
            constraint=models.UniqueConstraint(fields=("person", "month"), name="monthsummary_once"),
        ),
        migrations.AddConstraint(
            model_name="monthsummary",
            constraint=models.CheckConstraint(condition=models.Q(("month__day", 1)), name="monthsummary_of_a_month"),
        ),
        migrations.AddConstraint(
            model_name="reportrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "DONE"), _negated=True), ("body__isnull", False), _connector="OR"
                ),
                name="reportrun_done_has_a_file",
            ),
        ),
        migrations.AddConstraint(
            model_name="standardminutes",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "APPROVED")),
                fields=("queue", "starts_on"),
                name="standardminutes_once_per_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="standardminutes",
            constraint=models.CheckConstraint(
                condition=models.Q(("minutes__gt", 0), ("minutes__lte", 480)), name="standardminutes_sensible"
            ),
        ),
        migrations.AddConstraint(
            model_name="standardminutes",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "APPROVED"), _negated=True),
                    models.Q(("approved_by", None), ("drafted_by", None), ("starts_on", datetime.date(2024, 1, 1))),
                    models.Q(
                        ("approved_at__gte", models.F("drafted_at")),
                        ("approved_by__isnull", False),
                        ("drafted_by__isnull", False),
                        models.Q(("approved_by", models.F("drafted_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="standardminutes_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("branch", None), ("person__isnull", False)),
                    models.Q(("branch__isnull", False), ("person", None)),
                    _connector="OR",
                ),
                name="target_of_a_branch_or_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.UniqueConstraint(
                condition=models.Q(("person", None)),
                fields=("month", "branch", "measure"),
                name="target_once_per_branch",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.UniqueConstraint(
                condition=models.Q(("branch", None)),
                fields=("month", "person", "measure"),
                name="target_once_per_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.CheckConstraint(condition=models.Q(("month__day", 1)), name="target_of_a_month"),
        ),
        migrations.AddConstraint(
            model_name="weeklysheet",
            constraint=models.UniqueConstraint(fields=("area", "monday"), name="weeklysheet_once"),
        ),
        migrations.AddConstraint(
            model_name="weeklynote",
            constraint=models.UniqueConstraint(fields=("sheet", "branch"), name="weeklynote_once_per_branch"),
        ),
        guard("supervision_complaintevent"),
        migrations.RunSQL("CREATE SEQUENCE supervision_complaint_number", "DROP SEQUENCE supervision_complaint_number"),
        migrations.RunSQL(HANDLER, "DROP FUNCTION supervision_handler_not_concerned() CASCADE"),
    ]
