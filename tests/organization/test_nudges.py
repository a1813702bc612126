"""Hints to the worker."""

from __future__ import annotations

import subprocess
import sys

from celery import current_app


def test_hints_go_through_the_products_own_celery_application() -> None:
    assert current_app.main == "ops_center"


def test_a_process_that_only_sets_django_up_knows_the_broker() -> None:
    """As gunicorn does: nothing but ``django.setup()`` before the first hint."""
    code = "import django; django.setup(); from celery import current_app; print(current_app.main)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "ops_center"
