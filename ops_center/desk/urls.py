from django.urls import path

from ops_center.desk import news, views

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
    path("inbox/bell/", news.bell, name="bell"),
    path("inbox/preferences/", news.preferences, name="news-preferences"),
    path("letters/", news.letter_list, name="letter-list"),
    path("letters/<int:pk>/again/", news.letter_again, name="letter-again"),
    path("templates/", news.template_list, name="template-list"),
    path("templates/new/<str:kind>/<str:language>/", news.new_template, name="template-new"),
    path("templates/<int:pk>/", news.one_template, name="template"),
    path("templates/<int:pk>/approve/", news.approve_template, name="template-approve"),
    path("templates/<int:pk>/discard/", news.discard_template, name="template-discard"),
    path("inbox/<int:pk>/", views.read_message, name="message"),
    path("help/<slug:topic>/", views.help_page, name="help"),
    path("audit/", views.audit_page, name="audit-log"),
    path("set-language/", views.set_language, name="set-language"),
]
