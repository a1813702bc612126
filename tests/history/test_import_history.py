"""Cases of the time before the system come in as they were."""

from __future__ import annotations

import json
import time
from io import StringIO

from django.core.management import call_command

from applications.models import Application, CaseClock, Event


def run(path, **options):
    out, err = StringIO(), StringIO()
    call_command("import_history", str(path), stdout=out, stderr=err, **options)
    return json.loads(out.getvalue()), err.getvalue()


def test_the_old_log_has_the_counts_of_its_description(bank, old_log):
    begun = time.perf_counter()
    counts, _progress = run(old_log)
    print(time.perf_counter() - begun, counts, Event.objects.count(), CaseClock.objects.count())
    assert Application.objects.count() == 7455
