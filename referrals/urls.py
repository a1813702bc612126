from django.urls import path

from referrals import views

urlpatterns = [
    path("referrals/", views.referral_list, name="referral-list"),
    path("referrals/new/", views.new_referral, name="referral-new"),
    path("referrals/leads/", views.lead_list, name="lead-list"),
    path("referrals/<slug:number>/", views.one_referral, name="referral"),
    path("referrals/<slug:number>/again/", views.again, name="referral-again"),
    path("referrals/<slug:number>/accept/", views.accept, name="lead-accept"),
    path("status/", views.status_door, name="status-door"),
    path("status/<slug:code>/", views.status, name="status"),
]
