from __future__ import annotations

import ast
from pathlib import Path

import pytest

import ops_center.kernel

MODULES = sorted(Path(ops_center.kernel.__file__).parent.glob("*.py"))
ALLOWED = ("django.utils.", "ops_center.kernel.")  # words, and each other


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_kernel_takes_only_words_from_django_and_nothing_from_the_house(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            assert name.startswith(ALLOWED) or name.split(".")[0] not in {"django", "ops_center"}, name


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_kernel_never_reads_the_clock(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"now", "today", "utcnow", "monotonic"}, f"line {node.lineno}"
