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
    NO_SPEND = "NO_SPEND", pgettext_lazy("verdict", "Not earned: the card was not used in time")
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
    AWAITS_SPEND = "AWAITS_SPEND", _("Waits for the first spend of the card")
    SPENT = "SPENT", _("Released: the card was used in time")
    NOT_SPENT = "NOT_SPENT", _("The card was not used in time")
    # Timeliness lines, the monthly cap, and what is paid on top
    ON_TIME = "ON_TIME", _("In time: bonus on the share")
    LATE = "LATE", _("Late without a valid explanation")
    EXPLANATION_OPEN = "EXPLANATION_OPEN", _("Late: the explanation is still open")
    EXPLAINED = "EXPLAINED", _("Released: the explanation was accepted")
    RETIMED = "RETIMED", _("Counted again: the clock ends otherwise than it was booked")
    CAP_LAPSED = "CAP_LAPSED", _("Lapsed: above the monthly cap of penalties")
    CROSS_SOLD = "CROSS_SOLD", _("Another product sold in the coaching call")
    ADJUSTED = "ADJUSTED", _("Correction, approved by a second person")
    VOIDED = "VOIDED", _("Voided before payment: to the pool")
    # Grounds of a claw-back
    FRAUD = "FRAUD", _("Claw-back: fraud or false documents")
    CANCELLED_UNUSED = "CANCELLED_UNUSED", _("Claw-back: card cancelled without use")
    DUPLICATE = "DUPLICATE", _("Claw-back: duplicate")
    COMPLAINT = "COMPLAINT", _("Claw-back: complaint about the sale upheld")


class Ground(models.TextChoices):
    """Why a reward is clawed back (domain section 8). COMPLAINT takes back the share of the person at fault only."""

    FRAUD = "FRAUD", pgettext_lazy("ground", "Fraud or false documents")
    CANCELLED_UNUSED = "CANCELLED_UNUSED", pgettext_lazy("ground", "Card cancelled without use")
    DUPLICATE = "DUPLICATE", pgettext_lazy("ground", "Duplicate")
    COMPLAINT = "COMPLAINT", pgettext_lazy("ground", "Complaint about the sale upheld")


class HoldCause(models.TextChoices):
    """Who or what says "not now"; each cause has its own way out (services/holds.py)."""

    AUDIT = "AUDIT", pgettext_lazy("hold", "Audit")
    FRAUD = "FRAUD", pgettext_lazy("hold", "Fraud warning")
    COMPLAINT = "COMPLAINT", pgettext_lazy("hold", "Complaint")
    LEFT = "LEFT", pgettext_lazy("hold", "Employee has left")


class Trigger(models.TextChoices):
    """What earns a bounty. A first spend always needs the activation too: no share before it (invariant 2)."""

    ACTIVATION = "ACTIVATION", pgettext_lazy("trigger", "Activation")
    FIRST_SPEND = "FIRST_SPEND", pgettext_lazy("trigger", "First spend: accrues with it, nothing before")
    ACTIVATION_AND_SPEND = (
        "ACTIVATION_AND_SPEND",
        pgettext_lazy("trigger", "Activation and first spend: accrues with the activation, held until the spend"),
    )


class RequestState(models.TextChoices):
    """Of what one person asks and a second one decides."""

    OPEN = "OPEN", pgettext_lazy("request", "Waiting for a decision")
    APPROVED = "APPROVED", pgettext_lazy("request", "Approved")
    REFUSED = "REFUSED", pgettext_lazy("request", "Refused")


class Proof(models.TextChoices):
    """What the card system's files say about an activation that was reported."""

    CONFIRMED = "CONFIRMED", pgettext_lazy("proof", "Confirmed")
    WAITING = "WAITING", pgettext_lazy("proof", "No line yet")
    DIFFERS = "DIFFERS", pgettext_lazy("proof", "Differs")


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
