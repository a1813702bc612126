"""The front desk: who sent a client, and on whose behalf. The case itself knows its referrer (applications)."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.models import Application
from ops_center.kernel.identity import mask_mobile, mask_name
from organization.fields import SealedField
from organization.vault import vault


class ExternalReferrer(models.Model):
    """A client of the bank who sends others. Has no sign-in; goes by a code; is rewarded outside the HR sheet."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(_("code"), max_length=16, unique=True)
    name = SealedField(mask_from="name_mask")
    mobile = SealedField(mask_from="mobile_mask")
    name_mask = models.CharField(_("client who refers"), max_length=20)
    mobile_mask = models.CharField(_("mobile"), max_length=16)
    mobile_index = models.BinaryField(unique=True, editable=False)  # one person, one code
    sponsor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("first named by")
    )
    created_at = models.DateTimeField(_("first named"))

    class Meta:
        ordering = ["code"]
        verbose_name = _("external referrer")
        verbose_name_plural = _("external referrers")

    def __str__(self) -> str:
        return f"{self.code} {self.name_mask}"

    def fill(self, *, name: str, mobile: str) -> None:
        """Sets values, masks and the look-up hash together."""
        self.name, self.name_mask = name, mask_name(name)
        self.mobile, self.mobile_mask = mobile, mask_mobile(mobile)
        self.mobile_index = mobile_index(mobile)


def mobile_index(mobile: str) -> bytes:
    return vault().index("mobile", mobile)


class Relation(models.TextChoices):
    """What the referrer says about how he or she knows the client."""

    NONE = "NONE", pgettext_lazy("relation", "Not related")
    SELF = "SELF", pgettext_lazy("relation", "Own card")
    RELATIVE = "RELATIVE", pgettext_lazy("relation", "Relative")
    FRIEND = "FRIEND", pgettext_lazy("relation", "Friend or acquaintance")


class Referral(models.Model):
    """The slip of one referral: who wrote it, for whom, under which consent. What became of it stands on the case."""

    application = models.OneToOneField(Application, models.PROTECT, related_name="referral")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False, verbose_name=_("slip written by")
    )
    external_referrer = models.ForeignKey(
        ExternalReferrer,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="referrals",
        verbose_name=_("external referrer"),
    )
    relation = models.CharField(_("relation to the client"), max_length=8, choices=Relation, default=Relation.NONE)
    consent_text = models.CharField(_("consent text"), max_length=16)  # the version that the client agreed to
    made_at = models.DateTimeField(_("slip written"))

    class Meta:
        ordering = ["-id"]
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        indexes = [models.Index(fields=["made_by", "-id"], name="referral_own")]  # read by "my referrals"

    def __str__(self) -> str:
        return f"{self.application_id} {self.made_by_id}"
