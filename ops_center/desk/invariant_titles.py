"""The invariants in words that a reader of the page and of the audit log understands; their names are those of
ops_center/invariants.py."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

TITLES: dict[str, Any] = {
    "shares-are-the-bounty": pgettext_lazy("invariant", "The shares of a card are its bounty, to the fen"),
    "no-share-before-activation": pgettext_lazy("invariant", "No share before the activation"),
    "one-set-of-shares": pgettext_lazy("invariant", "One set of shares per card"),
    "every-activation-has-its-verdict": pgettext_lazy("invariant", "Every activation has its verdict or waits for it"),
    "verdict-in-ten-minutes": pgettext_lazy("invariant", "No activation waits longer than ten minutes"),
    "mirrors-equal-their-lines": pgettext_lazy("invariant", "What undoes a line equals it"),
    "clawed-back-at-most-all": pgettext_lazy("invariant", "Nobody gives back more than he was given"),
    "caps-add-up": pgettext_lazy("invariant", "What lapsed by the cap is what the closed month says"),
    "timeliness-as-judged": pgettext_lazy("invariant", "Bonuses and penalties are what the clocks say"),
    "state-is-the-last-events": pgettext_lazy("invariant", "A case stands where its last event led"),
    "history-has-no-gap": pgettext_lazy("invariant", "No history has a gap"),
    "stamps-in-order": pgettext_lazy("invariant", "Stamps follow each other in time"),
    "no-sign-off-no-card": pgettext_lazy("invariant", "No card without every sign-off"),
    "one-open-bag": pgettext_lazy("invariant", "A file is in one open bag at most"),
    "bagged-files-accounted-for": pgettext_lazy("invariant", "Every file of a bag is accounted for"),
    "two-people-key": pgettext_lazy("invariant", "Two people key and review"),
    "outsourced-only-key": pgettext_lazy("invariant", "Outsourced staff only key"),
    "complaints-by-nobody-concerned": pgettext_lazy("invariant", "Nobody handles a complaint about the own work"),
    "problem-has-one-item": pgettext_lazy("invariant", "A stopped case has one open problem item"),
    "paused-for-a-reason": pgettext_lazy("invariant", "Clocks are paused for a reason"),
    "intervals-without-a-gap": pgettext_lazy("invariant", "A clock's intervals follow each other without a gap"),
    "intervals-add-up": pgettext_lazy("invariant", "A clock's intervals add up to its time"),
    "held-by-outages-that-last": pgettext_lazy("invariant", "Only an outage that lasts holds a clock"),
    "custody-without-a-gap": pgettext_lazy("invariant", "Somebody holds every open case, without a gap"),
    "confirmations-add-up": pgettext_lazy("invariant", "A confirmation is the sum of its entries"),
    "payouts-add-up": pgettext_lazy("invariant", "A batch is the sum of its sheets"),
    "balances-add-up": pgettext_lazy("invariant", "Every pay slip is the sum of its lines"),
    "files-as-they-left": pgettext_lazy("invariant", "Payout files are as they left the house"),
    "asked-for-and-decided": pgettext_lazy("invariant", "Money beside the shares was asked for and approved"),
    "certified-by-another": pgettext_lazy("invariant", "Nobody certifies what he registered or earns"),
    "certified-what-was-payable": pgettext_lazy("invariant", "Only registered lines that nobody held were certified"),
    "exported-by-another": pgettext_lazy("invariant", "Who certifies does not export"),
    "exported-what-was-payable": pgettext_lazy("invariant", "What was held or taken back was not exported"),
    "prices-by-two-people": pgettext_lazy("invariant", "Prices were approved by two people and announced"),
    "one-breach-per-clock": pgettext_lazy("invariant", "One breach per clock"),
    "late-clocks-have-breaches": pgettext_lazy("invariant", "Every late clock has its breach"),
    "due-is-the-earliest-clocks": pgettext_lazy("invariant", "A case is due when its earliest clock is"),
    "funnel-adds-up": pgettext_lazy("invariant", "The funnel counts every case once"),
    "breaches-add-up": pgettext_lazy("invariant", "The trend counts every breach once"),
    "work-adds-up": pgettext_lazy("invariant", "Finished work is counted as the histories tell it"),
    "delays-add-up": pgettext_lazy("invariant", "The minutes of delays are those that were charged"),
    "days-as-counted": pgettext_lazy("invariant", "The figures of a day are those of its clocks"),
    "event-chains": pgettext_lazy("invariant", "Histories are unbroken chains"),
    "seals": pgettext_lazy("invariant", "Sealed histories are unchanged"),
    "audit-chain": pgettext_lazy("invariant", "The audit log is an unbroken chain"),
}
