"""How a channel is doing, and who does not want to be reached by it."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.encryption.fields import normalised
from accounts.encryption.keyring import fingerprint


class ChannelState(models.Model):
    """One channel as all workers see it: how fast it may be used, and whether it is dead."""

    channel = models.CharField(max_length=12, primary_key=True)
    paid_until = models.DateTimeField(
        null=True, blank=True, help_text="Up to when the rate is used up (generic cell rate algorithm)."
    )
    failures = models.PositiveIntegerField(default=0, db_default=0, help_text="In a row, since it last worked.")
    dead_until = models.DateTimeField(null=True, blank=True, help_text="It is tried again then.")

    def __str__(self) -> str:
        """Return the channel's name."""
        return self.channel


class OptOut(models.Model):
    """An address that wants no messages: it said STOP, or the provider told us so. Known by a keyed hash alone."""

    channel = models.CharField(max_length=12)
    address_index = models.CharField(max_length=64)
    since = models.DateTimeField(default=timezone.now, db_default=Now())

    class Meta:
        ordering = ("-since",)
        verbose_name = "opt-out"
        constraints = (models.UniqueConstraint(fields=("channel", "address_index"), name="opt_out_once"),)

    def __str__(self) -> str:
        """Return our own number only."""
        return f"Opt-out {self.pk}"


def address_index(channel: str, address: str) -> str:
    """Return the keyed hash under which an address is found; empty for none."""
    plain = normalised(address)
    return fingerprint(plain, f"messaging:{channel}") if plain else ""
