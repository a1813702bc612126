"""Numbers of cases, bags and archives from sequences; inquiry codes at random."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import connection

from ops_center.clock import local_day

# Neither 0/O nor 1/I/L: read aloud on the telephone.
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def _next(sequence: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [sequence])
        return int(cursor.fetchone()[0])


def case_number(at: datetime) -> str:
    """JL + day + five digits, e.g. JL26112400017: neither an ID number nor a mobile."""
    return f"JL{local_day(at):%y%m%d}{_next('applications_case_number') % 100_000:05d}"


def bag_number(at: datetime) -> str:
    return f"FB{local_day(at):%y%m%d}{_next('applications_bag_number') % 10_000:04d}"


def archive_number(at: datetime) -> str:
    return f"DA{local_day(at):%y%m}-{_next('applications_archive_number'):06d}"


def status_code() -> str:
    """The client's inquiry code, e.g. 7K3F-92: 30^6 possibilities, stage only."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(4))
    return f"{letters}-{secrets.choice(CODE_LETTERS)}{secrets.choice(CODE_LETTERS)}"
