"""Who the payees of a batch were when it was made; of the batches that stand, who they are now."""

from importlib import import_module

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

guard = import_module("organization.migrations.0002_append_only").guard

THOSE_THAT_STAND = """
    INSERT INTO incentives_payoutpayee (batch_id, payee_id, name, branch, posts, employment, vendor)
    SELECT w.batch_id, p.id, p.name, b.name,
           coalesce((SELECT string_agg(DISTINCT r.role, ' ') FROM organization_roleassignment r
                     WHERE r.employee_id = p.id AND r.starts_on <= w.day
                       AND (r.ends_on IS NULL OR r.ends_on >= w.day)),
                    CASE p.employment WHEN 'REGULAR' THEN 'EMP' ELSE '' END),
           p.employment, p.vendor
    FROM (SELECT DISTINCT l.batch_id, e.payee_id, (m.made_at AT TIME ZONE 'Asia/Shanghai')::date AS day
          FROM incentives_payoutline l
          JOIN incentives_payoutbatch m ON m.id = l.batch_id
          JOIN incentives_rewardentry e ON e.id = l.entry_id AND e.payee_id IS NOT NULL) w
    JOIN organization_employee p ON p.id = w.payee_id
    JOIN organization_branch b ON b.id = p.branch_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("incentives", "0005_complaint_holds"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PayoutPayee",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, verbose_name="name")),
                ("branch", models.CharField(max_length=40, verbose_name="branch")),
                ("posts", models.CharField(blank=True, max_length=100, verbose_name="posts")),
                (
                    "employment",
                    models.CharField(
                        choices=[("REGULAR", "Regular"), ("OUTSOURCED", "Outsourced"), ("RETIREE", "Retiree")],
                        max_length=12,
                        verbose_name="employment",
                    ),
                ),
                ("vendor", models.CharField(blank=True, max_length=40, verbose_name="vendor")),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payees",
                        to="incentives.payoutbatch",
                    ),
                ),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"verbose_name": "payee of a batch", "verbose_name_plural": "payees of a batch"},
        ),
        migrations.AddConstraint(
            model_name="payoutpayee",
            constraint=models.UniqueConstraint(fields=("batch", "payee"), name="payoutpayee_once"),
        ),
        migrations.RunSQL(THOSE_THAT_STAND, migrations.RunSQL.noop),
        guard("incentives_payoutpayee"),
        migrations.RunSQL(
            "CREATE TRIGGER incentives_payoutpayee_sealed AFTER INSERT ON incentives_payoutpayee "
            "REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION incentives_batch_sealed()",
            "DROP TRIGGER incentives_payoutpayee_sealed ON incentives_payoutpayee",
        ),
    ]
