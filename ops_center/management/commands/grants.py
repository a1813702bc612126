from __future__ import annotations

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg2 import sql

from ops_center.management.owner import as_owner


class Command(BaseCommand):
    """Gives the role that web, worker and beat connect as exactly what they need. Running it again changes nothing.

    Ordinary tables: SELECT, INSERT, UPDATE, DELETE. Tables of models marked ``append_only = True``: SELECT and INSERT,
    so that not even a hole in our own code can rewrite an event or a reward. Tables without a model: SELECT.
    """

    help = "Grants the runtime role its rights on every table; run it after every migrate."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", help="the runtime role (default: the user of DATABASE_URL)")

    def handle(self, *args: Any, **options: Any) -> None:
        runtime = settings.DATABASES["default"]
        role = str(options["role"] or runtime["USER"])
        with as_owner(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            if cursor.fetchone() == (role,):
                raise CommandError(f"{role} owns the tables: set OWNER_DATABASE_URL to the owner's, or name --role")
            _make_sure_of(cursor, role, str(runtime["PASSWORD"]) if role == runtime["USER"] else "")
            tables = set(connection.introspection.table_names(cursor))
            models = apps.get_models(include_auto_created=True)
            known = {model._meta.db_table for model in models} & tables
            sealed = {model._meta.db_table for model in models if getattr(model, "append_only", False)} & tables
            _say(cursor, "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}", role)
            _say(cursor, "GRANT USAGE ON SCHEMA public TO {}", role)
            _say(cursor, "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}", role)
            _grant(cursor, role, "SELECT, INSERT, UPDATE, DELETE", known - sealed)
            _grant(cursor, role, "SELECT, INSERT", sealed)
            _grant(cursor, role, "SELECT", tables - known)
        if options["verbosity"]:
            self.stderr.write(f"{role}: {len(known - sealed)} tables to write, {len(sealed)} to append to")


def _make_sure_of(cursor: CursorWrapper, role: str, password: str) -> None:
    """Creates the role when the server lacks it and the owner may (a fresh container); else the server says why not."""
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    if not cursor.fetchone():
        statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
        cursor.execute(statement)


def _grant(cursor: CursorWrapper, role: str, rights: str, tables: set[str]) -> None:
    if tables:
        listed = sql.SQL(", ").join(map(sql.Identifier, sorted(tables)))
        cursor.execute(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(rights), listed, sql.Identifier(role)))


def _say(cursor: CursorWrapper, statement: str, role: str) -> None:
    cursor.execute(sql.SQL(statement).format(sql.Identifier(role)))
