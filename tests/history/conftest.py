"""The old log, where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings


@pytest.fixture(scope="session")
def old_log() -> Path:
    """The stage table of the BPI Challenge 2012 log, which is not part of the project."""
    beside = settings.BASE_DIR.parent / "shared" / "data" / "stages_bpi2012.csv.gz"
    path = Path(os.environ.get("HISTORY_LOG") or beside)
    if not path.is_file():
        pytest.skip("no stage table: name it in HISTORY_LOG")
    return path
