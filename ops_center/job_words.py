"""What each periodic job does, in a sentence for people who watch over it (docs/schedule.md says more)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

JOB_WORDS: dict[str, Any] = {
    "card-files": _("Applies files of the card system whose worker was interrupted."),
    "breaches": _("Finds clocks past their due time, and those that stopped late since the last passes."),
    "outages": _("Pauses what runs inside a declared outage, and lets it go on at its end."),
    "breaches-all": _("Looks once a day for late clocks of any age that nobody has seen."),
    "warnings": _("Warns who answers for a clock when three quarters of its time are used up."),
    "escalation": _("Tells the supervisors one working day after due, and the management after three."),
    "news": _("Tells people in their working hours what fell due before."),
    "explanations": _("Turns decided explanations and lapsed windows into the final outcome of the clock."),
    "complaints": _(
        "Warns of complaints that are due, tells of late ones, and relieves handlers who worked on the case."
    ),
    "complaint-holds": _("Holds the rewards that an open complaint is about, and lets them go at its end."),
    "accrual": _("Accrues the rewards of new activations."),
    "retiming": _("Counts timeliness again for cards whose clock ends otherwise than it was booked."),
    "holds": _("Releases or settles held lines that are decided by now."),
    "penalty-cap": _("Lets penalties of an ended month lapse that are above the cap."),
    "payout-files": _("Finishes the sheets of payout batches."),
    "held-back": _("Holds the rewards of flagged cases and of people who have left."),
    "disputes": _("Tells the supervisors of disputes whose answer is late."),
    "reminders": _("Reminds the trackers of problem items on the day until which the client asked to wait."),
    "expiry": _("Lets cases lapse that have made no progress in their time."),
    "expiry-soon": _("Reminds three days before a case lapses."),
    "calls": _("Reminds half an hour before a call that was agreed with a client."),
    "cut-off": _("Reminds the branches 60 and 20 minutes before the cut-off of the day's bag."),
    "undispatched": _("Lists at 20:00 what every branch has not sent."),
    "calendar": _("Raises the alarm when the official days of a year are missing."),
    "recount": _("Goes on reckoning clocks anew after a change of the calendar or an outage, portion by portion."),
    "recount-again": _("Catches steps that were under way while a change of the calendar was approved."),
    "figures": _("Counts for the boards the days that are over or were changed."),
    "charges": _("Writes down whose the minutes of delays were whose clock has stopped."),
    "weekly-sheets": _("Makes the weekly sheets of the branches."),
    "successes": _("Spreads the good news of new activations."),
    "simulations": _("Runs simulations that were asked for, and ends those that were interrupted."),
    "forecast": _("Forecasts the breaches of the next five working days."),
    "report-files": _("Writes the reports that were asked for in the background."),
    "verify": _("Checks every night whether all that must be true is true."),
    "seal": _("Seals the histories that have moved into the audit chain."),
    "idempotency-keys": _("Forgets stored answers of the API after seven days."),
    "digests": _("Writes everybody's letter of the day, and that of the groups."),
    "letters": _("Sends letters out of the house, tries again, and gives up in sight."),
    "old-letters": _("Forgets letters that were sent ninety days ago."),
    "job-runs": _("Forgets passes of the periodic jobs after fourteen days."),
}
