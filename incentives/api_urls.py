"""The addresses of the money under ``/api/v1/``; ``number`` and ``key`` are the converters of applications.api_urls."""

from django.urls import path

import applications.api_urls  # noqa: F401  (registers the converters)
from incentives import api
from incentives.lifecycle import Sheet
from incentives.models import PayoutFile

urlpatterns = [
    path("rewards/", api.Rewards.as_view(), name="api-rewards"),
    path("me/rewards/", api.MyRewards.as_view(), name="api-my-rewards"),
    path("rewards/<key:entry>/hold/", api.Hold.as_view(), name="api-reward-hold"),
    path("rewards/<key:entry>/release/", api.Release.as_view(), name="api-reward-release"),
    path("registrations/", api.Registrations.as_view(), name="api-registrations"),
    path("confirmations/", api.Confirmations.as_view(), name="api-confirmations"),
    path("confirmations/<number:no>/", api.OneConfirmation.as_view(), name="api-confirmation"),
    path("confirmations/<number:no>/certify/", api.Certify.as_view(), name="api-certify"),
    path("payouts/", api.Payouts.as_view(), name="api-payouts"),
    path("payouts/<key:batch>/", api.OnePayout.as_view(), name="api-payout"),
    path("payouts/<key:batch>/paid/", api.PayoutPaid.as_view(), name="api-payout-paid"),
    *(
        path(
            f"payouts/<key:batch>/{sheet}.{form}", api.PayoutSheet.as_view(), {"sheet": sheet, "form": form},
            name=f"api-payout-{sheet}-{form}",
        )
        for sheet in Sheet.values
        for form in PayoutFile.Format.values
    ),
    path("split/", api.Split.as_view(), name="api-split"),
]  # fmt: skip
