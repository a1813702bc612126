"""The addresses of the money."""

from django.urls import path

from incentives.models import PayoutFile
from incentives.views import (
    confirmations,
    corrections,
    holds,
    payouts,
    policies,
    prices,
    registration,
    reports,
    rewards,
    settlement,
    verify,
)

_document = "confirmations/<slug:no>/"
_batch = "payouts/<int:batch>/"

urlpatterns = [
    path("rewards/", rewards.my_rewards, name="my-rewards"),
    path("rewards/branch/", rewards.branch, name="branch-rewards"),
    path("rewards/<int:entry>/", rewards.trace, name="reward-trace"),
    path("rewards/<int:entry>/hold/", holds.hold, name="reward-hold"),
    path("rewards/<int:entry>/release/", holds.release, name="reward-release"),
    path("rewards/<int:entry>/void/", corrections.void, name="reward-void"),
    path("rewards/<int:entry>/dispute/", corrections.new_dispute, name="reward-dispute"),
    #
    path("holds/", holds.hold_list, name="hold-list"),
    path("holds/release/", holds.release_many, name="hold-release"),
    path("leavers/", holds.leaver_list, name="leaver-list"),
    path("leavers/<slug:number>/decide/", holds.decide_leaver, name="leaver-decide"),
    #
    path("corrections/", corrections.correction_list, name="correction-list"),
    path("corrections/decide/", corrections.decide, name="correction-decide"),
    path("corrections/reversals/new/", corrections.new_reversal, name="reversal-new"),
    path("corrections/adjustments/new/", corrections.new_adjustment, name="adjustment-new"),
    path("corrections/cross-sells/new/", corrections.new_cross_sell, name="cross-sell-new"),
    path("corrections/disputes/<int:dispute>/", corrections.one_dispute, name="dispute"),
    #
    path("reports/rewards/", reports.rewards, name="reward-reports"),
    path("reports/rewards/entries/", reports.entries, name="reward-report-entries"),
    path("reports/rewards/collectors/", reports.collectors, name="reward-report-collectors"),
    *(
        path(f"reports/rewards/{name}.{form}", view, {"form": form}, name=f"reward-report-{name}-{form}")
        for name, view in (("entries", reports.entries), ("collectors", reports.collectors))
        for form in PayoutFile.Format.values
    ),
    #
    path("settlement/", settlement.settlement, name="settlement"),
    *(
        path(f"settlement/<int:batch>.{form}", settlement.sheet, {"form": form}, name=f"settlement-sheet-{form}")
        for form in PayoutFile.Format.values
    ),
    #
    path("price-board/", prices.price_board, name="price-board"),
    path("price-board/sign/", prices.sign_notices, name="price-notices-sign"),
    path("price-board/notices/<int:notice>/", prices.notice_readers, name="price-notice"),
    #
    path("registrations/", registration.registration_list, name="registration-list"),
    path("registrations/register/", registration.register, name="register-rewards"),
    #
    path("confirmations/", confirmations.confirmation_list, name="confirmation-list"),
    path("confirmations/inbox/", confirmations.inbox, name="confirmation-inbox"),
    path("confirmations/certify/", confirmations.certify_many, name="confirmation-certify-many"),
    path("confirmations/draft/", confirmations.draft, name="confirmation-draft"),
    path(_document, confirmations.confirmation, name="confirmation"),
    path("confirmations/<slug:no>.pdf", confirmations.pdf, name="confirmation-pdf"),
    path(_document + "certify/", confirmations.certify, name="confirmation-certify"),
    path(_document + "discard/", confirmations.discard, name="confirmation-discard"),
    path("verify/", verify.verify_door, name="verify-door"),
    path("verify/<slug:no>/<slug:code>/", verify.verify, name="verify"),
    #
    path("payouts/", payouts.payout_list, name="payout-list"),
    path("payouts/preview/", payouts.preview, name="payout-preview"),
    path("payouts/make/", payouts.make, name="payout-make"),
    path(_batch, payouts.payout, name="payout"),
    path(_batch + "paid/", payouts.paid, name="payout-paid"),
    path(_batch + "returns/", payouts.load_return, name="payout-return-new"),
    path(_batch + "returns/<int:file>/", payouts.one_return, name="payout-return"),
    path(_batch + "<slug:sheet>.<slug:form>", payouts.sheet, name="payout-sheet"),
    #
    path("policies/", policies.policy_list, name="policy-list"),
    path("policies/preview/", policies.policy_preview, name="policy-preview"),
    path("policies/splits/new/", policies.new_split, name="split-new"),
    path("policies/splits/<int:number>/", policies.split_version, name="split-version"),
    path("policies/splits/<int:number>/approve/", policies.approve_split, name="split-approve"),
    path("policies/splits/<int:number>/discard/", policies.discard_split, name="split-discard"),
    path("policies/bounties/new/", policies.new_bounty, name="bounty-new"),
    path("policies/bounties/<int:bounty>/", policies.bounty_version, name="bounty-version"),
    path("policies/bounties/<int:bounty>/approve/", policies.approve_bounty, name="bounty-approve"),
    path("policies/bounties/<int:bounty>/discard/", policies.discard_bounty, name="bounty-discard"),
]
