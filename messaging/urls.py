"""The addresses of this app, and those that its channels need."""

from importlib.util import find_spec

from django.urls import include, path

from messaging.channels import names

app_name = "messaging"
urlpatterns = [
    path("", include(f"messaging.channels.{name}.urls"))
    for name in names()
    if find_spec(f"messaging.channels.{name}.urls")
]
