"""What the boards count of days that are over, and the queue of days of which something has to be counted."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

# Every change of a clock that has stopped names its day; when a correction moves the stop, the day before it too.
TOUCH = """
CREATE FUNCTION supervision_touch_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.stopped_at IS DISTINCT FROM NEW.stopped_at AND OLD.stopped_at IS NOT NULL THEN
        INSERT INTO supervision_touchedday (day) VALUES ((OLD.stopped_at AT TIME ZONE 'Asia/Shanghai')::date);
    END IF;
    IF NEW.stopped_at IS NOT NULL THEN
        INSERT INTO supervision_touchedday (day) VALUES ((NEW.stopped_at AT TIME ZONE 'Asia/Shanghai')::date);
    END IF;
    RETURN NULL;
END $$
"""
# A case that moves to another branch takes its clocks along.
TOUCH_BRANCH = """
CREATE FUNCTION supervision_touch_branch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO supervision_touchedday (day)
    SELECT DISTINCT (stopped_at AT TIME ZONE 'Asia/Shanghai')::date FROM applications_caseclock
    WHERE application_id = NEW.id AND stopped_at IS NOT NULL;
    RETURN NULL;
END $$
"""
TRIGGERS = (
    ("supervision_stopped_at_once", "applications_caseclock",
     "AFTER INSERT ON applications_caseclock FOR EACH ROW WHEN (NEW.stopped_at IS NOT NULL) "
     "EXECUTE FUNCTION supervision_touch_day()"),
    ("supervision_stopped", "applications_caseclock",
     "AFTER UPDATE ON applications_caseclock FOR EACH ROW "
     "WHEN (NEW.stopped_at IS NOT NULL OR OLD.stopped_at IS NOT NULL) EXECUTE FUNCTION supervision_touch_day()"),
    ("supervision_moved", "applications_application",
     "AFTER UPDATE OF branch_id ON applications_application FOR EACH ROW "
     "WHEN (OLD.branch_id IS DISTINCT FROM NEW.branch_id) EXECUTE FUNCTION supervision_touch_branch()"),
)  # fmt: skip
EVERY_DAY_SO_FAR = """
INSERT INTO supervision_touchedday (day)
SELECT DISTINCT (stopped_at AT TIME ZONE 'Asia/Shanghai')::date FROM applications_caseclock WHERE stopped_at IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0003_custody"),
        ("supervision", "0002_oversight"),
    ]

    operations = [
        migrations.CreateModel(
            name="DayFigure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
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
                    "outcome",
                    models.CharField(
                        choices=[
                            ("ON_TIME", "On time"),
                            ("RETURNED_IN_TIME", "Returned in time"),
                            ("RETURNED_LATE", "Returned late"),
                            ("LATE_PENDING", "Late, explanation open"),
                            ("LATE", "Late"),
                            ("LATE_JUSTIFIED", "Late, explanation accepted"),
                            ("LATE_QUEUE", "Late in the queue"),
                            ("EXEMPT", "Exempt"),
                            ("VOID", "Void"),
                        ],
                        max_length=16,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[("BANK", "Bank"), ("BRANCH", "Branch"), ("PERSON", "Person")], max_length=6
                    ),
                ),
                ("key", models.BigIntegerField()),
                ("clocks", models.PositiveIntegerField(verbose_name="clocks")),
                ("first_pass", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "figure of a day",
                "verbose_name_plural": "figures of days",
                "indexes": [
                    models.Index(fields=["scope", "key", "day"], name="dayfigure_of_one"),
                    models.Index(fields=["day"], name="dayfigure_day"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("scope", "kind", "day", "key", "outcome"), name="dayfigure_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="PeriodTimes",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.CharField(max_length=7)),
                ("until", models.DateField()),
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
                    "part",
                    models.CharField(
                        choices=[
                            ("GROSS", "Total, pauses in"),
                            ("NET", "Total, pauses out"),
                            ("WAIT", "Wait"),
                            ("WORK", "Handling"),
                        ],
                        max_length=5,
                    ),
                ),
                ("median", models.PositiveIntegerField()),
                ("p90", models.PositiveIntegerField()),
                ("clocks", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name": "times of a period",
                "verbose_name_plural": "times of periods",
                "constraints": [
                    models.UniqueConstraint(fields=("period", "kind", "part"), name="periodtimes_once"),
                    models.CheckConstraint(
                        condition=models.Q(("p90__gte", models.F("median"))), name="periodtimes_in_order"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TouchedDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
            ],
            options={
                "indexes": [models.Index(fields=["day"], name="touchedday_day")],
            },
        ),
        migrations.CreateModel(
            name="DayTimes",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(verbose_name="day")),
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
                ("gross", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ("net", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ("wait", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
                ("work", django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
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
            ],
            options={
                "verbose_name": "times of a day",
                "verbose_name_plural": "times of days",
                "indexes": [
                    models.Index(fields=["day"], name="daytimes_day"),
                    models.Index(fields=["branch", "day"], name="daytimes_branch"),
                ],
            },
        ),
        migrations.RunSQL(TOUCH, "DROP FUNCTION supervision_touch_day()"),
        migrations.RunSQL(TOUCH_BRANCH, "DROP FUNCTION supervision_touch_branch()"),
        *(
            migrations.RunSQL(f"CREATE TRIGGER {name} {what}", f"DROP TRIGGER {name} ON {table}")
            for name, table, what in TRIGGERS
        ),
        migrations.RunSQL(EVERY_DAY_SO_FAR, migrations.RunSQL.noop),
    ]
