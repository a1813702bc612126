"""Whose the minutes of delays were, kept once a clock has stopped; and their sums by day, as rows that add up."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

BREACHES, CHARGES = "supervision_breach", "supervision_breachcharge"
CLOCKS, INTERVALS = "applications_caseclock", "applications_clockinterval"
# What was found, or fell due on another day, is to be charged; and again what decides about it after the clock stopped.
CHARGE_FOUND = """
CREATE FUNCTION supervision_charge_found() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO supervision_unchargedbreach (breach_id, clock_id, is_again)
    SELECT id, clock_id, FALSE FROM found ORDER BY id;
    RETURN NULL;
END $$
"""
CHARGE_MOVED = """
CREATE FUNCTION supervision_charge_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO supervision_unchargedbreach (breach_id, clock_id, is_again) VALUES (NEW.id, NEW.clock_id, TRUE);
    RETURN NULL;
END $$
"""
CHARGE_CLOCK_AGAIN = f"""
CREATE FUNCTION supervision_charge_clock_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO supervision_unchargedbreach (breach_id, clock_id, is_again)
    SELECT id, clock_id, TRUE FROM {BREACHES} WHERE clock_id = NEW.id;
    RETURN NULL;
END $$
"""  # noqa: S608
CHARGE_RUN_AGAIN = f"""
CREATE FUNCTION supervision_charge_run_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO supervision_unchargedbreach (breach_id, clock_id, is_again)
    SELECT id, clock_id, TRUE FROM {BREACHES}
    WHERE clock_id = CASE TG_OP WHEN 'DELETE' THEN OLD.clock_id ELSE NEW.clock_id END;
    RETURN NULL;
END $$
"""  # noqa: S608
ADD_UP = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO supervision_delaycount (day, kind, holder, person_id, branch_id, minutes, is_sum)
    SELECT day, kind, holder, person_id, branch_id, {minutes}, FALSE FROM {rows} GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END $$
"""
FUNCTIONS = {
    "supervision_charge_found": CHARGE_FOUND,
    "supervision_charge_moved": CHARGE_MOVED,
    "supervision_charge_clock_again": CHARGE_CLOCK_AGAIN,
    "supervision_charge_run_again": CHARGE_RUN_AGAIN,
    "supervision_add_delays": ADD_UP.format(name="supervision_add_delays", minutes="sum(minutes)", rows="kept"),
    "supervision_take_delays": ADD_UP.format(name="supervision_take_delays", minutes="-sum(minutes)", rows="gone"),
}
TRIGGERS = (
    ("supervision_breaches_to_charge", BREACHES,
     f"AFTER INSERT ON {BREACHES} REFERENCING NEW TABLE AS found FOR EACH STATEMENT "
     "EXECUTE FUNCTION supervision_charge_found()"),
    ("supervision_breach_to_charge", BREACHES,
     f"AFTER UPDATE OF due_at ON {BREACHES} FOR EACH ROW WHEN (OLD.due_at <> NEW.due_at) "
     "EXECUTE FUNCTION supervision_charge_moved()"),
    ("supervision_clock_to_charge", CLOCKS,
     f"AFTER UPDATE OF due_at, stopped_at ON {CLOCKS} FOR EACH ROW WHEN (OLD.stopped_at IS NOT NULL "
     "AND (OLD.due_at <> NEW.due_at OR OLD.stopped_at IS DISTINCT FROM NEW.stopped_at)) "
     "EXECUTE FUNCTION supervision_charge_clock_again()"),
    # A run that goes on ends its row and begins another without an end: no step comes here.
    ("supervision_run_to_charge", INTERVALS,
     f"AFTER UPDATE OF since, until, pause ON {INTERVALS} FOR EACH ROW WHEN (OLD.until IS NOT NULL "
     "AND (OLD.since, OLD.until, OLD.pause) IS DISTINCT FROM (NEW.since, NEW.until, NEW.pause)) "
     "EXECUTE FUNCTION supervision_charge_run_again()"),
    ("supervision_new_run_to_charge", INTERVALS,
     f"AFTER INSERT ON {INTERVALS} FOR EACH ROW WHEN (NEW.until IS NOT NULL) "
     "EXECUTE FUNCTION supervision_charge_run_again()"),
    ("supervision_no_run_to_charge", INTERVALS,
     f"AFTER DELETE ON {INTERVALS} FOR EACH ROW WHEN (OLD.until IS NOT NULL) "
     "EXECUTE FUNCTION supervision_charge_run_again()"),
    ("supervision_charges_kept", CHARGES,
     f"AFTER INSERT ON {CHARGES} REFERENCING NEW TABLE AS kept FOR EACH STATEMENT "
     "EXECUTE FUNCTION supervision_add_delays()"),
    ("supervision_charges_gone", CHARGES,
     f"AFTER DELETE ON {CHARGES} REFERENCING OLD TABLE AS gone FOR EACH STATEMENT "
     "EXECUTE FUNCTION supervision_take_delays()"),
)  # fmt: skip
SO_FAR = (
    "INSERT INTO supervision_unchargedbreach (breach_id, clock_id, is_again) "  # noqa: S608
    f"SELECT id, clock_id, FALSE FROM {BREACHES} ORDER BY id"
)


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0009_withdrawn_outages"),
        ("organization", "0005_calendar_guard"),
        ("supervision", "0009_work_counts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BreachCharge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("REF_ACCEPT", "Accept the referral"),
                            ("REF_CONTACT", "First contact"),
                            ("DISPATCH", "Dispatch on the day"),
                            ("TRANSIT", "In transit"),
                            ("CHECK", "Credit check"),
                            ("ENTRY", "Central entry"),
                            ("FILE", "Number and file"),
                            ("ISSUE", "Track to issue"),
                            ("PROBLEM_ACT", "First act on a problem"),
                            ("PROBLEM_CLOSE", "Close the problem"),
                            ("SUPPLEMENT", "Supplement after a return"),
                            ("CONTACT", "First contact after issue"),
                            ("COACH", "Usage coaching"),
                            ("ACTIVATE", "Activation"),
                            ("REGISTER", "Performance registration"),
                            ("CERTIFY", "Performance certification"),
                            ("PAY", "Payout"),
                            ("JUSTIFY", "Explanation"),
                            ("COMPLAINT_REPLY", "First reply to a complaint"),
                            ("COMPLAINT_CLOSE", "Close a complaint"),
                        ],
                        max_length=16,
                        verbose_name="clock",
                    ),
                ),
                (
                    "holder",
                    models.CharField(
                        blank=True,
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
                ("minutes", models.PositiveIntegerField()),
                (
                    "branch",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organization.branch",
                    ),
                ),
                (
                    "breach",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="kept_charges",
                        to="supervision.breach",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "charge of a breach",
                "verbose_name_plural": "charges of breaches",
            },
        ),
        migrations.CreateModel(
            name="DelayCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("kind", models.CharField(max_length=16)),
                ("holder", models.CharField(blank=True, max_length=12)),
                ("minutes", models.IntegerField()),
                ("is_sum", models.BooleanField(default=False)),
                (
                    "branch",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="organization.branch",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "count of delays",
                "verbose_name_plural": "counts of delays",
            },
        ),
        migrations.CreateModel(
            name="UnchargedBreach",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "breach",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="supervision.breach"
                    ),
                ),
                (
                    "clock",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="applications.caseclock",
                    ),
                ),
                ("is_again", models.BooleanField()),
            ],
            options={
                "verbose_name": "breach to be charged",
                "verbose_name_plural": "breaches to be charged",
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_again", True)), fields=["breach"], name="unchargedbreach_again"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="breach",
            index=models.Index(fields=["branch", "due_at"], name="breach_branch_due"),
        ),
        migrations.AddIndex(
            model_name="breachcharge",
            index=models.Index(fields=["holder", "kind", "day"], name="breachcharge_holder"),
        ),
        migrations.AddIndex(
            model_name="breachcharge",
            index=models.Index(
                condition=models.Q(("person", None), _negated=True),
                fields=["person", "day"],
                name="breachcharge_person",
            ),
        ),
        migrations.AddIndex(
            model_name="breachcharge",
            index=models.Index(
                condition=models.Q(("branch", None), _negated=True),
                fields=["branch", "day"],
                name="breachcharge_branch",
            ),
        ),
        migrations.AddIndex(
            model_name="delaycount",
            index=models.Index(fields=["day"], name="delaycount_day"),
        ),
        *(migrations.RunSQL(text, f"DROP FUNCTION {name}()") for name, text in FUNCTIONS.items()),
        *(
            migrations.RunSQL(f"CREATE TRIGGER {name} {what}", f"DROP TRIGGER {name} ON {table}")
            for name, table, what in TRIGGERS
        ),
        migrations.RunSQL(SO_FAR, migrations.RunSQL.noop),
    ]
