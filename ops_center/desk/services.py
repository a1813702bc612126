"""The one thing that the frame itself remembers about a person."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from ops_center.kernel.errors import Malformed
from organization.models import Employee


@transaction.atomic
def choose_language(*, employee: Employee, language: str) -> Employee:
    """The language in which this person reads from now on, on every machine. Unknown codes are ``Malformed``."""
    if language not in dict(settings.LANGUAGES):
        raise Malformed("language", _("This language is not offered: choose Chinese or English."))
    employee.language = language
    employee.save(update_fields=["language"])
    return employee
