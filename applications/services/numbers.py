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


# The writer of histories takes numbers from the same sequences in blocks; both spell them here.
def spell_case_number(at: datetime, n: int) -> str:
    """JL + day + five digits, e.g. JL26112400017: neither an ID number nor a mobile."""
    return f"JL{local_day(at):%y%m%d}{n % 100_000:05d}"


def spell_bag_number(at: datetime, n: int) -> str:
    return f"FB{local_day(at):%y%m%d}{n % 10_000:04d}"


def spell_archive_number(at: datetime, n: int) -> str:
    return f"DA{local_day(at):%y%m}-{n:06d}"


def case_number(at: datetime) -> str:
    return spell_case_number(at, _next("applications_case_number"))


def bag_number(at: datetime) -> str:
    return spell_bag_number(at, _next("applications_bag_number"))


def group_batch_code(at: datetime) -> str:
    """TB + month + four digits, e.g. TB2611-0017."""
    return f"TB{local_day(at):%y%m}-{_next('applications_group_batch_number') % 10_000:04d}"


def archive_number(at: datetime) -> str:
    return spell_archive_number(at, _next("applications_archive_number"))


def status_code() -> str:
    """The client's inquiry code, e.g. 7K3F-92: 30^6 possibilities, stage only."""
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(4))
    return f"{letters}-{secrets.choice(CODE_LETTERS)}{secrets.choice(CODE_LETTERS)}"
