"""``manage.py disable_staff``: show what somebody is booked for, then switch off their account."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from accounts.people import PersonError, find_person, switch_off
from scheduling.models import Operation, Reservation
from scheduling.selectors.commitments import Commitments, commitments_of


class Command(BaseCommand):
    """Switch off one account."""

    help = (
        "Switch off the account of somebody who leaves, and end their sessions at once. Shows first everything "
        "they are booked and rostered for from now on. None of it is freed: hand it over on the schedule."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("email", help="the address by which the person signs in")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Show, ask, switch off."""
        try:
            user = find_person(options["email"])
        except PersonError as error:
            raise CommandError(str(error)) from error
        for line in _lines(user, commitments_of(user, since=timezone.now())):
            self.stdout.write(line)
        if not user.is_active:
            self.stdout.write("The account is switched off already.")
            return
        if not (options["yes"] or self._is_agreed()):
            raise CommandError("The account stays open.")
        switch_off(actor=None, user=user)
        self.stdout.write("Switched off, and signed out everywhere. Nothing was freed.")

    def _is_agreed(self) -> bool:
        try:
            answer = input("Switch off this account? Type yes: ")
        except EOFError as error:
            raise CommandError("Nobody is here to answer. Give --yes. The account stays open.") from error
        return answer.strip().lower() in {"y", "yes"}


def _lines(user: User, found: Commitments | None) -> Iterator[str]:
    if found is None:
        yield f"{user} ({user.email}) is not linked with a member of staff, so nothing booked can be shown."
        yield "If they work in theatres, look under Staff in the admin first."
        return
    yield f"{user} ({user.email}), on the schedule as {found.member}, from now on:"
    yield from _group("operation", [_booked(held) for held in found.booked])
    yield from _group("operation to lead that waits for a date", [_waiting(one) for one in found.waiting])
    yield from _group("shift", [_from_to(shift.period) for shift in found.shifts])
    absences = [f"{absence.get_kind_display()}, {_from_to(absence.period)}" for absence in found.absences]
    yield from _group("absence", absences)


def _group(title: str, lines: list[str]) -> Iterator[str]:
    yield f"{title}: {len(lines)}"
    yield from (f"  {line}" for line in lines)


def _booked(held: Reservation) -> str:
    """Name the operation by number: what a command prints ends up in logs."""
    at = held.operation.starts_at
    when = f"{timezone.localtime(at):%a %d %b %Y %H:%M}" if at else "without a time"
    return f"{when}, {held.operation.theatre}, operation {held.operation_id}, as {held.get_role_display().lower()}"


def _waiting(operation: Operation) -> str:
    due = f", due {operation.due_on:%d %b %Y}" if operation.due_on else ""
    return f"operation {operation.pk}, {operation.get_status_display().lower()}{due}"


def _from_to(period: Any) -> str:
    """Return both ends in local time; either may be open."""
    ends = [f"{timezone.localtime(end):%a %d %b %Y %H:%M}" if end else "…" for end in (period.lower, period.upper)]
    return " to ".join(ends)
