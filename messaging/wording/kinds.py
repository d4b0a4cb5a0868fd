"""The kinds of messages, and what may stand in each: fixed here, whatever a template says.

A message to a patient holds no name, no diagnosis, no procedure and no number of the record. So none of its fields
takes free words: dates, times, links of a fixed form, codes, and words of lists that the hospital keeps itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from messaging.models.audience import Audience
from messaging.wording.fields import FIELDS, FieldError

GIVEN = frozenset({"hospital", "phone"})
"""Set by the hospital for all messages; nobody passes them."""
_VISIT = frozenset({"date", "time", "place", "link"})


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of message. ``needed`` must be passed, ``allowed`` may."""

    code: str
    title: str
    audience: Audience
    needed: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    urgent: bool = False
    asks_reply: bool = False

    @property
    def allowed(self) -> frozenset[str]:
        """Return every field that a template may use."""
        return self.needed | self.may | GIVEN


def _patient(code: str, title: str, **more: object) -> Kind:
    return Kind(code=code, title=title, audience=Audience.PATIENT, **{"may": _VISIT | {"fasting"}, **more})  # type: ignore[arg-type]


def _staff(code: str, title: str, *needed: str, **more: object) -> Kind:
    may = frozenset({"date", "time", "theatre", "minutes", "link"})
    return Kind(code=code, title=title, audience=Audience.STAFF, needed=frozenset(needed), may=may, **more)  # type: ignore[arg-type]


_DAY = frozenset({"date", "time", "place"})
KINDS: dict[str, Kind] = {
    kind.code: kind
    for kind in (
        _patient("booked", "Date given", needed=_DAY),
        _patient("moved", "Date changed", needed=_DAY),
        _patient("cancelled", "Date cancelled", needed=frozenset({"date"})),
        _patient("reminder_7_days", "Reminder, 7 days before", needed=_DAY, asks_reply=True),
        _patient("reminder_48_hours", "Reminder, 48 hours before", needed=_DAY, asks_reply=True),
        _patient("reminder_24_hours", "Reminder, the day before", needed=_DAY | {"fasting"}),
        _patient("come_now", "Come now", needed=frozenset({"place"}), urgent=True),
        _patient("thank_you", "Thank you, and what to do at home"),
        _staff("list_published", "List published", "date"),
        _staff("list_changed", "List changed after it was closed", "date"),
        _staff("team_added", "Added to a team", "date", "time", "theatre"),
        _staff("emergency_added", "Emergency added", "date", "time", "theatre", urgent=True),
        _staff("delay", "Delay", "theatre", "minutes", urgent=True),
        _staff("roster_gap", "Gap in the roster", "date"),
        _staff("block_release", "Block about to be released", "date", "theatre"),
    )
}


def kind_named(code: str) -> Kind:
    """Return a kind; raises :class:`FieldError` for none of ours."""
    try:
        return KINDS[code]
    except KeyError:
        raise FieldError(f"There is no kind of message “{code}”.") from None


def check_fields(kind: Kind, values: Mapping[str, str]) -> None:
    """Raise :class:`FieldError` for what this kind may not say, lacks, or has in another form."""
    foreign = values.keys() - (kind.allowed - GIVEN)
    if foreign:
        raise FieldError(f"“{kind.code}” may not say: {', '.join(sorted(foreign))}.")
    missing = kind.needed - values.keys()
    if missing:
        raise FieldError(f"“{kind.code}” lacks: {', '.join(sorted(missing))}.")
    for name, value in values.items():
        FIELDS[name].check(value, kind.audience)
