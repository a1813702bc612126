"""The tables of the money: policies by date, the ledger, and the papers on which it leaves the house."""

from incentives.models.confirmation import Confirmation, ConfirmationLine
from incentives.models.ledger import Assessment, Hold, Registration, RewardEntry
from incentives.models.payout import PayoutBatch, PayoutFile, PayoutLine
from incentives.models.policy import Bounty, SplitPolicy, SplitShare

__all__ = [
    "Assessment",
    "Bounty",
    "Confirmation",
    "ConfirmationLine",
    "Hold",
    "PayoutBatch",
    "PayoutFile",
    "PayoutLine",
    "Registration",
    "RewardEntry",
    "SplitPolicy",
    "SplitShare",
]
