"""Local times that exist once, twice or not at all."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scheduling.localtime import AmbiguousTimeError, MissingTimeError, instant_of, nearest_instant, wall_clock

ZONES = ["Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
naive_times = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1)).map(
    lambda at: at.replace(second=0, microsecond=0)
)
# Hypothesis seldom hits the two nights of a year by itself.
near_changes = st.builds(
    lambda night, minute: night + timedelta(minutes=minute),
    st.sampled_from([datetime(2027, 3, 28), datetime(2027, 10, 31), datetime(2027, 3, 14), datetime(2027, 11, 7)]),
    st.integers(-60, 300),
)


def instants_showing(naive: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return all instants at which the zone's clocks show ``naive``: try every quarter of an hour of offset."""
    offsets = (timedelta(minutes=15 * n) for n in range(-14 * 4, 14 * 4 + 1))
    tried = {(naive - offset).replace(tzinfo=UTC) for offset in offsets}
    return sorted(at for at in tried if at.astimezone(zone).replace(tzinfo=None) == naive)


@given(naive_times | near_changes, st.sampled_from(ZONES))
def test_guesses_nothing(naive: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    instants = instants_showing(naive, zone)
    with timezone.override(name):
        if not instants:
            with pytest.raises(MissingTimeError):
                instant_of(naive)
        elif len(instants) == 1:
            assert instant_of(naive) == instants[0]
        else:
            with pytest.raises(AmbiguousTimeError) as error:
                instant_of(naive)
            assert [error.value.first.astimezone(UTC), error.value.second.astimezone(UTC)] == instants
            assert [instant_of(naive, fold=fold).astimezone(UTC) for fold in (0, 1)] == instants


def test_says_what_to_do() -> None:
    with timezone.override("Europe/London"):
        with pytest.raises(MissingTimeError) as missing:
            instant_of(datetime(2027, 3, 28, 1, 30))
        with pytest.raises(AmbiguousTimeError) as ambiguous:
            instant_of(datetime(2027, 10, 31, 1, 30))

    assert str(missing.value) == (
        "01:30 does not exist on Sun 28 Mar 2027: the clocks go forward. Choose another time."
    )
    assert str(ambiguous.value) == (
        "01:30 comes twice on Sun 31 Oct 2027: the clocks go back. "
        "Say whether you mean the first (BST) or the second (GMT)."
    )


@pytest.mark.django_db
@pytest.mark.parametrize("zone", ZONES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(naive=near_changes | naive_times)
@example(naive=datetime(2027, 3, 28, 1, 30))
@example(naive=datetime(2027, 10, 31, 1, 30))
def test_repeating_hours_are_read_as_postgresql_reads_them(zone: str, naive: datetime) -> None:
    """The slot query lays out hours in SQL, the rules in Python: they must mean the same instants."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamp AT TIME ZONE %s", [naive, zone])
        (in_sql,) = cursor.fetchone()

    with timezone.override(zone):
        assert wall_clock(naive.date(), naive.time()) == in_sql


def test_midnight() -> None:
    with timezone.override("Europe/London"):
        assert wall_clock(date(2027, 7, 1), time.min) == datetime(2027, 6, 30, 23, tzinfo=UTC)


ROUND_MIDNIGHT = [
    ((2026, 11, 24, 0, 10), time(23, 50), (2026, 11, 23, 23, 50)),
    ((2026, 11, 23, 23, 50), time(0, 10), (2026, 11, 24, 0, 10)),
    ((2026, 11, 24, 9, 0), time(8, 15), (2026, 11, 24, 8, 15)),
]


@pytest.mark.parametrize(("anchor", "typed", "meant"), ROUND_MIDNIGHT)
def test_the_nearest_instant(anchor: tuple[int, ...], typed: time, meant: tuple[int, ...]) -> None:
    zone = timezone.get_current_timezone()
    assert nearest_instant(typed, datetime(*anchor, tzinfo=zone)) == datetime(*meant, tzinfo=zone)  # type: ignore[misc,arg-type]
