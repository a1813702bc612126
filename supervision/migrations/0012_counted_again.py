"""The days so far are counted again with what they are to know now, and finished work of every month, not of the last
sixty days alone: the operations report asks for past months."""

from django.db import migrations

STEPS = ("pass-check", "submit-entry", "verify", "arbitrate", "file", "coach", "activate", "late-coach")
FINISHES = ", ".join(f"'{step}'" for step in STEPS)
EVERY_DAY_SO_FAR = """
INSERT INTO supervision_touchedday (day)
SELECT day FROM supervision_dayfigure UNION SELECT day FROM supervision_daytimes
"""
# Nobody writes an event between what is taken away and what is counted.
ALONE = "LOCK TABLE applications_event IN SHARE ROW EXCLUSIVE MODE"
WORK_SO_FAR = f"""
INSERT INTO supervision_workcount (day, step, actor_id, pieces, is_sum)
SELECT x.day, x.step, x.actor_id, count(*), TRUE
FROM (SELECT DISTINCT (at AT TIME ZONE 'Asia/Shanghai')::date AS day, step, actor_id, application_id
      FROM applications_event WHERE step IN ({FINISHES})) x
JOIN applications_application a ON a.id = x.application_id AND NOT a.is_imported
GROUP BY 1, 2, 3
"""  # noqa: S608


class Migration(migrations.Migration):
    dependencies = [("applications", "0008_running_clocks"), ("supervision", "0011_runs_of_days")]

    operations = [
        migrations.RunSQL(EVERY_DAY_SO_FAR, migrations.RunSQL.noop),
        migrations.RunSQL(
            [ALONE, "DELETE FROM supervision_workcount", WORK_SO_FAR],
            migrations.RunSQL.noop,
        ),
    ]
