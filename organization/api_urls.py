"""The organization under ``/api/v1/``."""

from django.urls import path

import ops_center.web.converters  # noqa: F401  (registers <key:…>)
from organization.api import news, people, templates

urlpatterns = [
    path("auth/token/", people.Token.as_view(), name="api-token"),
    path("me/", people.Me.as_view(), name="api-me"),
    path("inbox/", news.Inbox.as_view(), name="api-inbox"),
    path("inbox/read/", news.ReadAll.as_view(), name="api-inbox-read"),
    path("inbox/preferences/", news.Preferences.as_view(), name="api-preferences"),
    path("inbox/<key:message>/read/", news.ReadOne.as_view(), name="api-message-read"),
    path("letters/", news.Letters.as_view(), name="api-letters"),
    path("letters/<key:letter>/again/", news.SendAgain.as_view(), name="api-letter-again"),
    path("templates/", templates.Templates.as_view(), name="api-templates"),
    path("templates/preview/", templates.TemplatePreview.as_view(), name="api-template-preview"),
    path("templates/<key:template>/", templates.OneTemplate.as_view(), name="api-template"),
    path("templates/<key:template>/approve/", templates.ApproveTemplate.as_view(), name="api-template-approve"),
    path("templates/<key:template>/discard/", templates.DiscardTemplate.as_view(), name="api-template-discard"),
]
