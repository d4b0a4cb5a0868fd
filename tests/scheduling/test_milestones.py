"""Which milestone comes after which."""

from datetime import UTC, datetime, timedelta

import pytest

from scheduling.milestones import STATUS_AFTER, must_precede, open_kinds, out_of_order, status_of
from scheduling.models import EventKind, Status

NINE = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_every_kind_proves_a_status() -> None:
    assert set(STATUS_AFTER) == set(EventKind.values)


def test_kinds_stand_in_an_order_without_circles() -> None:
    kinds = EventKind.values
    for at, first in enumerate(kinds):
        for second in kinds[: at + 1]:
            assert not must_precede(first, second)


@pytest.mark.parametrize(
    ("kind", "minutes", "others", "wrong"),
    [
        ("out", 60, {"in_theatre": 0}, None),
        ("out", -1, {"in_theatre": 0}, "in_theatre"),
        ("arrived", 1, {"in_theatre": 0}, "in_theatre"),
        ("anaesthesia", -20, {"in_theatre": 0}, None),
        ("in_theatre", 20, {"anaesthesia": 0}, None),
        ("knife_to_skin", -1, {"anaesthesia": 0}, "anaesthesia"),
        ("cleaned", 1, {"discharged": 60, "out": 0}, None),
        ("cleaned", -1, {"out": 0}, "out"),
        ("discharged", 1, {"cleaned": 20}, None),
        ("out", 0, {}, None),
    ],
)
def test_out_of_order(kind: str, minutes: int, others: dict[str, int], wrong: str | None) -> None:
    known = {other: NINE + timedelta(minutes=offset) for other, offset in others.items()}
    assert out_of_order(kind, NINE + timedelta(minutes=minutes), known) == wrong


def test_seconds_of_one_minute_do_not_matter() -> None:
    """A typed 09:00 stands beside a tap at 09:00:40."""
    assert out_of_order("out", NINE, {"closing": NINE + timedelta(seconds=40)}) is None


def test_what_may_still_happen() -> None:
    assert open_kinds([])[0] == EventKind.SENT_FOR
    assert open_kinds(["anaesthesia"])[:2] == ["in_theatre", "time_out"]
    assert open_kinds(["out"]) == ["recovery", "ready", "discharged", "cleaned"]
    assert open_kinds(["out", "discharged"]) == ["cleaned"]
    assert open_kinds(EventKind.values) == []


def test_status_is_the_farthest_that_is_proved() -> None:
    assert status_of([]) == Status.SCHEDULED
    assert status_of(["sent_for"]) == Status.SCHEDULED
    assert status_of(["arrived", "out", "in_theatre"]) == Status.RECOVERY
    assert status_of(["arrived"], least=Status.COMPLETED) == Status.COMPLETED
