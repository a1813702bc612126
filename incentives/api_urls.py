"""The addresses of the money under ``/api/v1/``; ``number`` and ``key`` are the converters of applications.api_urls."""

from django.urls import path

import applications.api_urls  # noqa: F401  (registers the converters)
from incentives.api import papers, payouts, prices, rewards
from incentives.lifecycle import Sheet
from incentives.models import PayoutFile

urlpatterns = [
    path("rewards/", rewards.Rewards.as_view(), name="api-rewards"),
    path("me/rewards/", rewards.MyRewards.as_view(), name="api-my-rewards"),
    path("rewards/<key:entry>/hold/", rewards.Hold.as_view(), name="api-reward-hold"),
    path("rewards/<key:entry>/release/", rewards.Release.as_view(), name="api-reward-release"),
    path("registrations/", papers.Registrations.as_view(), name="api-registrations"),
    path("confirmations/", papers.Confirmations.as_view(), name="api-confirmations"),
    path("confirmations/<number:no>/", papers.OneConfirmation.as_view(), name="api-confirmation"),
    path("confirmations/<number:no>/certify/", papers.Certify.as_view(), name="api-certify"),
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
    path("split/", prices.Split.as_view(), name="api-split"),
]  # fmt: skip
