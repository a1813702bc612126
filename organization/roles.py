"""The roles of domain section 2 and what employment allows."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    EMP = "EMP", _("Employee")
    CM = "CM", _("Customer manager")
    BH = "BH", _("Branch head")
    BAG = "BAG", _("Bag sealer")
    CS = "CS", _("Card-center marketing")
    RCV = "RCV", _("Receiver")
    CC = "CC", _("Credit checker")
    EC = "EC", _("Entry clerk")
    ER = "ER", _("Entry reviewer")
    TR = "TR", _("Case tracker")
    AS = "AS", _("After-sales officer")
    SUP = "SUP", _("Center supervisor")
    MGT = "MGT", _("Management")
    HR = "HR", _("Human resources")
    CPL = "CPL", _("Complaint handler")
    AUD = "AUD", _("Audit and compliance")
    VND = "VND", _("Outsourcing manager")
    ADM = "ADM", _("System administrator")


class Employment(models.TextChoices):
    REGULAR = "REGULAR", _("Regular")
    OUTSOURCED = "OUTSOURCED", _("Outsourced")
    RETIREE = "RETIREE", _("Retiree")


# Marketing, credit check and after-sales may not be outsourced (decision 10): outsourced staff may key.
OPEN_TO_OUTSOURCED = frozenset({Role.EC})
# Refer for pay and collect only with a valid internal qualification.
COLLECTORS = frozenset({Role.CM, Role.BH, Role.CS})
