"""Whom a message is for."""

from django.db import models


class Audience(models.TextChoices):
    """Whom a message is for; it decides which fields may be in it."""

    PATIENT = "patient", "Patient"
    STAFF = "staff", "Staff"
