"""How django-allauth signs people in here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are given by an administrator; nobody makes their own."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Keep the sign-up page closed."""
        return False
