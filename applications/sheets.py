"""The lists that people answer line by line: check sheet, coaching list, warnings, ways of activation (domain 9, 12).

Code → label, in the order of the bank's procedure. A line that changes is a change of the software, so these are no
tables of the database.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Labels = dict[str, str | Promise]

ANSWERS: Labels = {
    "PASS": pgettext_lazy("check answer", "Pass"),
    "PROBLEM": pgettext_lazy("check answer", "Problem"),
    "NA": pgettext_lazy("check answer", "Not applicable"),
}

CHECK_SHEET: Labels = {
    "FORM": _("Form complete and signed"),
    "ID": _("ID document valid, online ID check done"),
    "WITNESS": _("Three-witness statement"),
    "DOCUMENTS": _("Documents agree with the form"),
    "EMPLOYER": _("Employer exists; its phone from an independent list (114, public register)"),
    "PHONE_SELF": _("Phone check: the applicant (two identity questions, one must-ask, one optional)"),
    "PHONE_WORK": _("Phone check: the employer"),
    "PHONE_CONTACT": _("Phone check: the contact"),
    "CREDIT_REPORT": _("Credit report authorised and read (result class only)"),
    "HOLDINGS": _("Duplicates and number of cards held"),
    "INDUSTRY": _("Industry grade A to E"),
    "WARNINGS": _("Every warning answered"),
}

COACHING: Labels = {
    "CARD_IN_HAND": _("Card in hand"),
    "SIGNATURE": _("Signature on the card"),
    "ACTIVATION": _("How to activate"),
    "PIN": _("Transaction PIN"),
    "BILL_DATES": _("Bill date and due date"),
    "AUTO_REPAYMENT": _("Automatic repayment"),
    "SAFETY": _("Safe use of the card"),
    "SERVICE_NUMBER": _("Service number"),
    "RECOMMEND": _("Would you recommend a friend?"),
}

WARNINGS: Labels = {
    "W-MOB-MULTI": _("Same mobile on several applications"),
    "W-HOME-MULTI": _("Same home phone on several applications"),
    "W-WORK-MULTI": _("Same work phone on several applications, or with several employer names"),
    "W-ADDR-MULTI": _("Same home, work or mailing address for several people"),
    "W-CONTACT-MULTI": _("Same contact on several applications"),
    "W-ID-NAMES": _("One ID number with several names"),
    "W-DUP-OPEN": _("Duplicate application"),
    "W-FREQ-180": _("Too many applications (or refusals) in half a year"),
    "W-LIST": _("Hit on an internal list (identity, phone, employer, address or mail)"),
    "W-MOB-SEQ": _("Seven consecutive digits of the mobile equal to another person's"),
    "W-HOME-EQ-WORK": _("Home phone equals work phone"),
    "W-CONTACT-STAFF": _("A contact's phone belongs to an employee of the bank"),
    "W-BURST": _("Many files of one collector in a short time"),
    "W-EMP-BURST": _("Many files from one employer in a short time without a group batch"),
    "W-SELF": _("An employee's own card, or the referrer is the applicant"),
    "W-GPS-NONE": _("Place of witnessing missing (reserved)"),
}

# Through which channel the client's identity was verified before an activation is registered.
CALL_CHANNELS: Labels = {
    "PHONE": pgettext_lazy("channel", "Phone call-back"),
    "COUNTER": pgettext_lazy("channel", "Branch counter"),
    "APP": pgettext_lazy("channel", "Mobile banking"),
    "HOTLINE": pgettext_lazy("channel", "Client's call to the service number"),
}
