"""退票: a payment that was answered as paid and that the bank returns later. Of all answers this is the only one that
may follow another."""

from django.db import migrations, models

FIXED = """
DROP TRIGGER incentives_payoutbalance_fixed ON incentives_payoutbalance;
CREATE TRIGGER incentives_payoutbalance_fixed BEFORE UPDATE ON incentives_payoutbalance FOR EACH ROW
    WHEN ({is_answered}
          OR ROW(OLD.batch_id, OLD.payee_id, OLD.due_fen, OLD.brought_fen, OLD.paid_fen, OLD.carried_fen)
             IS DISTINCT FROM
             ROW(NEW.batch_id, NEW.payee_id, NEW.due_fen, NEW.brought_fen, NEW.paid_fen, NEW.carried_fen))
    EXECUTE FUNCTION ops_refuse_rewrite()
"""
ONCE = "OLD.fate <> 'OPEN'"
ONCE_OR_BOUNCED = """NOT (OLD.fate = 'OPEN' AND NEW.fate <> 'BOUNCED' OR OLD.fate = 'PAID' AND NEW.fate = 'BOUNCED')"""

CAME_BACK = """
CREATE OR REPLACE FUNCTION incentives_refusal_was_answered() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bare bigint;
BEGIN
    SELECT a.id INTO bare
    FROM after a JOIN before b ON b.id = a.id AND a.is_refused AND NOT b.is_refused
    JOIN incentives_rewardentry e ON e.id = a.entry_id
    LEFT JOIN incentives_payoutbalance s
           ON s.batch_id = a.batch_id AND s.payee_id = e.payee_id AND s.fate IN ({fates})
    WHERE s.id IS NULL OR a.sheet <> 'hr'
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the payment of line % was not refused', bare USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("incentives", "0003_payout_guards")]

    operations = [
        migrations.AlterField(
            "payoutbalance",
            "fate",
            models.CharField(
                choices=[
                    ("OPEN", "Not answered yet"),
                    ("PAID", "Paid"),
                    ("REFUSED", "Refused"),
                    ("BOUNCED", "Bounced"),
                ],
                default="OPEN",
                max_length=7,
                verbose_name="answer",
            ),
        ),
        migrations.AlterField(
            "payoutreturnrow",
            "fate",
            models.CharField(
                choices=[
                    ("PAID", "Paid"),
                    ("REFUSED", "Refused"),
                    ("BOUNCED", "Bounced"),
                    ("DONE_BEFORE", "Answered before"),
                    ("UNKNOWN", "Unknown"),
                ],
                max_length=11,
                verbose_name="fate",
            ),
        ),
        migrations.RunSQL(FIXED.format(is_answered=ONCE_OR_BOUNCED), FIXED.format(is_answered=ONCE)),
        migrations.RunSQL(CAME_BACK.format(fates="'REFUSED', 'BOUNCED'"), CAME_BACK.format(fates="'REFUSED'")),
    ]
