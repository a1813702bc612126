"""The acts of a case in the past, one method per service: what the service would have told the engine, and the rows
that it would have written beside the case. Messages are left out: nobody is told today of what was then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Self

from django.db.models import Model

from applications.entry_form import CRITICAL, differing
from applications.lifecycle import Clock, Performance, Step
from applications.models import (
    BagIncident,
    BagItem,
    Coaching,
    ContactLog,
    CreditCheck,
    EntryRecord,
    FactIndex,
    GroupBatch,
    KeyDifference,
    ProblemItem,
    Product,
    ReturnNote,
)
from applications.models.case import ReferrerType
from applications.models.problem import Party
from applications.services.bags import MISSING
from applications.services.claims import ASSIGNED_LEASE
from applications.services.entry import facts_of
from applications.services.problems import REPLIED, WAITING
from applications.services.warnings import indexed
from applications.sheets import CHECK_SHEET, COACHING
from ops_center.clock import local_day
from ops_center.history.past import Client, PastBag, PastCase, PastContact, PastStep
from organization.models import Area, Branch, Employee
from referrals.models import ExternalReferrer, Referral
from referrals.services import CONSENT_TEXT

Turn = EntryRecord.Turn
WITNESS = ["person", "original", "signature"]
PASSED = [{"code": code, "answer": "PASS", "note": ""} for code in CHECK_SHEET]


class Story:
    """One case as it is being told, in the order of its life; each act takes the instant and the person."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.steps: list[PastStep | PastContact] = []
        self.about: list[tuple[type[Model], dict[str, Any]]] = []
        self.columns: dict[str, Any] = {}
        self.claim: tuple[Employee, datetime, datetime] | None = None
        self.round = 1
        self._product: Product | None = None
        self._host: Branch | None = None
        self._custody: tuple[Branch | None, Employee | None] = (None, None)
        self._problem: dict[str, Any] = {}
        self._returned: dict[str, Any] = {}
        self._entries: dict[tuple[int, str, int], dict[str, Any]] = {}
        self._indexed: set[tuple[str, bytes]] = set()
        self._keyer: Employee | None = None

    def past(self) -> PastCase:
        return PastCase(steps=self.steps, client=self.client, columns=self.columns, claim=self.claim, about=self.about)

    @property
    def last_at(self) -> datetime:
        return self.steps[-1].at

    # -- the front ---------------------------------------------------------------------------------------------------
    def refer(
        self,
        at: datetime,
        by: Employee,
        product: Product,
        *,
        area: Area | None = None,
        group: str = "",
        campaign: str = "",
        referrer_type: str = ReferrerType.EMPLOYEE,
        retiree: Employee | None = None,
        external: ExternalReferrer | None = None,
    ) -> Self:
        """``by`` writes the slip; a retiree or another client may be the one who sent the client."""
        self._product = product
        signs = referrer_type in (ReferrerType.EMPLOYEE, ReferrerType.RETIREE)
        self._row(Referral, made_by=by, external_referrer=external, consent_text=CONSENT_TEXT, made_at=at)
        return self._begin(
            Step.REFER, at, by, product=product, customer_group=group, campaign=campaign, referrer_type=referrer_type,
            referrer=(retiree or by) if signs else None, area=area or by.branch.area, referred_at=at, consent_at=at,
            review_mode=product.review_mode,
        )  # fmt: skip

    def walk_in(
        self,
        at: datetime,
        by: Employee,
        product: Product,
        *,
        group: str,
        referrer: Employee | None = None,
        campaign: str = "",
        batch: GroupBatch | None = None,
    ) -> Self:
        self._product = product
        self._custody = (by.branch, by)
        return self._begin(
            Step.START_INTAKE, at, by, product=product, customer_group=group, campaign=campaign, group_batch=batch,
            referrer=referrer, referrer_type=ReferrerType.EMPLOYEE if referrer else ReferrerType.NONE, collector=by,
            branch=by.branch, area=by.branch.area, draft_at=at, consent_at=at, review_mode=product.review_mode,
        )  # fmt: skip

    def accept(self, at: datetime, by: Employee) -> Self:
        self._custody = (by.branch, by)
        return self._step(Step.ACCEPT, at, by, told={"collector": by})

    def release(self, at: datetime, by: Employee, code: str) -> Self:
        return self._step(Step.RELEASE, at, by, facts={"code": code})

    def start_intake(self, at: datetime, by: Employee, *, group: str) -> Self:
        return self._step(Step.START_INTAKE, at, by, told={"customer_group": group, "consent_at": at})

    def complete_intake(self, at: datetime, by: Employee, *, items: Sequence[str], form_no: str = "") -> Self:
        assert self._product is not None
        return self._step(
            Step.COMPLETE_INTAKE, at, by, told={"priced_on": local_day(at), "form_no": form_no},
            facts={"items": sorted(items), "witness": WITNESS}, columns={"review_mode": self._product.review_mode},
        )  # fmt: skip

    def hand_to_branch(self, at: datetime, by: Employee, branch: Branch) -> Self:
        self._host = branch
        return self._step(Step.HAND_TO_BRANCH, at, by, told={"host": branch}, facts={"branch": branch.code})

    def confirm_hand_to_branch(self, at: datetime, by: Employee) -> Self:
        self._custody = (self._host, self._custody[1])
        return self._step(Step.CONFIRM_HAND_TO_BRANCH, at, by, given={Clock.DISPATCH: self._host})

    def self_route(self, at: datetime, by: Employee) -> Self:
        return self._step(Step.SELF_ROUTE, at, by)

    # -- the bag -----------------------------------------------------------------------------------------------------
    def pack(self, at: datetime, by: Employee, bag: PastBag, *, fate: str = BagItem.Fate.PACKED) -> Self:
        """Into a bag; ``fate`` is what became of the file in it."""
        kind = BagItem.Kind.SUPPLEMENT if self.round > 1 else BagItem.Kind.FILE
        return self._row(BagItem, bag=bag, kind=kind, fate=fate, added_by=by, added_at=at)

    def seal(self, at: datetime, by: Employee, bag: PastBag, *, witness: Employee) -> Self:
        return self._step(Step.SEAL, at, by, facts={"bag": bag, "witness": witness.number})

    def hand_over(self, at: datetime, by: Employee, bag: PastBag) -> Self:
        return self._step(Step.HAND_OVER, at, by, facts={"bag": bag, "truck": bag.columns["truck_no"]})

    def receive(self, at: datetime, by: Employee, bag: PastBag) -> Self:
        return self._step(Step.RECEIVE, at, by, facts={"bag": bag})

    def report_missing(self, at: datetime, by: Employee, bag: PastBag, *, due_at: datetime) -> Self:
        self._step(Step.REPORT_MISSING, at, by, facts={"bag": bag, "code": MISSING})
        return self._row(BagIncident, bag=bag, code=MISSING, opened_by=by, opened_at=at, due_at=due_at)

    # -- the center --------------------------------------------------------------------------------------------------
    def pass_check(self, at: datetime, by: Employee, *, claimed_at: datetime | None) -> Self:
        self._row(CreditCheck, round=self.round, checker=by, answers=PASSED, at=at)
        return self._step(Step.PASS_CHECK, at, by, claimed_at=claimed_at, facts={"not_applicable": []})

    def submit_entry(
        self, at: datetime, by: Employee, values: Mapping[str, Any], *, claimed_at: datetime | None
    ) -> Self:
        self._key(at, by, Turn.FIRST, values)
        for kind, digest in indexed(facts_of(values)):
            if (kind, digest) not in self._indexed:
                self._indexed.add((kind, digest))
                self._row(FactIndex, kind=kind, digest=digest)
        self._keyer = by
        return self._step(Step.SUBMIT_ENTRY, at, by, claimed_at=claimed_at, facts={"turn": Turn.FIRST.value})

    def verify(
        self, at: datetime, by: Employee, *, claimed_at: datetime | None, wrong: Mapping[str, str] | None = None
    ) -> Self:
        """In REVIEW mode a second look; ``wrong``: fields that differ, with a remark (E01, back to the keyer)."""
        assert self._keyer is not None
        if not wrong:
            return self._step(Step.VERIFY, at, by, claimed_at=claimed_at, told={"agrees": True})
        for name, remark in wrong.items():
            self._row(
                KeyDifference, round=self.round, field=name, remark=remark, found_by=by, found_at=at,
                wrong_keyer=self._keyer, settled_at=at,
            )  # fmt: skip
        return self._step(
            Step.VERIFY, at, by, claimed_at=claimed_at, told={"agrees": False}, hands_to=self._keyer,
            held_until=at + ASSIGNED_LEASE, facts={"code": "E01", "fields": sorted(wrong)},
        )  # fmt: skip

    def key_again(self, at: datetime, by: Employee, values: Mapping[str, Any], *, claimed_at: datetime | None) -> Self:
        """In DOUBLE mode the blind second keying of the critical fields; what differs waits for the tracker."""
        assert self._keyer is not None
        first = json.loads(self._entries[self.round, Turn.FIRST, self._keyer.pk]["document"])
        second = {name: str(values.get(name) or "") for name in CRITICAL}
        self._key(at, by, Turn.SECOND, second)
        wrong = differing(first, second)
        for name in wrong:
            self._row(KeyDifference, round=self.round, field=name, found_by=by, found_at=at)
        return self._step(
            Step.VERIFY, at, by, claimed_at=claimed_at, told={"agrees": not wrong}, performs=Performance.ENTRY_2ND,
            facts={"code": "E01", "fields": sorted(wrong)} if wrong else {},
        )  # fmt: skip

    def file(
        self, at: datetime, by: Employee, *, shelf: str, archive_no: str, claimed_at: datetime | None = None
    ) -> Self:
        told = {"shelf": shelf, "archive_no": archive_no}
        return self._step(Step.FILE, at, by, claimed_at=claimed_at, told=told, facts=told)

    # -- the card ----------------------------------------------------------------------------------------------------
    def mark_issued(self, at: datetime, by: Employee | None, *, card_last4: str, source: str = "") -> Self:
        return self._step(
            Step.MARK_ISSUED, at, by, told={"approved_at": at, "card_last4": card_last4},
            facts={"source": source} if source else {},
        )  # fmt: skip

    def coach(
        self,
        at: datetime,
        by: Employee,
        *,
        satisfaction: int,
        wished: str = "",
        late: bool = False,
        claimed_at: datetime | None = None,
    ) -> Self:
        self._row(Coaching, officer=by, items=list(COACHING), satisfaction=satisfaction, wished_product=wished, at=at)
        return self._step(
            Step.LATE_COACH if late else Step.COACH, at, by, claimed_at=claimed_at,
            facts={"satisfaction": satisfaction},
        )  # fmt: skip

    def activate(
        self, at: datetime, by: Employee | None, *, channel: str = "PHONE", proof: str = "", source: str = ""
    ) -> Self:
        """By the officer with a proof, or by the card system: then nobody had called, and that clock has no verdict."""
        told_by_system = {"channel": "CARD_SYSTEM", "proof": "", "source": source}
        return self._step(
            Step.ACTIVATE, at, by, facts={"channel": channel, "proof": proof} if by else told_by_system,
            voids=() if by else (Clock.CONTACT,),
        )  # fmt: skip

    def contact(
        self, at: datetime, by: Employee, *, stops: Clock, result: str, promised_at: datetime | None = None
    ) -> Self:
        self.steps.append(PastContact(at, stops))
        return self._row(
            ContactLog, channel=ContactLog.Channel.PHONE, result=result, promised_at=promised_at, by=by, at=at
        )

    # -- what stops a case -------------------------------------------------------------------------------------------
    def raise_problem(
        self,
        at: datetime,
        by: Employee,
        *,
        code: str,
        party: str,
        note: str = "",
        wait_until: date | None = None,
        claimed_at: datetime | None = None,
    ) -> Self:
        branch, collector = self._custody
        owner = {Clock.PROBLEM_CLOSE: {"owner_branch": branch, "owner": collector}} if party == Party.BRANCH else {}
        self._problem = {"code": code, "party": party, "state": WAITING[Party(party)], "note": note, "raised_by": by,
                         "raised_at": at, "wait_until": wait_until}  # fmt: skip
        self.about.append((ProblemItem, self._problem))
        facts = {"code": code, "party": party} | ({"wait_until": wait_until.isoformat()} if wait_until else {})
        return self._step(
            Step.RAISE_PROBLEM, at, by, claimed_at=claimed_at, facts=facts, note=note,
            pauses="" if party == Party.CENTER else party, clock_variant=party, owners=owner,
        )  # fmt: skip

    def reply(self, at: datetime, by: Employee, answer: str) -> Self:
        self._problem.update(state=ProblemItem.State.REPLIED, answer=answer, replied_by=by, replied_at=at)
        return self._step(Step.REPLY, at, by, note=answer, facts={"code": self._problem["code"]}, clock_variant=REPLIED)

    def resolve(self, at: datetime, by: Employee, note: str) -> Self:
        self._close_problem(at, by, ProblemItem.State.RESOLVED, note)
        return self._step(
            Step.RESOLVE, at, by, note=note, facts={"code": self._problem["code"]}, resumes=True,
            columns={"resume_state": ""},
        )  # fmt: skip

    def return_case(
        self, at: datetime, by: Employee, *, codes: Sequence[str], note: str, claimed_at: datetime | None = None
    ) -> Self:
        self._close_problem(at, by, ProblemItem.State.RETURNED, note)
        self.round += 1
        self._keyer = None
        self._returned = {"round": self.round, "codes": sorted(codes), "note": note, "returned_by": by,
                          "returned_at": at}  # fmt: skip
        self.about.append((ReturnNote, self._returned))
        return self._step(Step.RETURN, at, by, claimed_at=claimed_at, note=note, facts={"codes": sorted(codes)})

    def resubmit(self, at: datetime, by: Employee, answer: str) -> Self:
        codes = self._returned["codes"]
        self._returned.update(answers=dict.fromkeys(codes, answer), answered_by=by, answered_at=at)
        return self._step(Step.RESUBMIT, at, by, facts={"codes": codes})

    # -- the other ends ----------------------------------------------------------------------------------------------
    def reject(self, at: datetime, by: Employee | None, *, code: str, note: str = "", source: str = "") -> Self:
        facts = {"code": code} | ({"source": source} if source else {})
        return self._step(Step.REJECT, at, by, note=note, facts=facts)

    def withdraw(self, at: datetime, by: Employee, *, note: str, code: str = "U01") -> Self:
        self._close_problem(at, by, ProblemItem.State.VOID, note)
        return self._step(Step.WITHDRAW, at, by, note=note, facts={"code": code})

    def refuse_card(self, at: datetime, by: Employee, *, note: str) -> Self:
        return self._step(Step.REFUSE_CARD, at, by, note=note, facts={"code": "U02"})

    def expire(self, at: datetime) -> Self:
        return self._step(Step.EXPIRE, at, None)

    # -- inside ------------------------------------------------------------------------------------------------------
    def _begin(self, step: Step, at: datetime, by: Employee, **columns: Any) -> Self:
        return self._step(step, at, by, told=columns)

    def _step(self, step: Step, at: datetime, by: Employee | None, **facts: Any) -> Self:
        self.steps.append(PastStep(step, at, by, **facts))
        return self

    def _row(self, model: type[Model], **columns: Any) -> Self:
        self.about.append((model, columns))
        return self

    def _key(self, at: datetime, by: Employee, turn: str, values: Mapping[str, Any]) -> None:
        """One record per keyer and turn of a round: who keys again overwrites the own one."""
        document = json.dumps(dict(values), ensure_ascii=False, sort_keys=True)
        row = self._entries.get((self.round, turn, by.pk))
        if row is None:
            row = self._entries[self.round, turn, by.pk] = {"round": self.round, "turn": turn, "keyer": by}
            self.about.append((EntryRecord, row))
        row.update(document=document, saved_at=at, submitted_at=at)

    def _close_problem(self, at: datetime, by: Employee, state: str, note: str) -> None:
        if self._problem and "closed_at" not in self._problem:
            self._problem.update(state=state, resolution=note, closed_by=by, closed_at=at)
