"""Products, the intake checklist per product and customer group, and the reason codes (domain section 9)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class CustomerGroup(models.TextChoices):
    SALARIED = "SALARIED", _("Salaried")
    OWNER = "OWNER", _("Business owner")
    FREELANCE = "FREELANCE", _("Freelance, no employer")
    SUPPLEMENTARY = "SUPPLEMENTARY", _("Supplementary card")
    GROUP = "GROUP", _("Group member")
    OFFICIAL = "OFFICIAL", _("Official-business card")


class Product(models.Model):
    """A card that can be applied for."""

    class Tier(models.TextChoices):
        CLASSIC = "CLASSIC", _("Classic")
        GOLD = "GOLD", _("Gold")
        PLATINUM = "PLATINUM", _("Platinum")
        DIAMOND = "DIAMOND", _("Diamond")
        OFFICIAL = "OFFICIAL", _("Official-business")
        THEME = "THEME", _("Theme")
        SUPPLEMENTARY = "SUPPLEMENTARY", pgettext_lazy("tier", "Supplementary")

    class ReviewMode(models.TextChoices):
        """ASM-11: a second person confirms, keys the critical fields blind, or nobody looks."""

        REVIEW = "REVIEW", _("Review by a second person")
        DOUBLE = "DOUBLE", _("Blind double keying")
        NONE = "NONE", _("No review")

    code = models.CharField(_("code"), max_length=8, unique=True)
    name = models.CharField(_("name"), max_length=40)
    tier = models.CharField(_("tier"), max_length=16, choices=Tier)
    rank = models.PositiveSmallIntegerField(_("rank in a queue"), default=50)  # less is earlier, after the due time
    review_mode = models.CharField(_("review mode"), max_length=8, choices=ReviewMode, default=ReviewMode.REVIEW)
    min_age = models.PositiveSmallIntegerField(_("minimum age"), default=18)
    max_age = models.PositiveSmallIntegerField(_("maximum age"), default=65)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["rank", "code"]
        verbose_name = _("product")
        verbose_name_plural = _("products")

    def __str__(self) -> str:
        return self.name


class ChecklistItem(models.Model):
    """One line of the intake checklist: R required, O optional, or one of a set (``one_of`` names the set)."""

    class Need(models.TextChoices):
        REQUIRED = "R", pgettext_lazy("checklist", "Required")
        OPTIONAL = "O", pgettext_lazy("checklist", "Optional")
        ONE_OF = "1", _("One of these")

    tier = models.CharField(_("tier"), max_length=16, choices=Product.Tier)
    customer_group = models.CharField(_("customer group"), max_length=16, choices=CustomerGroup)
    code = models.CharField(_("code"), max_length=24)
    label = models.CharField(_("label"), max_length=80)
    need = models.CharField(_("need"), max_length=1, choices=Need)
    one_of = models.CharField(_("one of"), max_length=24, blank=True)
    place = models.PositiveSmallIntegerField(_("place"))
    starts_on = models.DateField(_("from"))

    class Meta:
        ordering = ["place"]
        verbose_name = _("checklist item")
        verbose_name_plural = _("checklist items")
        constraints = [
            models.UniqueConstraint(fields=["tier", "customer_group", "code", "starts_on"], name="checklist_line_once"),
            models.CheckConstraint(condition=Q(need="1") ^ Q(one_of=""), name="checklist_set_iff_one_of"),
        ]

    def __str__(self) -> str:
        return self.label


class ReasonCode(models.Model):
    """A return, problem, end or incident code and what it does."""

    class Effect(models.TextChoices):
        RETURN = "RETURN", _("Return")
        PROBLEM = "PROBLEM", _("Problem item")
        REJECT = "REJECT", _("Reject")
        WITHDRAW = "WITHDRAW", _("Withdraw")
        INCIDENT = "INCIDENT", _("Bag incident")
        REKEY = "REKEY", _("Back to the keyer")
        RELEASE = "RELEASE", _("Release of a lead")

    code = models.CharField(_("code"), max_length=4, primary_key=True)
    label = models.CharField(_("label"), max_length=80)
    meaning = models.CharField(_("meaning"), max_length=160)
    effects = models.JSONField(_("effects"), default=list)  # of Effect; some codes allow two
    party = models.CharField(_("usual party"), max_length=12, blank=True)
    is_risk = models.BooleanField(_("risk flag"), default=False)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("reason code")
        verbose_name_plural = _("reason codes")

    def __str__(self) -> str:
        return f"{self.code} {self.label}"
