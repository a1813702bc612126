"""A column for personal data: encrypted at rest, read as a value that prints masked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import models

from ops_center.kernel.vault import Sealed
from organization.vault import vault


class _SealedAttribute:
    """Turns what is assigned into a blob bound to its row, and what is read into a ``Sealed``."""

    def __init__(self, field: SealedField) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type[models.Model]) -> Any:
        if instance is None:
            return self
        blob = instance.__dict__.get(self.field.attname)
        if blob is None:
            return None
        return Sealed(bytes(blob), aad=self.field.aad(instance), opener=vault, masker=self.field.masker)

    def __set__(self, instance: models.Model, value: Any) -> None:
        if isinstance(value, str):
            value = vault().seal(value, self.field.aad(instance)) if value else None
        elif isinstance(value, Sealed):
            value = value.blob
        instance.__dict__[self.field.attname] = value


class SealedField(models.BinaryField):
    """Text under AES-GCM whose additional data name table, column and row, so that a blob moved elsewhere won't open.

    Only for models whose UUID key is made in Python: the key must be known before the INSERT.
    """

    def __init__(self, *args: Any, masker: Callable[[str], str] | None = None, **kwargs: Any) -> None:
        self.masker = masker
        kwargs.setdefault("null", True)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _SealedAttribute(self))

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def aad(self, instance: models.Model) -> str:
        return f"{self.model._meta.db_table}.{self.column}:{instance.pk}"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, Sealed):
            value = value.blob
        return super().get_db_prep_value(value, connection, prepared)
