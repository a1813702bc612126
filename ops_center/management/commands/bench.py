from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from applications.reference import install_reference_data
from incentives.reference import install_policies
from ops_center import env
from ops_center.embedded import keys
from ops_center.embedded.postgres import OWNER, Postgres
from ops_center.embedded.processes import Nursery
from ops_center.management.benches.accrual import bench_accrual
from ops_center.management.benches.boards import bench_boards
from ops_center.management.benches.export import bench_export
from ops_center.management.benches.recount import bench_recount
from ops_center.management.benches.sweep import bench_sweep
from organization.models import Branch

# name → what its size counts, and what measures it: size and a way to say how far it is, in; what was measured, out
BENCHES: dict[str, tuple[str, Callable[..., dict[str, Any]]]] = {
    "accrual": ("cases", bench_accrual),
    "boards": ("cases", bench_boards),
    "export": ("lines", bench_export),
    "recount": ("clocks", bench_recount),
    "sweep": ("clocks", bench_sweep),
}


class Command(BaseCommand):
    """Measures one part of the product against a floor in the same run.

    On a PostgreSQL of its own that is gone afterwards: no bank is ever touched. Progress goes to stderr, one JSON line
    with seconds and ratios to stdout.
    """

    help = "Measures a part of the product on a PostgreSQL of its own."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=sorted(BENCHES))
        for size in sorted({size for size, _bench in BENCHES.values()}):
            parser.add_argument(f"--{size}", type=int, default=100_000)

    def handle(self, *args: Any, **options: Any) -> None:
        size, bench = BENCHES[options["name"]]
        with _empty_bank():
            measured = bench(**{size: options[size]}, say=self.stderr.write)
        self.stdout.write(json.dumps({"bench": options["name"], **measured}))


@contextmanager
def _empty_bank() -> Iterator[None]:
    """A server with the reference data, a few branches and nothing else; the default connection is its owner's."""
    with tempfile.TemporaryDirectory(prefix="ops-center-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # PostgreSQL may run as another account
        secrets = keys.invent()
        nursery = Nursery(folder / "logs")
        server = Postgres(folder / "postgres", nursery=nursery, password=secrets["POSTGRES_PASSWORD"])
        before = connection.settings_dict
        try:
            server.start()
            server.furnish(owner_password=secrets["OWNER_PASSWORD"], runtime_password=secrets["RUNTIME_PASSWORD"])
            connection.close()
            connection.settings_dict = {**before, **env.database(server.url(OWNER, secrets["OWNER_PASSWORD"]))}
            call_command("migrate", verbosity=0, interactive=False)
            install_reference_data()
            install_policies()
            Branch.objects.bulk_create(
                Branch(code=f"B{number}", name=f"支行{number}", kind=Branch.Kind.BRANCH) for number in range(6)
            )
            yield
        finally:
            connection.close()
            connection.settings_dict = before
            server.stop()
            nursery.close()
