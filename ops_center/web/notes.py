"""Free text that people write about a case: no place for a client's numbers, which stand masked everywhere else."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ops_center.kernel.identity import looks_personal


def no_personal_numbers(text: str) -> None:
    """A validator of forms and shapes: ``ValidationError`` when the text holds an ID or mobile number, mistyped ones
    too."""
    if looks_personal(text):
        raise ValidationError(
            _(
                "Do not write ID numbers or mobiles here; everybody who sees the case would read them. Name the case "
                "by its number: the client's data stands there."
            ),
            code="personal_number",
        )
