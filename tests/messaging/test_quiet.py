"""Quiet hours follow the clock on the wall."""

from datetime import UTC, datetime

import pytest
from django.conf import LazySettings
from django.utils import timezone

from messaging.quiet import end_of_quiet


@pytest.fixture(autouse=True)
def london(settings: LazySettings):
    settings.MESSAGE_QUIET_HOURS = "21:00-08:00"
    with timezone.override("Europe/London"):
        yield


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-01-15T20:59", None),
        ("2026-01-15T21:00", "2026-01-16T08:00"),
        ("2026-01-16T07:59", "2026-01-16T08:00"),
        ("2026-01-16T08:00", None),
        ("2026-07-15T20:30", "2026-07-16T07:00"),  # summer time: 21:30 on the wall
        ("2026-03-28T23:00", "2026-03-29T07:00"),  # the night in which the clocks go forward
        ("2026-10-24T23:00", "2026-10-25T08:00"),  # and back
    ],
)
def test_when_they_end(now: str, end: str | None) -> None:
    found = end_of_quiet(datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == (datetime.fromisoformat(end).replace(tzinfo=UTC) if end else None)


def test_they_may_lie_within_a_day_or_not_be_at_all(settings: LazySettings) -> None:
    settings.MESSAGE_QUIET_HOURS = "12:00-14:00"
    assert end_of_quiet(datetime(2026, 1, 15, 13, tzinfo=UTC)) == datetime(2026, 1, 15, 14, tzinfo=UTC)
    assert end_of_quiet(datetime(2026, 1, 15, 11, tzinfo=UTC)) is None
    settings.MESSAGE_QUIET_HOURS = ""
    assert end_of_quiet(datetime(2026, 1, 15, 13, tzinfo=UTC)) is None


def test_an_hour_that_comes_twice_ends_after_it(settings: LazySettings) -> None:
    settings.MESSAGE_QUIET_HOURS = "00:30-01:30"
    # 01:15 for the second time; the first 01:30 is over.
    now = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    assert end_of_quiet(now) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
