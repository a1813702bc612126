from __future__ import annotations

import json
import time
from collections import Counter
from datetime import datetime

import pytest

from applications.models import Application
from ops_center import clock
from ops_center.history.demo.load import load_demo
from ops_center.invariants import CHECKS

pytestmark = pytest.mark.django_db


def test_load():
    now = clock.now()
    t = time.perf_counter()
    print(load_demo(at=now, progress=lambda l: print(time.perf_counter() - t, l)))
    print(Counter(Application.objects.values_list("state", flat=True)), Application.objects.count())
    print(Application.objects.filter(due_at__lt=now).count())
    print(Counter(Application.objects.filter(due_at__lt=now).values_list("state", "due_clock", "campaign")))
    for check in CHECKS:
        print(check.name, check.broken())
