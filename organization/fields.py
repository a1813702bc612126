"""A column for personal data: encrypted at rest, read as a value that prints masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from ops_center.kernel.vault import Sealed
from organization.vault import vault

HIDDEN = "•••"

if TYPE_CHECKING:  # generic for the type checker only

    class _BinaryField(models.BinaryField[Any, Any]): ...
else:
    _BinaryField = models.BinaryField


class _SealedAttribute:
    """Turns the text that is assigned into a blob bound to its row, and what is read into a ``Sealed``."""

    def __init__(self, field: SealedField) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type[models.Model]) -> Any:
        if instance is None:
            return self
        blob, aad = instance.__dict__.get(self.field.attname), self.field.aad(instance)
        if blob is None:
            return None
        mask = getattr(instance, self.field.mask_from) if self.field.mask_from else HIDDEN
        return Sealed(mask, lambda: vault().open(blob, aad))

    def __set__(self, instance: models.Model, value: Any) -> None:
        if isinstance(value, Sealed):
            raise TypeError("A sealed value belongs to its own row; assign the clear text or leave the column alone.")
        if isinstance(value, str):
            value = vault().seal(value, self.field.aad(instance)) if value else None
        instance.__dict__[self.field.attname] = value


class SealedField(_BinaryField):
    """Text under AES-GCM whose additional data name table, column and row, so that a blob moved elsewhere won't open.

    Only for models whose UUID key is made in Python: the key must be known before the INSERT. ``mask_from`` names the
    sibling column that holds what may be shown.
    """

    def __init__(self, *args: Any, mask_from: str = "", **kwargs: Any) -> None:
        self.mask_from = mask_from
        kwargs.setdefault("null", True)
        super().__init__(*args, **kwargs)

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _SealedAttribute(self))

    def aad(self, instance: models.Model) -> str:
        return f"{self.model._meta.db_table}.{self.column}:{instance.pk}"

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return model_instance.__dict__.get(self.attname)
