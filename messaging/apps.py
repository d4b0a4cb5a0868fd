"""Django's entry to the messaging app."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Words and live updates delivered to people."""

    name = "messaging"
