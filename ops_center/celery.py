"""The Celery application. Tasks are named calls of one service each; see ops_center/schedule.py for when they run."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ops_center.settings")

app = Celery("ops_center")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
