from django.urls import path

from ops_center.desk import views

urlpatterns = [
    path("", views.home, name="home"),
    path("applications/<str:number>/", views.application, name="application"),
    path("breaches/<int:pk>/", views.breach, name="breach"),
    path("approvals/", views.approval_list, name="approval-list"),
    path("approvals/<int:pk>/", views.approval, name="approval"),
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("search/", views.search, name="search"),
    path("inbox/", views.inbox_page, name="inbox"),
    path("inbox/read/", views.read_all, name="inbox-read"),
    path("inbox/<int:pk>/", views.read_message, name="message"),
    path("help/<slug:topic>/", views.help_page, name="help"),
    path("audit/", views.audit_page, name="audit-log"),
    path("set-language/", views.set_language, name="set-language"),
]
