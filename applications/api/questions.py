"""Questions that concern no client and are open to everybody who is signed in."""

from __future__ import annotations

from typing import Any

from applications.api import answers, shapes
from applications.services.clocks import deadline_for
from ops_center.kernel.errors import OutOfSight
from ops_center.web.api import Api, Call, operation


class Deadline(Api):
    @operation(asked=shapes.DeadlineQuestion, answer=answers.DeadlineAnswer, summary="When would it be due, and why")
    def get(self, call: Call) -> dict[str, Any]:
        """The deadline of a clock that starts then, with every day that counts or is skipped."""
        clock, start = call.asked["clock"], call.asked["start"]
        try:
            due = deadline_for(clock, start=start, branch=call.asked.get("branch"))
        except LookupError:
            raise OutOfSight("not_found", "") from None  # no policy on that day
        return {"clock": clock, **due.as_json()}
