from django.urls import path

from ops_center.desk import views

urlpatterns = [
    path("", views.home, name="home"),
    path("applications/<str:number>/", views.application, name="application"),
    path("approvals/", views.approval_list, name="approval-list"),
    path("approvals/<int:pk>/", views.approval, name="approval"),
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", views.SignOut.as_view(), name="sign-out"),
    path("set-language/", views.set_language, name="set-language"),
]
