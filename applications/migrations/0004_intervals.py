"""Every interval of a clock run is a row of its own, running or paused; what was kept as pauses is laid out so."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

from ops_center.kernel.worktime import Day, Mode, WorkCalendar, minutes_between

# Working time at a point of a run is measured from its start, so that the minutes of its intervals add up.
PAUSED = """
INSERT INTO applications_clockinterval (clock_id, since, until, pause, minutes, minutes_left, due_before)
SELECT clock_id, paused_at, resumed_at, reason, CASE WHEN resumed_at IS NOT NULL THEN 0 END,
       greatest(coalesce(minutes_left, 0), 0), due_before
FROM applications_clockpause;
"""
RAN = """
INSERT INTO applications_clockinterval (clock_id, since, until, pause, minutes)
SELECT r.clock_id, r.since, coalesce(r.next, c.stopped_at),
       '', CASE WHEN coalesce(r.next, c.stopped_at) IS NOT NULL THEN 0 END
FROM (SELECT id AS clock_id, started_at AS since,
             (SELECT min(p.paused_at) FROM applications_clockpause p WHERE p.clock_id = k.id) AS next
      FROM applications_caseclock k
      UNION ALL
      SELECT clock_id, resumed_at, lead(paused_at) OVER (PARTITION BY clock_id ORDER BY paused_at, id)
      FROM applications_clockpause) r
JOIN applications_caseclock c ON c.id = r.clock_id
WHERE r.since IS NOT NULL AND (r.since = c.started_at OR r.next IS NOT NULL OR r.since IS DISTINCT FROM c.stopped_at);
"""
CHECKED = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED;"
AS_PAUSES = """
INSERT INTO applications_clockpause (clock_id, paused_at, resumed_at, reason, minutes_left, due_before)
SELECT clock_id, since, until, pause, minutes_left, due_before FROM applications_clockinterval WHERE pause <> '';
"""
BATCH = 5000


def measure(apps: Any, schema_editor: Any) -> None:
    """The minutes of every interval that has ended, and what was left of the limit at every pause."""
    connection = schema_editor.connection
    days = apps.get_model("organization", "CalendarDay").objects.values_list("on", "is_workday", "name")
    calendar = WorkCalendar([Day(on=on, is_workday=is_workday, name=name) for on, is_workday, name in days])
    intervals = apps.get_model("applications", "ClockInterval").objects.exclude(until=None, pause="").order_by("id")
    rows = intervals.values_list(
        "id", "since", "until", "due_before", "clock__started_at", "clock__policy__mode"
    ).iterator(BATCH)

    def measured() -> Iterator[tuple[int, int | None, int | None]]:
        for key, since, until, due, started, kept in rows:
            mode = Mode(kept or Mode.WORKDAYS_EOD)
            before = minutes_between(started, since, mode, calendar)
            yield (
                key,
                minutes_between(started, until, mode, calendar) - before if until else None,
                minutes_between(since, due, mode, calendar) if due else None,
            )

    source = measured()
    with connection.cursor() as cursor:
        while batch := list(islice(source, BATCH)):
            cursor.execute(
                "UPDATE applications_clockinterval i SET minutes = w.minutes, minutes_left = w.minutes_left "
                "FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS w(id, minutes, minutes_left) WHERE i.id = w.id",
                [list(column) for column in zip(*batch, strict=True)],
            )


class Migration(migrations.Migration):
    dependencies = [("applications", "0003_custody")]

    operations = [
        migrations.CreateModel(
            name="ClockInterval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField(verbose_name="from")),
                ("until", models.DateTimeField(null=True, verbose_name="until")),
                (
                    "pause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("BRANCH", "Waits for the branch"),
                            ("CUSTOMER", "Waits for the client"),
                            ("HEAD_OFFICE", "Waits for head office"),
                            ("OUTAGE", "Declared outage"),
                        ],
                        max_length=16,
                        verbose_name="paused for",
                    ),
                ),
                ("minutes", models.PositiveIntegerField(null=True, verbose_name="minutes")),
                ("minutes_left", models.PositiveIntegerField(null=True, verbose_name="minutes left")),
                ("due_before", models.DateTimeField(null=True)),
                (
                    "clock",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="intervals",
                        to="applications.caseclock",
                    ),
                ),
            ],
            options={
                "verbose_name": "interval of a clock",
                "verbose_name_plural": "intervals of clocks",
                "ordering": ["since", F("until").asc(nulls_last=True), "id"],
                "indexes": [models.Index(fields=["clock", "since"], name="clockinterval_clock")],
                "constraints": [
                    models.UniqueConstraint(fields=["clock"], condition=Q(until=None), name="clockinterval_one_open"),
                    models.CheckConstraint(
                        condition=Q(until=None) | Q(until__gte=F("since")), name="clockinterval_forward"
                    ),
                    models.CheckConstraint(
                        condition=Q(until=None, minutes=None) | Q(until__isnull=False, minutes__isnull=False),
                        name="clockinterval_measured_at_its_end",
                    ),
                    models.CheckConstraint(
                        condition=Q(pause="", minutes_left=None, due_before=None)
                        | (~Q(pause="") & Q(minutes_left__isnull=False, due_before__isnull=False)),
                        name="clockinterval_pause_knows_the_deadline",
                    ),
                ],
            },
        ),
        migrations.RunSQL(PAUSED, AS_PAUSES + CHECKED),
        migrations.RunSQL(RAN + CHECKED, migrations.RunSQL.noop),
        migrations.RunPython(measure, migrations.RunPython.noop),
        migrations.DeleteModel(name="ClockPause"),
        # The open interval of a run is closed in place: leave room on its page.
        migrations.RunSQL(
            "ALTER TABLE applications_clockinterval SET (fillfactor = 85)",
            "ALTER TABLE applications_clockinterval RESET (fillfactor)",
        ),
    ]
