"""The tables of the money: policies by date, the ledger, and the papers on which it leaves the house."""

from incentives.models.confirmation import Confirmation, ConfirmationLine, ConfirmationPaper
from incentives.models.ledger import (
    Assessment,
    ChangedVerdict,
    Hold,
    PenaltyCap,
    Registration,
    RewardEntry,
    UnassessedActivation,
)
from incentives.models.payout import (
    PayoutBalance,
    PayoutBatch,
    PayoutBuild,
    PayoutFile,
    PayoutLine,
    PayoutPayee,
    PayoutReturn,
    PayoutReturnRow,
)
from incentives.models.policy import Bounty, PriceNotice, ReadReceipt, SplitPolicy, SplitShare
from incentives.models.request import Adjustment, CrossSell, Dispute, Reversal

__all__ = [
    "Adjustment",
    "Assessment",
    "Bounty",
    "ChangedVerdict",
    "Confirmation",
    "ConfirmationLine",
    "ConfirmationPaper",
    "CrossSell",
    "Dispute",
    "Hold",
    "PayoutBalance",
    "PayoutBatch",
    "PayoutBuild",
    "PayoutFile",
    "PayoutLine",
    "PayoutPayee",
    "PayoutReturn",
    "PayoutReturnRow",
    "PenaltyCap",
    "PriceNotice",
    "ReadReceipt",
    "Registration",
    "Reversal",
    "RewardEntry",
    "SplitPolicy",
    "SplitShare",
    "UnassessedActivation",
]
