from django.urls import path

from organization import views

urlpatterns = [path("calendar/", views.calendar, name="calendar")]
