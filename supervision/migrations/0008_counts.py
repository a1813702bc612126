"""What the funnel and the trend of breaches are counted from: rows that add up, written by triggers."""

import django.db.models.deletion
from django.db import migrations, models

CASES = "applications_application"
BREACHES = "supervision_breach"
# How the funnel tells cases apart: column, and what it is of a row of the cases.
FACTS = {
    "month": "date_trunc('month', {case}.created_at AT TIME ZONE 'Asia/Shanghai')::date",
    "branch_id": "{case}.branch_id",
    "host_branch_id": "{case}.host_branch_id",
    "is_referred": "{case}.referred_at IS NOT NULL",
    "is_taken_in": "{case}.taken_in_at IS NOT NULL",
    "is_entered": "{case}.entered_at IS NOT NULL",
    "is_issued": "{case}.issued_at IS NOT NULL",
    "is_activated": "{case}.activated_at IS NOT NULL",
    "is_returned": "{case}.round > 1",
    "ended_as": (
        "CASE WHEN {case}.state IN ('ACTIVATED', 'REJECTED', 'WITHDRAWN', 'EXPIRED') THEN {case}.state ELSE '' END"
    ),
}
COLUMNS = ", ".join(FACTS)


def facts_of(case: str) -> str:
    return ", ".join(fact.format(case=case) for fact in FACTS.values())


COUNT_CASE = f"""
CREATE FUNCTION supervision_count_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO supervision_casecount ({COLUMNS}, cases, is_sum) SELECT {facts_of("OLD")}, -1, FALSE;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO supervision_casecount ({COLUMNS}, cases, is_sum) SELECT {facts_of("NEW")}, 1, FALSE;
    END IF;
    RETURN NULL;
END $$
"""
# A sweep finds thousands at once: one row per day for all of them.
COUNT_BREACHES = """
CREATE FUNCTION supervision_count_breaches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO supervision_breachcount (day, breaches, is_sum)
    SELECT (due_at AT TIME ZONE 'Asia/Shanghai')::date, count(*), FALSE FROM found GROUP BY 1;
    RETURN NULL;
END $$
"""
MOVE_BREACH = """
CREATE FUNCTION supervision_move_breach() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO supervision_breachcount (day, breaches, is_sum)
    VALUES ((OLD.due_at AT TIME ZONE 'Asia/Shanghai')::date, -1, FALSE);
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO supervision_breachcount (day, breaches, is_sum)
        VALUES ((NEW.due_at AT TIME ZONE 'Asia/Shanghai')::date, 1, FALSE);
    END IF;
    RETURN NULL;
END $$
"""
TRIGGERS = (
    ("supervision_case_begun", CASES,
     f"AFTER INSERT OR DELETE ON {CASES} FOR EACH ROW EXECUTE FUNCTION supervision_count_case()"),
    ("supervision_case_came_on", CASES,
     f"AFTER UPDATE ON {CASES} FOR EACH ROW WHEN (({facts_of('OLD')}) IS DISTINCT FROM ({facts_of('NEW')})) "
     "EXECUTE FUNCTION supervision_count_case()"),
    ("supervision_breaches_found", BREACHES,
     f"AFTER INSERT ON {BREACHES} REFERENCING NEW TABLE AS found FOR EACH STATEMENT "
     "EXECUTE FUNCTION supervision_count_breaches()"),
    ("supervision_breach_moved", BREACHES,
     f"AFTER UPDATE OF due_at ON {BREACHES} FOR EACH ROW WHEN (OLD.due_at <> NEW.due_at) "
     "EXECUTE FUNCTION supervision_move_breach()"),
    ("supervision_breach_gone", BREACHES,
     f"AFTER DELETE ON {BREACHES} FOR EACH ROW EXECUTE FUNCTION supervision_move_breach()"),
)  # fmt: skip
SO_FAR = (
    f"INSERT INTO supervision_casecount ({COLUMNS}, cases, is_sum) SELECT g.*, TRUE FROM "  # noqa: S608
    f"(SELECT {facts_of('c')}, count(*) FROM {CASES} c GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10) g",
    "INSERT INTO supervision_breachcount (day, breaches, is_sum) "  # noqa: S608
    f"SELECT (due_at AT TIME ZONE 'Asia/Shanghai')::date, count(*), TRUE FROM {BREACHES} GROUP BY 1",
)


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0008_running_clocks"),
        ("supervision", "0007_cancelled_simulations"),
    ]

    operations = [
        migrations.CreateModel(
            name="BreachCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("breaches", models.IntegerField()),
                ("is_sum", models.BooleanField(default=False)),
            ],
            options={
                "verbose_name": "count of breaches",
                "verbose_name_plural": "counts of breaches",
                "indexes": [models.Index(fields=["day"], name="breachcount_day")],
            },
        ),
        migrations.CreateModel(
            name="CaseCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("is_referred", models.BooleanField()),
                ("is_taken_in", models.BooleanField()),
                ("is_entered", models.BooleanField()),
                ("is_issued", models.BooleanField()),
                ("is_activated", models.BooleanField()),
                ("is_returned", models.BooleanField()),
                ("ended_as", models.CharField(blank=True, max_length=12)),
                ("cases", models.IntegerField()),
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
                    "host_branch",
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
                "verbose_name": "count of cases",
                "verbose_name_plural": "counts of cases",
                "indexes": [
                    models.Index(fields=["month"], name="casecount_month"),
                    models.Index(condition=models.Q(("is_sum", False)), fields=["month"], name="casecount_changes"),
                ],
            },
        ),
        migrations.RunSQL(COUNT_CASE, "DROP FUNCTION supervision_count_case()"),
        migrations.RunSQL(COUNT_BREACHES, "DROP FUNCTION supervision_count_breaches()"),
        migrations.RunSQL(MOVE_BREACH, "DROP FUNCTION supervision_move_breach()"),
        *(
            migrations.RunSQL(f"CREATE TRIGGER {name} {what}", f"DROP TRIGGER {name} ON {table}")
            for name, table, what in TRIGGERS
        ),
        *(migrations.RunSQL(statement, migrations.RunSQL.noop) for statement in SO_FAR),
    ]
