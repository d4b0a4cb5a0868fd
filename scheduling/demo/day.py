"""One theatre on one day of the demo."""

from datetime import date, datetime, timedelta

from django.utils import timezone

from resources.models import Theatre
from scheduling.demo import waiting
from scheduling.demo.booker import Booker
from scheduling.demo.calendar import planned, working_days
from scheduling.demo.consents import make_consents
from scheduling.demo.dice import dice_for
from scheduling.demo.lists import DayList, afternoon, code_of
from scheduling.demo.people import make_unknown_patient
from scheduling.demo.playing import just_due, play_list
from scheduling.models import Operation, Status

CONFIRMED_DAYS = 1
"""Working days ahead that are confirmed."""
CANCELLED_SHARE, POSTPONED_SHARE = 0.03, 0.01
EMERGENCY_PROCEDURE = "0WJG0ZZ"
UNFINISHED = (Status.SCHEDULED, Status.ARRIVED, Status.IN_THEATRE, Status.RECOVERY)
"""Of what is on the calendar, what goes on."""


class DemoDay:
    """One theatre on one day: booked, changed a little, and played as far as time has come."""

    def __init__(self, booker: Booker, day: date, theatre: Theatre, *, emergency: bool) -> None:
        self.booker, self.day, self.theatre, self.emergency = (
            booker,
            day,
            theatre,
            emergency,
        )
        self.code = code_of(day, theatre)
        self.rng = dice_for(self.code)
        self.now = timezone.now()

    def load(self) -> None:
        """Book the list if nobody has yet, and play it."""
        if any(code.startswith(f"{self.code}-") for code in self.booker.taken_codes):
            operations = self._left_over()
        else:
            operations = self._change(self._book())
        ahead = (self.day - self.booker.today).days
        placed = [operation for operation in operations if operation.period]
        make_consents(self.booker.actor, self.code, placed, scan=ahead == 0)
        late = just_due(operations, self.now) if ahead == 0 and not self.booker.late_shown else None
        self.booker.late_shown |= late is not None
        begun = play_list(self.booker.actor, self.rng, operations, self.now, late=late)
        confirmed = list(working_days(self.booker.today, CONFIRMED_DAYS))
        if ahead == 0 or self.day in confirmed:
            to_come = Operation.objects.filter(
                pk__in=[o.pk for o in operations[begun:]],
                status=Status.SCHEDULED,
                confirmed_at=None,
            )
            waiting.confirm_most(self.booker, self.rng, list(to_come))

    def _left_over(self) -> list[Operation]:
        """Return what was booked before and has not come to its end yet."""
        rows = Operation.objects.filter(external_id__startswith=f"{self.code}-", status__in=UNFINISHED)
        return list(rows.order_by("period"))

    def _book(self) -> list[Operation]:
        day_list = DayList(self.booker, self.theatre, self.day, self.rng, self.emergency)
        sessions = self.theatre.sessions.filter(day=self.day).select_related("specialty", "surgeon")
        operations = day_list.fill(list(sessions.order_by("period")))
        if self.emergency and self.day <= self.booker.today:
            self._add_emergencies(day_list)
        return sorted(operations, key=planned)

    def _add_emergencies(self, day_list: DayList) -> None:
        """Add what came unplanned: some every day, and today somebody whom nobody knows yet."""
        latest = self.now - timedelta(hours=5)
        for hours in range(self.rng.randint(1, 3)):
            earliest = afternoon(self.day) + timedelta(hours=2 * hours)
            if earliest < latest:
                day_list.add_emergency(earliest)
        if self.day == self.booker.today:
            day_list.add_emergency(self._soon(), code=EMERGENCY_PROCEDURE, patient=make_unknown_patient())

    def _soon(self) -> datetime:
        """Return half an hour from now, or the afternoon where the demo's today is another day."""
        soon = self.now + timedelta(minutes=30)
        return soon if timezone.localtime(soon).date() == self.day else afternoon(self.day)

    def _change(self, operations: list[Operation]) -> list[Operation]:
        """Cancel or postpone a few, as happens."""
        if self.day <= self.booker.today:
            return waiting.cancel_some(self.booker, self.rng, operations, CANCELLED_SHARE)
        return waiting.postpone_some(self.booker, self.rng, operations, POSTPONED_SHARE)
