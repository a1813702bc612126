"""S21 over all addresses of the money: every page and every call × every role. Who may open it, who may act, that
nobody reads a colleague's amount who does not watch over the money, and that no client stands anywhere."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from applications.models import Application
from incentives import api_urls, urls
from incentives.models import Bounty, PriceNotice, RewardEntry, SplitPolicy
from incentives.services.accrual import accrue
from incentives.services.adjustments import ask_adjustment
from incentives.services.confirmations import certify, draft_confirmation
from incentives.services.disputes import dispute
from incentives.services.holds import hold
from incentives.services.payouts import make_payout
from incentives.services.registration import register
from incentives.services.returns import take_return
from incentives.services.reversals import ask_reversal
from ops_center import clock
from ops_center.kernel.money import yuan
from organization.models import Employee
from tests.cast import Cast, at
from tests.incentives.conftest import priced

pytestmark = pytest.mark.django_db
EVERYBODY = None
WATCHERS = "TR SUP MGT AUD"  # who watches over the money reads every amount; human resources what is certified
DOCUMENTS = "TR SUP MGT HR AUD"
REPORTS = "SUP MGT HR AUD"

# Who opens it: address → roles.
READS: Mapping[str, str | None] = {
    "my-rewards": EVERYBODY, "api-my-rewards": EVERYBODY, "api-my-summary": EVERYBODY, "api-rewards": EVERYBODY,
    "branch-rewards": "BH", "api-branch-rewards": "BH",
    "price-board": EVERYBODY, "price-notice": "MGT", "api-price-board": EVERYBODY,
    "policy-list": EVERYBODY, "split-version": EVERYBODY, "bounty-version": EVERYBODY, "api-policies": EVERYBODY,
    "api-split": EVERYBODY, "split-new": "MGT", "bounty-new": "MGT",
    "policy-preview": "MGT AUD", "api-policy-preview": "MGT AUD",
    "hold-list": WATCHERS, "api-holds": WATCHERS, "leaver-list": "HR SUP AUD", "api-leavers": "HR SUP AUD",
    "correction-list": EVERYBODY, "reversal-new": "AUD", "adjustment-new": "TR", "cross-sell-new": "AS CM",
    "dispute": "TR SUP", "api-disputes": EVERYBODY, "api-reversals": WATCHERS, "api-adjustments": WATCHERS,
    "api-cross-sells": EVERYBODY,
    "registration-list": "TR SUP AUD", "api-registrations": "TR SUP AUD",
    "confirmation-list": DOCUMENTS, "confirmation": DOCUMENTS, "confirmation-pdf": DOCUMENTS,
    "api-confirmations": DOCUMENTS, "api-confirmation": DOCUMENTS, "api-confirmation-pdf": DOCUMENTS,
    "confirmation-inbox": "TR SUP", "verify-door": EVERYBODY, "verify": EVERYBODY,
    "payout-list": "HR AUD", "payout-preview": "HR AUD", "payout": "HR AUD", "payout-return": "HR AUD",
    "payout-sheet": "HR AUD", "api-payouts": "HR AUD", "api-payout": "HR AUD", "api-payout-returns": "HR AUD",
    "settlement": "VND", "reward-reports": REPORTS, "reward-report-entries": REPORTS,
    "reward-report-collectors": REPORTS,
    **{f"settlement-sheet-{form}": "VND" for form in ("csv", "xlsx")},
    **{f"reward-report-{name}-{form}": REPORTS for name in ("entries", "collectors") for form in ("csv", "xlsx")},
    **{
        f"api-payout-{sheet}-{form}": "HR AUD VND" if sheet == "vendor" else "HR AUD"
        for sheet in ("hr", "vendor", "customers", "pool") for form in ("csv", "xlsx")
    },
}  # fmt: skip
# Who sees it depends on whose it is: the last test.
BY_ENTRY = {"reward-trace", "reward-dispute", "api-breach-effect"}
# Who may act: address → roles; somebody else is told so, whatever was sent.
ACTS: Mapping[str, str | None] = {
    "reward-hold": "AUD", "api-reward-hold": "AUD", "reward-release": "AUD SUP", "api-reward-release": "AUD SUP",
    "reward-void": "AUD", "api-reward-void": "AUD", "api-reward-dispute": EVERYBODY,
    "hold-release": "AUD SUP", "api-holds-release": "AUD SUP", "leaver-decide": "HR", "api-leaver-decide": "HR",
    "correction-decide": "TR SUP", "api-dispute-decide": "TR SUP",
    "api-reverse": "AUD", "api-reversal-approve": "SUP", "api-reversal-refuse": "SUP",
    "api-adjust": "TR", "api-adjustment-approve": "SUP", "api-adjustment-refuse": "SUP",
    "api-cross-sell": "AS CM", "api-cross-sell-approve": "TR SUP", "api-cross-sell-refuse": "TR SUP",
    "register-rewards": "TR", "api-registrations": "TR",
    "confirmation-draft": "TR SUP", "confirmation-certify": "TR SUP", "confirmation-certify-many": "TR SUP",
    "confirmation-discard": "TR SUP", "api-confirmations": "TR SUP", "api-certify": "TR SUP",
    "api-certify-many": "TR SUP", "api-discard": "TR SUP",
    "payout-make": "HR", "payout-paid": "HR", "payout-return-new": "HR",
    "api-payouts": "HR", "api-payout-paid": "HR", "api-payout-returns": "HR",
    "price-notices-sign": EVERYBODY, "api-notice-read": EVERYBODY,
    "split-approve": "MGT", "split-discard": "MGT", "bounty-approve": "MGT", "bounty-discard": "MGT",
    "api-splits": "MGT", "api-split-approve": "MGT", "api-split-discard": "MGT",
    "api-bounties": "MGT", "api-bounty-approve": "MGT", "api-bounty-discard": "MGT",
}  # fmt: skip
# The bank's prices are public: what a role is worth stands there for everybody, and nobody's name.
PRICES = {"price-board", "policy-list", "split-version", "bounty-version", "api-policies", "api-price-board",
          "api-split", "price-notice"}  # fmt: skip
CLIENT = re.compile(r"王小明|1000\d{7}|990101\d{12}")  # the names, mobiles and ID numbers of the cast's clients


@dataclass(frozen=True)
class Stage:
    """A case of 滨河 that has been exported, and one of the card center that has only accrued; with something of every
    kind."""

    bank: Cast
    exported: Application
    accrued: Application
    there: dict[str, Any]  # what the addresses name

    @property
    def people(self) -> Iterable[Employee]:
        """One of each role, and who has none but to be an employee."""
        roles = {person.role_codes(clock.today()): person for person in self.bank.people.values()}
        return roles.values()

    def address(self, pattern: URLPattern, **others: Any) -> str:
        return reverse(pattern.name, kwargs={key: (self.there | others)[key] for key in pattern.pattern.converters})


@pytest.fixture
def stage(bank: Cast) -> Stage:
    """Odd prices, so that each amount belongs to one person of one case."""
    when, now = at("2026-11-24 10:00"), clock.now()
    priced(bank, "PK", 117_31, starts_on=date(2026, 11, 2))
    priced(bank, "JK", 153_17, starts_on=date(2026, 11, 2))
    bank.people["vendor_desk"] = bank.hire("外包管理", "OC01", "VND")
    exported = bank.activated(when=when)
    accrued = bank.activated(when=when, product="JK", referred=True)
    accrue(at=when)
    own = RewardEntry.objects.filter(assessment=exported.pk, kind="SPLIT", payee=bank.chen_xiaoming).latest("pk")
    register(applications=[exported.number], actor=bank.zheng_weiguo, at=now)
    draft = draft_confirmation(period="2026-11", actor=bank.zheng_weiguo, at=now)
    document = certify(no=draft.no, actor=bank.feng_zhiqiang, at=now)
    batch = make_payout(confirmations=[document.no], actor=bank.su_min, at=now)
    returned = "工号,实发金额,结果,原因\r\nLZ10007,0.01,已发放,\r\n".encode()
    file = take_return(batch=batch.pk, name="回盘.csv", content=returned, actor=bank.su_min, at=now)
    asked = dispute(entry=own.pk, text="金额不符", actor=bank.chen_xiaoming, at=now)
    ask_reversal(case=accrued.number, reason="资料不实", actor=bank.pan_wei, at=now)
    ask_adjustment(case=accrued.number, payee=bank.zhou_qiming, role="COLLECTOR", amount_fen=-1_11, reason="更正",
                   actor=bank.zheng_weiguo, at=now)  # fmt: skip
    last = RewardEntry.objects.filter(assessment=accrued.pk, kind="SPLIT", payee=bank.zhou_qiming).latest("pk")
    hold(entry=last.pk, reason="核查", actor=bank.pan_wei, at=now)
    return Stage(bank, bank.again(exported), bank.again(accrued), {
        "entry": own.pk, "no": document.no, "batch": batch.pk, "file": file.pk, "dispute": asked.pk,
        "code": document.check_code, "form": "csv", "sheet": "hr", "number": SplitPolicy.objects.get().number,
        "bounty": Bounty.objects.latest("pk").pk, "notice": PriceNotice.objects.latest("pk").pk,
    })  # fmt: skip


NOWHERE = {
    "entry": 0, "no": "JXQR-209901-001", "batch": 0, "number": 0, "bounty": 0, "notice": 0, "key": 0,
}  # fmt: skip
SENTENCE = {"HX-Request": "true"}  # a refusal without the frame of the page around it
QUERIES: Mapping[str, Callable[[Stage], dict[str, str]]] = {
    "payout-preview": lambda stage: {"confirmation": stage.there["no"]},
    "reversal-new": lambda stage: {"application": stage.accrued.number},
    "adjustment-new": lambda stage: {"application": stage.accrued.number},
    "cross-sell-new": lambda stage: {"application": stage.exported.number},
    "api-split": lambda stage: {"bounty": "99.99", "path": "C"},
}


def nothing(stage: Stage) -> dict[str, str]:
    return {}


def patterns() -> Iterator[URLPattern]:
    yield from urls.urlpatterns
    yield from api_urls.urlpatterns


def addresses(table: Iterable[str]) -> list[URLPattern]:
    return [pattern for pattern in patterns() if pattern.name in table]


def signed_in(person: Employee) -> Client:
    client = Client(headers={"Accept-Language": "en"}, raise_request_exception=True)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def may(person: Employee, roles: str | None) -> bool:
    return roles is EVERYBODY or person.has_role(*roles.split(), on=clock.today())


def others_amounts(person: Employee) -> set[str]:
    """Amounts that are somebody else's, and nothing to this person by the role."""
    own, others = set(), set()
    for entry in RewardEntry.objects.select_related("confirmation_line__confirmation"):
        is_certified = hasattr(entry, "confirmation_line")
        is_mine = entry.payee_id == person.pk
        is_seen = may(person, WATCHERS) or is_mine or (is_certified and may(person, "HR"))
        (own if is_seen else others).add(yuan(abs(entry.amount_fen)))
    return others - own


def amounts_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\d.,])\d+\.\d\d(?![\d.])", text))


def test_every_address_of_the_money_stands_in_the_table() -> None:
    assert {pattern.name for pattern in patterns()} == READS.keys() | ACTS.keys() | BY_ENTRY


def test_each_role_opens_what_is_its_own_and_reads_no_colleagues_amount_and_no_client(stage: Stage) -> None:
    opened: defaultdict[str, int] = defaultdict(int)
    for person in stage.people:
        client, foreign = signed_in(person), others_amounts(person)
        for pattern in addresses(READS):
            name = pattern.name
            path, query, is_open = stage.address(pattern), QUERIES.get(name, nothing)(stage), may(person, READS[name])
            answer = client.get(path, query, headers=None if is_open else SENTENCE)
            expected = {200, 404} if name == "cross-sell-new" else {200}
            assert answer.status_code in (expected if is_open else {403}), (person, name)
            if answer.status_code != 200:
                continue
            opened[name] += 1
            text = answer.content.decode("utf-8", "replace")
            assert not CLIENT.search(text), (person, name)
            if name not in PRICES:
                assert not amounts_in(text) & foreign, (person, name, amounts_in(text) & foreign)
    assert opened.keys() == READS.keys()


def test_each_role_acts_where_it_may_and_is_told_so_elsewhere(stage: Stage) -> None:
    for person in stage.people:
        client = signed_in(person)
        for pattern in addresses(ACTS):
            path, form = stage.address(pattern, **NOWHERE), {}
            if pattern.name.startswith("api-"):
                form = {"content_type": "application/json"}
            status = client.post(path, {}, headers=SENTENCE, **form).status_code
            expected = {200, 302, 400, 404, 409, 415} if may(person, ACTS[pattern.name]) else {403}
            assert status in expected, (person, pattern.name, status)


def test_an_entry_is_its_payees_and_of_those_who_watch_over_the_money(stage: Stage) -> None:
    """An own one, a colleague's of the same branch, and one of another branch: certified, and not certified yet."""
    every = list(RewardEntry.objects.filter(kind="SPLIT").select_related("payee__branch").order_by("-pk"))
    tried: set[tuple[bool, bool, bool]] = set()
    for person in stage.people:
        client = signed_in(person)

        def kind(entry: RewardEntry, person: Employee = person) -> tuple[bool, bool, bool]:
            is_near = entry.payee.branch_id == person.branch_id
            return entry.payee_id == person.pk, is_near, entry.assessment_id == stage.exported.pk

        one_of_each = {kind(entry): entry for entry in every}
        tried |= one_of_each.keys()
        for entry in one_of_each.values():
            is_own, is_certified = entry.payee_id == person.pk, entry.assessment_id == stage.exported.pk
            is_seen = is_own or may(person, WATCHERS) or (is_certified and may(person, "HR"))
            trace = client.get(f"/rewards/{entry.pk}/")
            assert trace.status_code == (200 if is_seen else 404), (person, entry)
            assert not CLIENT.search(trace.content.decode())
            assert client.get(f"/rewards/{entry.pk}/dispute/").status_code == (200 if is_own else 404)
            asked = {"text": "金额不符"}
            if not is_own:
                answer = client.post(f"/api/v1/rewards/{entry.pk}/dispute/", asked, content_type="application/json")
                assert answer.status_code == 404
        for case in (stage.exported, stage.accrued):
            listed = client.get("/api/v1/rewards/", {"application": case.number}).json()["results"]
            seen = {row["id"] for row in listed}
            assert seen == {
                entry.pk for entry in RewardEntry.objects.filter(assessment=case.pk)
                if entry.payee_id == person.pk or may(person, WATCHERS)
                or (case.pk == stage.exported.pk and may(person, "HR"))
            }  # fmt: skip
    assert len(tried) == 6  # own, near and far, each certified or not
