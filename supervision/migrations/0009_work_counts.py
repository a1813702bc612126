"""What the center has finished, as rows that add up: the capacity board reads days, not their events."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

EVENTS = "applications_event"
STEPS = ("pass-check", "submit-entry", "verify", "arbitrate", "file", "coach", "activate", "late-coach")
FINISHES = ", ".join(f"'{step}'" for step in STEPS)
DAY = "({event}.at AT TIME ZONE 'Asia/Shanghai')::date"
# A case counts once for a person, a day and a step, however often it came back; imported ones were not done here.
PIECES = f"""
    SELECT x.day, x.step, x.actor_id, count(*)
    FROM (SELECT {DAY.format(event="n")} AS day, n.step, n.actor_id, n.application_id, min(n.seq) AS seq
          FROM {{written}} n WHERE n.step IN ({FINISHES}) GROUP BY 1, 2, 3, 4) x
    JOIN applications_application a ON a.id = x.application_id AND NOT a.is_imported
    WHERE NOT EXISTS (
        SELECT FROM {EVENTS} e
        WHERE e.application_id = x.application_id AND e.seq < x.seq AND e.step = x.step
          AND e.actor_id IS NOT DISTINCT FROM x.actor_id AND {DAY.format(event="e")} = x.day
    )
    GROUP BY 1, 2, 3
"""  # noqa: S608
COUNT_WORK = f"""
CREATE FUNCTION supervision_count_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO supervision_workcount (day, step, actor_id, pieces, is_sum)
    SELECT p.*, FALSE FROM ({PIECES.format(written="written")}) p;
    RETURN NULL;
END $$
"""  # noqa: S608
TRIGGER = f"""
CREATE TRIGGER supervision_work_done AFTER INSERT ON {EVENTS} REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION supervision_count_work()
"""
# The board looks a few working days back; older days are nobody's question.
LATELY = f"(SELECT * FROM {EVENTS} WHERE at >= now() - interval '60 days')"  # noqa: S608
SO_FAR = f"""
INSERT INTO supervision_workcount (day, step, actor_id, pieces, is_sum)
SELECT p.*, TRUE FROM ({PIECES.format(written=LATELY)}) p
"""  # noqa: S608


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0008_running_clocks"),
        ("supervision", "0008_counts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WorkCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("step", models.CharField(max_length=24)),
                ("pieces", models.IntegerField()),
                ("is_sum", models.BooleanField(default=False)),
                (
                    "actor",
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
                "verbose_name": "count of work",
                "verbose_name_plural": "counts of work",
                "indexes": [models.Index(fields=["day"], name="workcount_day")],
            },
        ),
        migrations.RunSQL(COUNT_WORK, "DROP FUNCTION supervision_count_work()"),
        migrations.RunSQL(TRIGGER, f"DROP TRIGGER supervision_work_done ON {EVENTS}"),
        migrations.RunSQL(SO_FAR, migrations.RunSQL.noop),
    ]
