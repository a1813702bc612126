"""Free text that people write about a case: no place for a client's numbers, which stand masked everywhere else."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ops_center.kernel.identity import looks_personal, pan_like


def no_card_number(text: str) -> None:
    """A validator of forms and shapes: ``ValidationError`` when the text holds what may be a card number."""
    if pan_like(text):
        raise ValidationError(
            _("This looks like a card number. The system stores none: give the last four digits where asked."),
            code="card_number",
        )


def no_personal_numbers(text: str) -> None:
    """A validator of forms and shapes: ``ValidationError`` when the text holds a card, ID or mobile number, mistyped
    ones too."""
    no_card_number(text)
    if looks_personal(text):
        raise ValidationError(
            _(
                "Do not write ID numbers or mobiles here; everybody who sees the case would read them. Name the case "
                "by its number: the client's data stands there."
            ),
            code="personal_number",
        )
