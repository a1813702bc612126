"""People and branches in the bodies of requests: by employee number and by code."""

from __future__ import annotations

from typing import Any

from ops_center.web.shapes import Named
from organization.models import Branch, Employee


class EmployeeField(Named):
    """An active person by employee number."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="number", queryset=Employee.objects.active().with_standing(), **kwargs)


class BranchField(Named):
    """An active branch or department by its code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(slug_field="code", queryset=Branch.objects.filter(is_active=True), **kwargs)
