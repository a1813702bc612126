"""The addresses of the money under ``/api/v1/``; ``number`` and ``key`` are the converters of applications.api_urls."""

from django.urls import path

import applications.api_urls  # noqa: F401  (registers the converters)
from incentives.api import corrections, effects, holds, papers, payouts, policies, prices, rewards, statement
from incentives.lifecycle import Sheet
from incentives.models import PayoutFile

urlpatterns = [
    path("rewards/", rewards.Rewards.as_view(), name="api-rewards"),
    path("me/rewards/", rewards.MyRewards.as_view(), name="api-my-rewards"),
    path("me/rewards/summary/", statement.MySummary.as_view(), name="api-my-summary"),
    path("rewards/branch/", statement.BranchRewards.as_view(), name="api-branch-rewards"),
    path("rewards/<key:entry>/hold/", rewards.Hold.as_view(), name="api-reward-hold"),
    path("rewards/<key:entry>/release/", rewards.Release.as_view(), name="api-reward-release"),
    path("rewards/<key:entry>/void/", corrections.VoidEntry.as_view(), name="api-reward-void"),
    path("rewards/<key:entry>/dispute/", corrections.NewDisputes.as_view(), name="api-reward-dispute"),
    path("disputes/", corrections.Disputes.as_view(), name="api-disputes"),
    path("disputes/<key:key>/decide/", corrections.DecideDispute.as_view(), name="api-dispute-decide"),
    path("applications/<number:number>/reverse-rewards/", corrections.ReverseRewards.as_view(), name="api-reverse"),
    path("reversals/", corrections.Reversals.as_view(), name="api-reversals"),
    path("reversals/<key:key>/approve/", corrections.ApproveReversal.as_view(), name="api-reversal-approve"),
    path("reversals/<key:key>/refuse/", corrections.RefuseReversal.as_view(), name="api-reversal-refuse"),
    path("applications/<number:number>/adjustments/", corrections.NewAdjustments.as_view(), name="api-adjust"),
    path("adjustments/", corrections.Adjustments.as_view(), name="api-adjustments"),
    path("adjustments/<key:key>/approve/", corrections.ApproveAdjustment.as_view(), name="api-adjustment-approve"),
    path("adjustments/<key:key>/refuse/", corrections.RefuseAdjustment.as_view(), name="api-adjustment-refuse"),
    path("applications/<number:number>/cross-sells/", corrections.NewCrossSells.as_view(), name="api-cross-sell"),
    path("cross-sells/", corrections.CrossSells.as_view(), name="api-cross-sells"),
    path("cross-sells/<key:key>/approve/", corrections.ApproveCrossSell.as_view(), name="api-cross-sell-approve"),
    path("cross-sells/<key:key>/refuse/", corrections.RefuseCrossSell.as_view(), name="api-cross-sell-refuse"),
    path("holds/", holds.Holds.as_view(), name="api-holds"),
    path("holds/release/", holds.ReleaseMany.as_view(), name="api-holds-release"),
    path("leavers/", holds.Leavers.as_view(), name="api-leavers"),
    path("leavers/<number:number>/decide/", holds.DecideLeaver.as_view(), name="api-leaver-decide"),
    path("registrations/", papers.Registrations.as_view(), name="api-registrations"),
    path("confirmations/", papers.Confirmations.as_view(), name="api-confirmations"),
    path("confirmations/certify/", papers.CertifyMany.as_view(), name="api-certify-many"),
    path("confirmations/<number:no>.pdf", papers.Paper.as_view(), name="api-confirmation-pdf"),
    path("confirmations/<number:no>/", papers.OneConfirmation.as_view(), name="api-confirmation"),
    path("confirmations/<number:no>/certify/", papers.Certify.as_view(), name="api-certify"),
    path("confirmations/<number:no>/discard/", papers.Discard.as_view(), name="api-discard"),
    path("payouts/", payouts.Payouts.as_view(), name="api-payouts"),
    path("payouts/<key:batch>/", payouts.OnePayout.as_view(), name="api-payout"),
    path("payouts/<key:batch>/paid/", payouts.PayoutPaid.as_view(), name="api-payout-paid"),
    path("payouts/<key:batch>/returns/", payouts.PayoutReturns.as_view(), name="api-payout-returns"),
    *(
        path(
            f"payouts/<key:batch>/{sheet}.{form}", payouts.PayoutSheet.as_view(), {"sheet": sheet, "form": form},
            name=f"api-payout-{sheet}-{form}",
        )
        for sheet in Sheet.values
        for form in PayoutFile.Format.values
    ),
    path("breaches/<key:breach>/effect/", effects.BreachEffect.as_view(), name="api-breach-effect"),
    path("policies/", policies.Policies.as_view(), name="api-policies"),
    path("policies/preview/", policies.PolicyPreview.as_view(), name="api-policy-preview"),
    path("policies/splits/", policies.Splits.as_view(), name="api-splits"),
    path("policies/splits/<key:number>/approve/", policies.ApproveSplit.as_view(), name="api-split-approve"),
    path("policies/splits/<key:number>/discard/", policies.DiscardSplit.as_view(), name="api-split-discard"),
    path("policies/bounties/", policies.Bounties.as_view(), name="api-bounties"),
    path("policies/bounties/<key:bounty>/approve/", policies.ApproveBounty.as_view(), name="api-bounty-approve"),
    path("policies/bounties/<key:bounty>/discard/", policies.DiscardBounty.as_view(), name="api-bounty-discard"),
    path("price-board/", policies.Board.as_view(), name="api-price-board"),
    path("price-board/notices/<key:notice>/read/", policies.ReadNotice.as_view(), name="api-notice-read"),
    path("split/", prices.Split.as_view(), name="api-split"),
]  # fmt: skip
