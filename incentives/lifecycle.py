"""The words of the money: what an entry is, whom it is for, where it stands, and why it went where it went."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from applications.lifecycle import Performance

ROLES: tuple[Performance, ...] = tuple(Performance)  # the fixed order of shares, of ties in rounding and of every table
PRICED_ROLES = tuple(role for role in ROLES if role is not Performance.ENTRY_2ND)  # the second keyer takes from ENTRY


class EntryKind(models.TextChoices):
    SPLIT = "SPLIT", pgettext_lazy("entry", "Share")
    TIMELINESS = "TIMELINESS", pgettext_lazy("entry", "Timeliness")
    CROSS_SELL = "CROSS_SELL", pgettext_lazy("entry", "Cross-sell")
    REVERSAL = "REVERSAL", pgettext_lazy("entry", "Reversal")
    ADJUSTMENT = "ADJUSTMENT", pgettext_lazy("entry", "Adjustment")


class PayeeKind(models.TextChoices):
    EMPLOYEE = "EMPLOYEE", pgettext_lazy("payee", "Employee")
    POOL = "POOL", pgettext_lazy("payee", "Undistributed pool")
    HELD = "HELD", pgettext_lazy("payee", "Undecided")
    CUSTOMER = "CUSTOMER", pgettext_lazy("payee", "Referring customer")


class EntryState(models.TextChoices):
    """Where an entry stands. Derived from the rows that point at it (querysets.py), stored nowhere.

    The document that certifies entries is itself CONFIRMED, in the same transaction (contract, section 3).
    """

    ACCRUED = "ACCRUED", pgettext_lazy("entry state", "Accrued")
    HELD = "HELD", pgettext_lazy("entry state", "Held")
    REGISTERED = "REGISTERED", pgettext_lazy("entry state", "Registered")
    CERTIFIED = "CERTIFIED", pgettext_lazy("entry state", "Certified")
    EXPORTED = "EXPORTED", pgettext_lazy("entry state", "Exported")
    PAID = "PAID", pgettext_lazy("entry state", "Paid")
    VOIDED = "VOIDED", pgettext_lazy("entry state", "Voided")
    REVERSED = "REVERSED", pgettext_lazy("entry state", "Reversed")


class Verdict(models.TextChoices):
    """The answer to "why a reward, or why none?" of one activation."""

    EARNED = "EARNED", pgettext_lazy("verdict", "Earned")
    SETTLED_BEFORE = "SETTLED_BEFORE", pgettext_lazy("verdict", "Settled before this system")


class Why(models.TextChoices):
    """Why a share went elsewhere than to the person who would usually get it."""

    WALK_IN = "WALK_IN", _("Nobody referred: the referral share is the collector's")
    SELF_SERVICE = "SELF_SERVICE", _("Path A: the tracking share is the customer manager's")
    OWN_CARD = "OWN_CARD", _("Own card: the referral share goes to the pool")
    CUSTOMER = "CUSTOMER", _("Referred by a customer: paid as points or a gift")
    CUSTOMER_REST = "CUSTOMER_REST", _("What the customer's fixed reward leaves of the referral share")
    NOT_QUALIFIED = "NOT_QUALIFIED", _("The referrer had no valid qualification on the day of the referral")
    QUALIFICATION_LAPSED = "QUALIFICATION_LAPSED", _("The qualification had expired on the day of the activation")
    NO_COACHING = "NO_COACHING", _("Activated without coaching: held for 15 days")
    NO_PERFORMER = "NO_PERFORMER", _("Nobody performed this stage")
    COACHED = "COACHED", _("Released: the coaching was recorded in time")
    RENEWED = "RENEWED", _("Released: the qualification was renewed in time")
    NOT_COACHED = "NOT_COACHED", _("No coaching within 15 days of the activation")
    NOT_RENEWED = "NOT_RENEWED", _("Qualification not renewed within 30 days of the activation")


class PolicyStatus(models.TextChoices):
    DRAFT = "DRAFT", pgettext_lazy("policy", "Waiting for approval")
    APPROVED = "APPROVED", pgettext_lazy("policy", "Approved")
    DISCARDED = "DISCARDED", pgettext_lazy("policy", "Discarded")


class CustomerMode(models.TextChoices):
    """ASM-9: how a referring customer is thanked."""

    FIXED = "FIXED", _("Fixed amount, at most the referral share")
    SHARE = "SHARE", _("The whole referral share")


class ConfirmationState(models.TextChoices):
    DRAFT = "DRAFT", pgettext_lazy("confirmation", "Draft")
    CONFIRMED = "CONFIRMED", pgettext_lazy("confirmation", "Confirmed")
    DISCARDED = "DISCARDED", pgettext_lazy("confirmation", "Discarded")


class Sheet(models.TextChoices):
    """The four sheets that a payout batch leaves the house on."""

    HR = "hr", pgettext_lazy("sheet", "HR sheet")
    VENDOR = "vendor", pgettext_lazy("sheet", "Vendor sheet")
    CUSTOMERS = "customers", pgettext_lazy("sheet", "Customer rewards")
    POOL = "pool", pgettext_lazy("sheet", "Undistributed pool")
