"""Imported once by the process that forks the clients' processes; connects to nothing."""

import django

django.setup()

from tests.race import web  # noqa: E402, F401  # after the set-up
