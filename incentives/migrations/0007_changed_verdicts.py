"""A verdict that changes after the activation puts its case into a queue: what was booked follows the clock."""

from importlib import import_module

import django.db.models.deletion
from django.db import migrations, models

ASKED = import_module("incentives.migrations.0002_guards").ASKED

# A clock that had ended, and ends otherwise by now. Before the activation nothing is booked; what waits for its verdict
# then reads the clocks as they are.
QUEUE = """
CREATE FUNCTION incentives_verdict_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO incentives_changedverdict (application_id)
    SELECT id FROM applications_application
    WHERE id = NEW.application_id AND activated_at IS NOT NULL AND NOT is_imported;
    RETURN NULL;
END $$;

CREATE TRIGGER incentives_verdict_changed AFTER UPDATE OF outcome ON applications_caseclock
    FOR EACH ROW WHEN (OLD.outcome <> '' AND NEW.outcome <> OLD.outcome)
    EXECUTE FUNCTION incentives_verdict_changed()
"""
DROP_QUEUE = """
DROP TRIGGER incentives_verdict_changed ON applications_caseclock;
DROP FUNCTION incentives_verdict_changed()
"""

# What was exempt after its timeliness had been booked, before there was a queue.
FORMER = """
INSERT INTO incentives_changedverdict (application_id)
SELECT DISTINCT e.assessment_id FROM incentives_rewardentry e
JOIN applications_caseclock c ON c.application_id = e.assessment_id AND c.outcome = 'EXEMPT'
WHERE e.kind = 'TIMELINESS'
"""

# A line that was paid for its clock is taken back without anybody's request when the clock ends otherwise.
BEFORE = ASKED[: ASKED.index("CREATE CONSTRAINT TRIGGER")].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
SINCE = BEFORE.replace(
    "ELSE EXISTS (\n            SELECT FROM incentives_reversal r",
    """ELSE (NEW.why = 'RETIMED' AND EXISTS (
            SELECT FROM incentives_rewardentry e WHERE e.id = NEW.mirrors_id AND e.kind = 'TIMELINESS')
        ) OR EXISTS (
            SELECT FROM incentives_reversal r""",
)


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0007_recounts"),
        ("incentives", "0006_payout_payees"),
    ]

    operations = [
        migrations.AlterField(
            model_name="rewardentry",
            name="why",
            field=models.CharField(
                blank=True,
                choices=[
                    ("WALK_IN", "Nobody referred: the referral share is the collector's"),
                    ("SELF_SERVICE", "Path A: the tracking share is the customer manager's"),
                    ("OWN_CARD", "Own card: the referral share goes to the pool"),
                    ("CUSTOMER", "Referred by a customer: paid as points or a gift"),
                    ("CUSTOMER_REST", "What the customer's fixed reward leaves of the referral share"),
                    ("NOT_QUALIFIED", "The referrer had no valid qualification on the day of the referral"),
                    ("QUALIFICATION_LAPSED", "The qualification had expired on the day of the activation"),
                    ("NO_COACHING", "Activated without coaching: held for 15 days"),
                    ("NO_PERFORMER", "Nobody performed this stage"),
                    ("COACHED", "Released: the coaching was recorded in time"),
                    ("RENEWED", "Released: the qualification was renewed in time"),
                    ("NOT_COACHED", "No coaching within 15 days of the activation"),
                    ("NOT_RENEWED", "Qualification not renewed within 30 days of the activation"),
                    ("AWAITS_SPEND", "Waits for the first spend of the card"),
                    ("SPENT", "Released: the card was used in time"),
                    ("NOT_SPENT", "The card was not used in time"),
                    ("ON_TIME", "In time: bonus on the share"),
                    ("LATE", "Late without a valid explanation"),
                    ("EXPLANATION_OPEN", "Late: the explanation is still open"),
                    ("EXPLAINED", "Released: the explanation was accepted"),
                    ("RETIMED", "Counted again: the clock ends otherwise than it was booked"),
                    ("CAP_LAPSED", "Lapsed: above the monthly cap of penalties"),
                    ("CROSS_SOLD", "Another product sold in the coaching call"),
                    ("ADJUSTED", "Correction, approved by a second person"),
                    ("VOIDED", "Voided before payment: to the pool"),
                    ("FRAUD", "Claw-back: fraud or false documents"),
                    ("CANCELLED_UNUSED", "Claw-back: card cancelled without use"),
                    ("DUPLICATE", "Claw-back: duplicate"),
                    ("COMPLAINT", "Claw-back: complaint about the sale upheld"),
                ],
                max_length=24,
                verbose_name="reason",
            ),
        ),
        migrations.CreateModel(
            name="ChangedVerdict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "application",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="applications.application",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(QUEUE, DROP_QUEUE),
        migrations.RunSQL(FORMER, migrations.RunSQL.noop),
        migrations.RunSQL(SINCE, BEFORE),
    ]
