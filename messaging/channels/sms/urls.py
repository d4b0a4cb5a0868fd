"""What Twilio calls."""

from django.urls import path

from messaging.channels.sms import views

urlpatterns = [
    path("sms/status/", views.status, name="sms-status"),
    path("sms/reply/", views.reply, name="sms-reply"),
]
