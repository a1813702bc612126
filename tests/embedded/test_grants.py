"""What the role of web and worker may do, tried as that role."""

from __future__ import annotations

import psycopg2
import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

pytestmark = pytest.mark.django_db

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


def rights_of(dsn_connection, table: str) -> set[str]:
    with dsn_connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM unnest(%s) AS name WHERE has_table_privilege(%s, name)",
            [list(RIGHTS), f'public."{table}"'],
        )
        return {name for (name,) in cursor.fetchall()}


def tables(*, append_only: bool) -> dict[str, str]:
    """The tables of one kind, each with its key column."""
    present = set(connection.introspection.table_names())
    return {
        model._meta.db_table: model._meta.pk.column
        for model in apps.get_models(include_auto_created=True)
        if getattr(model, "append_only", False) == append_only and model._meta.db_table in present
    }


def test_the_runtime_role_reads_and_writes_ordinary_tables_and_owns_nothing(runtime_connection) -> None:
    ordinary = tables(append_only=False)
    assert ordinary
    assert {table: rights_of(runtime_connection, table) for table in ordinary} == {
        table: {"SELECT", "INSERT", "UPDATE", "DELETE"} for table in ordinary
    }
    with runtime_connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False, False)


def test_the_runtime_role_may_only_add_to_append_only_tables(runtime_connection) -> None:
    sealed = tables(append_only=True)
    assert sealed
    assert {table: rights_of(runtime_connection, table) for table in sealed} == {
        table: {"SELECT", "INSERT"} for table in sealed
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {key} = {key}",
        "DELETE FROM {table}",
        "TRUNCATE {table}",
        "ALTER TABLE {table} DISABLE TRIGGER ALL",
        "DROP TABLE {table}",
    ],
)
def test_the_runtime_role_cannot_rewrite_an_append_only_table(runtime_connection, statement: str) -> None:
    for table, key in tables(append_only=True).items():
        with pytest.raises(psycopg2.errors.InsufficientPrivilege), runtime_connection.cursor() as cursor:
            cursor.execute(statement.format(table=f'"{table}"', key=f'"{key}"'))
        runtime_connection.rollback()


def test_the_runtime_role_may_not_make_tables(runtime_connection) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), runtime_connection.cursor() as cursor:
        cursor.execute("CREATE TABLE sneaked_in (id int)")


def test_granting_twice_changes_nothing(runtime_connection) -> None:
    def rights() -> list[tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT relname, relacl::text FROM pg_class WHERE relnamespace = 'public'::regnamespace")
            return sorted(cursor.fetchall())

    before = rights()
    call_command("grants", role="ops_app", verbosity=0)
    assert rights() == before


def test_granting_to_the_owner_itself_is_refused_with_the_way_out() -> None:
    with pytest.raises(CommandError, match="OWNER_DATABASE_URL"):
        call_command("grants", role="ops_owner")
