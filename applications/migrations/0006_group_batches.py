"""Group batches: an employer whose people apply together, with head-count, visits and the sealed unit list."""

import uuid
from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import organization.fields

guard = import_module("organization.migrations.0002_append_only").guard


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0005_stopped_clocks"),
        ("organization", "0004_version_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="GroupVisit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("PRESENT", "Presentation"),
                            ("COLLECT", "Collection of files"),
                            ("COACH", "Cards and coaching"),
                        ],
                        max_length=8,
                        verbose_name="phase",
                    ),
                ),
                ("on", models.DateField(verbose_name="day")),
            ],
            options={
                "verbose_name": "visit of a group batch",
                "verbose_name_plural": "visits of group batches",
                "ordering": ["on", "id"],
            },
        ),
        migrations.CreateModel(
            name="UnitList",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("media_type", models.CharField(max_length=40)),
                ("size", models.PositiveIntegerField(verbose_name="bytes")),
                ("digest", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("body", models.BinaryField()),
                ("added_at", models.DateTimeField(verbose_name="added")),
            ],
            options={
                "verbose_name": "unit list",
                "verbose_name_plural": "unit lists",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="GroupBatch",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=16, unique=True, verbose_name="batch")),
                ("version", models.PositiveIntegerField(default=1)),
                ("employer", models.CharField(max_length=60, verbose_name="employer")),
                ("employer_address", models.CharField(blank=True, max_length=120, verbose_name="employer's address")),
                ("work_phone", models.CharField(blank=True, max_length=20, verbose_name="work telephone")),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("PROVINCE", "Provincial body"),
                            ("CITY", "Municipal body"),
                            ("COUNTY", "County body"),
                            ("COMPANY", "Company or other"),
                        ],
                        max_length=8,
                        verbose_name="level",
                    ),
                ),
                ("head_count", models.PositiveIntegerField(verbose_name="head-count")),
                ("contact_name", organization.fields.SealedField(null=True)),
                ("contact_mobile", organization.fields.SealedField(null=True)),
                ("contact_name_mask", models.CharField(max_length=20, verbose_name="key contact")),
                ("contact_mobile_mask", models.CharField(max_length=16, verbose_name="mobile of the key contact")),
                ("opened_at", models.DateTimeField(verbose_name="opened")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed")),
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
                    "closed_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="host",
                    ),
                ),
                (
                    "opened_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "group batch",
                "verbose_name_plural": "group batches",
                "ordering": ["-opened_at", "-id"],
            },
        ),
        migrations.AddField(
            model_name="application",
            name="group_batch",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="members",
                to="applications.groupbatch",
                verbose_name="group batch",
            ),
        ),
        migrations.AddIndex(
            model_name="application",
            index=models.Index(
                condition=models.Q(("group_batch", None), _negated=True),
                fields=["group_batch", "id"],
                name="application_batch",
            ),
        ),
        migrations.AddField(
            model_name="groupvisit",
            name="batch",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="visits",
                to="applications.groupbatch",
            ),
        ),
        migrations.AddField(
            model_name="unitlist",
            name="added_by",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="unitlist",
            name="batch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="lists", to="applications.groupbatch"
            ),
        ),
        migrations.AddIndex(
            model_name="groupbatch",
            index=models.Index(fields=["opened_at", "id"], name="groupbatch_newest"),
        ),
        migrations.AddConstraint(
            model_name="groupbatch",
            constraint=models.UniqueConstraint(
                condition=models.Q(("closed_at", None)), fields=("employer",), name="groupbatch_one_open_per_employer"
            ),
        ),
        migrations.AddConstraint(
            model_name="groupbatch",
            constraint=models.CheckConstraint(condition=models.Q(("head_count__gt", 0)), name="groupbatch_has_heads"),
        ),
        migrations.AddConstraint(
            model_name="groupbatch",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("closed_by", None)),
                    models.Q(("closed_at__isnull", False), ("closed_by__isnull", False)),
                    _connector="OR",
                ),
                name="groupbatch_closed_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="groupvisit",
            constraint=models.UniqueConstraint(fields=("batch", "on", "phase"), name="groupvisit_once"),
        ),
        guard("applications_unitlist"),
        migrations.RunSQL(
            "CREATE SEQUENCE applications_group_batch_number", "DROP SEQUENCE applications_group_batch_number"
        ),
    ]
