"""What every answer about money has in common."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ops_center.kernel.money import yuan


@extend_schema_field({"type": "string", "pattern": r"^-?\d+\.\d{2}$", "example": "25.00"})
class Yuan(serializers.IntegerField):
    """Fen shown as yuan: ``25.00``."""

    def to_representation(self, value: int) -> Any:
        return yuan(value)


def number_of(source: str) -> serializers.CharField:
    return serializers.CharField(source=f"{source}.number", default=None, allow_null=True, read_only=True)
