"""Clock policies are versions now; custody and outages are written down; a client may ask to wait."""

import datetime
from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import applications.models.clock

decided_once = import_module("organization.migrations.0004_version_guards").decided_once

# Where every running case is when its custody begins to be written down.
HELD_NOW = """
INSERT INTO applications_custody (application_id, holder, person_id, branch_id, since)
SELECT a.id,
    CASE WHEN a.state IN ('RECEIVED', 'CHECKED', 'KEYED', 'ENTERED', 'ISSUED', 'COLLECTED')
              AND a.claimed_until > now() THEN 'PERSON'
         WHEN a.state = 'REFERRED' THEN 'POOL'
         WHEN a.state IN ('ACCEPTED', 'DRAFT') AND a.collector_id IS NOT NULL THEN 'PERSON'
         WHEN a.state IN ('TAKEN_IN', 'BAGGED', 'RETURNED') AND coalesce(a.host_branch_id, a.branch_id) IS NOT NULL
              THEN 'BRANCH'
         WHEN a.state = 'IN_TRANSIT' THEN 'TRUCK'
         WHEN a.state = 'SUBMITTED' THEN 'HEAD_OFFICE'
         ELSE 'QUEUE' END,
    CASE WHEN a.state IN ('RECEIVED', 'CHECKED', 'KEYED', 'ENTERED', 'ISSUED', 'COLLECTED')
              AND a.claimed_until > now() THEN a.claimed_by_id
         WHEN a.state IN ('ACCEPTED', 'DRAFT') THEN a.collector_id END,
    CASE WHEN a.state IN ('TAKEN_IN', 'BAGGED', 'RETURNED') THEN coalesce(a.host_branch_id, a.branch_id) END,
    a.progressed_at
FROM applications_application a
WHERE a.state NOT IN ('ACTIVATED', 'REJECTED', 'WITHDRAWN', 'EXPIRED') AND NOT a.is_imported
"""


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0002_guards"),
        ("organization", "0004_version_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="application",
            name="freeze",
            field=models.CharField(
                blank=True,
                choices=[
                    ("DENIED", "The client says not to have applied"),
                    ("UPHELD", "The client did not apply"),
                ],
                max_length=6,
                verbose_name="stands still",
            ),
        ),
        migrations.AddField(
            model_name="application",
            name="frozen_for",
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AddConstraint(
            model_name="application",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("freeze", ""),
                    ("frozen_for", ""),
                )
                | models.Q(
                    models.Q(("freeze", ""), _negated=True),
                    models.Q(("frozen_for", ""), _negated=True),
                ),
                name="application_frozen_with_its_complaint",
            ),
        ),
        migrations.CreateModel(
            name="Custody",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "holder",
                    models.CharField(
                        choices=[
                            ("POOL", "Lead pool"),
                            ("PERSON", "Person"),
                            ("BRANCH", "Branch"),
                            ("TRUCK", "Cash truck"),
                            ("QUEUE", "Queue of the center"),
                            ("CUSTOMER", "Client"),
                            ("HEAD_OFFICE", "Head office and card factory"),
                        ],
                        max_length=12,
                        verbose_name="holder",
                    ),
                ),
                ("since", models.DateTimeField(verbose_name="from")),
                ("until", models.DateTimeField(null=True, verbose_name="until")),
            ],
            options={
                "verbose_name": "custody",
                "verbose_name_plural": "custody",
                "ordering": ["since", "id"],
            },
        ),
        migrations.CreateModel(
            name="Outage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField(verbose_name="from")),
                ("until", models.DateTimeField(verbose_name="until")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("states", models.JSONField(default=list, verbose_name="states")),
                ("declared_at", models.DateTimeField(verbose_name="declared")),
                ("moved", models.PositiveIntegerField(default=0, verbose_name="deadlines moved")),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "outage",
                "verbose_name_plural": "outages",
                "ordering": ["-since"],
                "indexes": [
                    models.Index(fields=["since"], condition=models.Q(("settled_at", None)), name="outage_unsettled"),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name="clockpolicy",
            name="clockpolicy_once_per_day",
        ),
        migrations.AddField(
            model_name="clockpolicy",
            name="approved_at",
            field=models.DateTimeField(null=True, verbose_name="approved"),
        ),
        migrations.AddField(
            model_name="clockpolicy",
            name="approved_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="approved by",
            ),
        ),
        migrations.AddField(
            model_name="clockpolicy",
            name="drafted_at",
            field=models.DateTimeField(null=True, verbose_name="drafted"),
        ),
        migrations.AddField(
            model_name="clockpolicy",
            name="drafted_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="drafted by",
            ),
        ),
        migrations.AddField(
            model_name="clockpolicy",
            name="note",
            field=models.CharField(blank=True, max_length=300, verbose_name="what changes and why"),
        ),
        migrations.AddField(
            model_name="clockpolicy",
            name="owner_role",
            field=models.CharField(
                blank=True,
                choices=[
                    ("EMP", "Employee"),
                    ("CM", "Customer manager"),
                    ("BH", "Branch head"),
                    ("BAG", "Bag sealer"),
                    ("CS", "Card-center marketing"),
                    ("RCV", "Receiver"),
                    ("CC", "Credit checker"),
                    ("EC", "Entry clerk"),
                    ("ER", "Entry reviewer"),
                    ("TR", "Case tracker"),
                    ("AS", "After-sales officer"),
                    ("SUP", "Center supervisor"),
                    ("MGT", "Management"),
                    ("HR", "Human resources"),
                    ("CPL", "Complaint handler"),
                    ("AUD", "Audit and compliance"),
                    ("VND", "Outsourcing manager"),
                    ("ADM", "System administrator"),
                ],
                max_length=4,
                verbose_name="answered by",
            ),
        ),
        migrations.AddField(
            model_name="clockpolicy",
            name="pauses_for",
            field=models.JSONField(default=applications.models.clock.every_reason, verbose_name="pauses for"),
        ),
        migrations.AddField(
            model_name="clockpolicy",
            name="status",
            field=models.CharField(
                choices=[("DRAFT", "Waiting for approval"), ("APPROVED", "Approved"), ("DISCARDED", "Discarded")],
                default="DRAFT",
                max_length=9,
                verbose_name="status",
            ),
        ),
        migrations.AddField(
            model_name="caseclock",
            name="exempt_until",
            field=models.DateTimeField(null=True, verbose_name="exempt until"),
        ),
        migrations.AddField(
            model_name="problemitem",
            name="wait_until",
            field=models.DateField(null=True, verbose_name="the client asks to wait until"),
        ),
        migrations.AddIndex(
            model_name="problemitem",
            index=models.Index(
                condition=models.Q(("closed_at", None), ("wait_until__isnull", False)),
                fields=["wait_until"],
                name="problem_waits_until",
            ),
        ),
        # What has been in force until now came with the system.
        migrations.RunSQL("UPDATE applications_clockpolicy SET status = 'APPROVED'", migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="clockpolicy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "APPROVED")),
                fields=("kind", "variant", "starts_on"),
                name="clockpolicy_once_per_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="clockpolicy",
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
                name="clockpolicy_two_people",
            ),
        ),
        migrations.AddField(
            model_name="custody",
            name="application",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="custody",
                to="applications.application",
            ),
        ),
        migrations.AddField(
            model_name="custody",
            name="branch",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="organization.branch",
                verbose_name="branch",
            ),
        ),
        migrations.AddField(
            model_name="custody",
            name="person",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="person",
            ),
        ),
        migrations.AddField(
            model_name="outage",
            name="declared_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddIndex(
            model_name="custody",
            index=models.Index(fields=["application", "since"], name="custody_case"),
        ),
        migrations.AddConstraint(
            model_name="custody",
            constraint=models.UniqueConstraint(
                condition=models.Q(("until", None)), fields=("application",), name="custody_one_holder"
            ),
        ),
        migrations.AddConstraint(
            model_name="custody",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None), ("until__gte", models.F("since")), _connector="OR"),
                name="custody_forward",
            ),
        ),
        migrations.AddConstraint(
            model_name="custody",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("holder", "PERSON"), _negated=True), ("person__isnull", False), _connector="OR"
                ),
                name="custody_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="custody",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("holder", "BRANCH"), _negated=True), ("branch__isnull", False), _connector="OR"
                ),
                name="custody_branch",
            ),
        ),
        migrations.AddConstraint(
            model_name="outage",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("since"))), name="outage_forward"
            ),
        ),
        migrations.RunSQL(HELD_NOW, migrations.RunSQL.noop),
        *decided_once("applications_clockpolicy"),
    ]
