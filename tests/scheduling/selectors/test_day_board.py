"""The day board: what is where, what is free, and how full the day is."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from resources.models import OpeningHours, Theatre, Unavailability
from scheduling.models import EventKind, Operation, Status
from scheduling.period import Period
from scheduling.selectors.day_board import Bar, DayBoard, TheatreRow, day_board
from scheduling.services import record_event
from tests.factories import BlockFactory, PriorityFactory, TheatreFactory, open_all_week
from tests.scheduling.world import World, clock_change

ZONE = ZoneInfo(settings.TIME_ZONE)
QUERIES = 8
"""Operations with all that is shown beside them, theatres, opening hours, blocks, closures, closed lists."""


def row_of(board: DayBoard, theatre: Theatre) -> TheatreRow:
    return next(row for row in board.rows if row.theatre == theatre)


def spans(bars: list[Bar]) -> list[tuple[int, int]]:
    return [(bar.start, bar.minutes) for bar in bars]


def hours(theatre: Theatre, opens: time, closes: time) -> None:
    OpeningHours.objects.filter(theatre=theatre).delete()
    open_all_week(theatre, opens=opens, closes=closes)


def close(theatre: Theatre, start: datetime, end: datetime, note: str = "") -> None:
    Unavailability.objects.create(resource=theatre, kind="closure", period=Period(start, end).as_range(), note=note)


@pytest.fixture
def early(world: World) -> datetime:
    """A moment before the day begins: nothing is late yet."""
    return world.at(0) - timedelta(hours=1)


def test_as_many_queries_for_three_rows_as_for_one(world: World, django_assert_num_queries: Any) -> None:
    Theatre.objects.exclude(pk=world.one.pk).update(in_use=False)
    world.booked(world.at(8), lead=world.surgeon)
    BlockFactory(theatre=world.one, weekday=world.day.isoweekday(), specialty=world.specialty)
    with django_assert_num_queries(QUERIES):
        board = day_board(world.day, world.coordinator)
        assert [len(row.cases) for row in board.rows] == [1]

    third = TheatreFactory()
    open_all_week(third)
    for theatre, start in ((world.two, 10), (third, 12)):
        Theatre.objects.filter(pk=theatre.pk).update(in_use=True)
        world.booked(world.at(start), theatre=theatre, lead=world.surgeon)
        BlockFactory(theatre=theatre, weekday=world.day.isoweekday(), surgeon=world.surgeon)
        close(theatre, world.at(18), world.at(19))
    with django_assert_num_queries(QUERIES):
        board = day_board(world.day, world.coordinator)
        shown = [(case.operation.patient.family_name, case.hue) for row in board.rows for case in row.cases]
        assert len(shown) == len(board.rows) == board.cases == 3


class TestWindow:
    def test_a_quiet_day_shows_the_usual_hours(self, world: World) -> None:
        board = day_board(world.day, world.coordinator)
        assert board.span == 12 * 60
        assert board.hours[0] == (0, "07:00")
        assert board.hours[-1] == (11 * 60, "18:00")

    def test_cases_and_blocks_widen_it_to_whole_hours(self, world: World) -> None:
        BlockFactory(theatre=world.two, weekday=world.day.isoweekday(), starts=time(5, 30), ends=time(9))
        world.booked(world.at(19, 55))  # until 20:55, and cleaned until 21:05
        board = day_board(world.day, world.coordinator)
        assert [label for _, label in board.hours] == [f"{hour:02}:00" for hour in range(5, 22)]
        assert spans(row_of(board, world.two).blocks) == [(30, 210)]

    def test_a_case_over_midnight_is_clipped_on_both_days(self, world: World) -> None:
        operation = world.booked(world.at(22), surgery_minutes=225)  # with anaesthesia four hours
        here, there = (
            day_board(world.day, world.coordinator),
            day_board(world.day + timedelta(days=1), world.coordinator),
        )
        (tonight,), (tomorrow,) = row_of(here, world.one).cases, row_of(there, world.one).cases
        assert tonight.operation == tomorrow.operation == operation
        assert (tonight.start + tonight.minutes, tonight.minutes) == (here.span, 120)
        assert (tomorrow.start, tomorrow.minutes) == (0, 120)
        assert there.hours[0] == (0, "00:00")
        assert (tonight.begins, tonight.lasts) == (here.span - 120, 240)  # a move keeps the whole length
        assert (tomorrow.begins, tomorrow.lasts) == (-120, 240)
        assert (tonight.ends_here, tomorrow.ends_here) == (False, True)
        assert here.jumps == there.jumps == []
        assert tomorrow.time_label == str(Period(world.at(22), world.at(2, days=1)))

    @pytest.mark.parametrize(("forward", "length"), [(True, 23), (False, 25)])
    def test_a_day_of_23_or_25_hours(self, world: World, forward: bool, length: int) -> None:  # noqa: FBT001
        change = clock_change(ZONE, forward=forward)
        day = change.astimezone(ZONE).date()
        for clock in (time.min, time(22, 30)):
            world.booked(datetime.combine(day, clock, tzinfo=ZONE))
        board = day_board(day, world.coordinator)
        assert board.span == length * 60

        labels = [label for _, label in board.hours]
        before_the_change = (change - timedelta(hours=1)).astimezone(ZONE).hour
        skipped_or_twice = f"{before_the_change + forward:02}:00"
        expected = [f"{hour:02}:00" for hour in range(24)]
        if forward:
            expected.remove(skipped_or_twice)
        else:
            expected.insert(before_the_change, skipped_or_twice)
        assert labels == expected
        assert [minute for minute, _ in board.hours] == [60 * n for n in range(length)]

        cases = row_of(board, world.one).cases
        assert [(case.start, case.minutes) for case in cases] == [(0, 60), (length * 60 - 90, 60)]

    @pytest.mark.parametrize("forward", [True, False])
    def test_the_evening_before_the_clocks_change(self, world: World, forward: bool) -> None:  # noqa: FBT001
        change = clock_change(ZONE, forward=forward)
        day = change.astimezone(ZONE).date() - timedelta(days=1)
        late = datetime.combine(day, time(22), tzinfo=ZONE)
        world.booked(late, surgery_minutes=345)  # with anaesthesia six hours
        here, there = day_board(day, world.coordinator), day_board(day + timedelta(days=1), world.coordinator)
        assert here.jumps == [(Period(here.period.start, change).minutes, f"{change.astimezone(ZONE):%H:%M}")]
        assert there.jumps == []
        for board, begins in ((here, here.span - 120), (there, -120)):
            (case,) = row_of(board, world.one).cases
            assert (case.begins, case.lasts) == (begins, 360)

    def test_now_is_a_line_only_within_the_window(self, world: World) -> None:
        assert day_board(world.day, world.coordinator, now=world.at(9, 25)).now == 145
        assert day_board(world.day, world.coordinator, now=world.at(6, 59)).now is None
        assert day_board(world.day, world.coordinator, now=world.at(19)).now is None


class TestStates:
    @pytest.mark.parametrize(
        ("status", "state", "words"),
        [
            (Status.SCHEDULED, "scheduled", "Scheduled"),
            (Status.ARRIVED, "arrived", "Arrived"),
            (Status.IN_THEATRE, "progress", "In theatre"),
            (Status.RECOVERY, "done", "In recovery"),
            (Status.COMPLETED, "done", "Completed"),
        ],
    )
    def test_each_status(self, world: World, early: datetime, status: str, state: str, words: str) -> None:
        operation = world.booked(world.at(10))
        Operation.objects.filter(pk=operation.pk).update(status=status)
        (case,) = row_of(day_board(world.day, world.coordinator, now=early), world.one).cases
        assert (case.state, case.state_label) == (state, words)

    def test_a_case_that_should_have_started_is_late(self, world: World) -> None:
        operation = world.booked(world.at(10))
        assert day_board(world.day, world.coordinator, now=world.at(10)).delayed == 0
        board = day_board(world.day, world.coordinator, now=world.at(10, 1))
        (case,) = row_of(board, world.one).cases
        assert (case.state, board.delayed) == ("delayed", 1)
        Operation.objects.filter(pk=operation.pk).update(status=Status.IN_THEATRE)
        assert day_board(world.day, world.coordinator, now=world.at(10, 1)).delayed == 0

    def test_an_emergency_until_it_is_in_theatre(self, world: World, early: datetime) -> None:
        operation = world.booked(world.at(10), priority=PriorityFactory(emergency=True))
        assert day_board(world.day, world.coordinator, now=early).emergencies == 1
        assert day_board(world.day, world.coordinator, now=world.at(11)).emergencies == 1  # late or not
        Operation.objects.filter(pk=operation.pk).update(status=Status.IN_THEATRE)
        assert day_board(world.day, world.coordinator, now=world.at(11)).emergencies == 0


class TestTime:
    def test_utilisation_is_sum_over_sum(self, world: World) -> None:
        hours(world.one, time(8), time(18))
        hours(world.two, time(8), time(10))
        for hour in (8, 10, 12, 14, 16):
            world.booked(world.at(hour))
        world.booked(world.at(8), theatre=world.two, surgery_minutes=105)
        board = day_board(world.day, world.coordinator)
        assert [row.utilisation for row in board.rows] == [50, 100]
        assert board.utilised == 58  # 420 of 720 minutes, not the mean of 50 and 100

    def test_time_outside_opening_hours_does_not_count(self, world: World) -> None:
        hours(world.one, time(8), time(9))
        operation = world.waiting()
        world.booked(world.at(8), operation=operation)
        Operation.objects.filter(pk=operation.pk).update(period=Period(world.at(8, 30), world.at(9, 30)).as_range())
        row = row_of(day_board(world.day, world.coordinator), world.one)
        assert (row.used_minutes, row.open_minutes) == (30, 60)

    def test_a_theatre_that_is_not_open_has_no_utilisation(self, world: World) -> None:
        OpeningHours.objects.filter(weekday=world.day.isoweekday()).delete()
        board = day_board(world.day, world.coordinator)
        assert [row.utilisation for row in board.rows] == [None, None]
        assert board.utilised is None

    def test_gaps_of_half_an_hour_are_named(self, world: World) -> None:
        """Set-up before, and clean-up or turnover after, are no free time."""
        hours(world.one, time(8), time(12))
        world.booked(world.at(8, 40))  # held 8:30 to 9:50
        world.booked(world.at(10, 29))  # held from 10:19, until 11:39
        assert spans(row_of(day_board(world.day, world.coordinator), world.one).free) == [
            (60, 30)
        ]  # 29 and 21 minutes go unnamed
        Theatre.objects.filter(pk=world.one.pk).update(turnover_minutes=5)
        assert spans(row_of(day_board(world.day, world.coordinator), world.one).free) == [(60, 30)]

    def test_the_tail_ends_where_the_next_case_begins(self, world: World) -> None:
        world.booked(world.at(8))
        world.booked(world.at(9, 20))
        Theatre.objects.filter(pk=world.one.pk).update(turnover_minutes=45)
        cases = row_of(day_board(world.day, world.coordinator), world.one).cases
        assert [case.tail for case in cases] == [20, 45]

    def test_a_closure_is_shown_and_is_no_open_time(self, world: World) -> None:
        hours(world.one, time(8), time(18))
        close(world.one, world.at(10), world.at(12), "Ventilation")
        row = row_of(day_board(world.day, world.coordinator), world.one)
        assert [(bar.start, bar.minutes, bar.label) for bar in row.closed] == [(180, 120, "Closed: Ventilation")]
        assert row.open_minutes == 8 * 60
        assert spans(row.free) == [(60, 120), (300, 360)]

    def test_a_closure_of_many_days_is_clipped(self, world: World) -> None:
        close(world.one, world.at(9, days=-3), world.at(9, days=3))
        row = row_of(day_board(world.day, world.coordinator), world.one)
        assert spans(row.closed) == [(0, 12 * 60)]
        assert (row.open_minutes, row.utilisation, row.free) == (0, None, [])

    def test_a_closure_outside_the_window_is_no_open_time_either(self, world: World) -> None:
        close(world.one, world.at(20), world.at(22))
        row = row_of(day_board(world.day, world.coordinator), world.one)
        assert row.closed == []
        assert row.open_minutes == 22 * 60


class TestRows:
    def test_owners_are_named_once(self, world: World) -> None:
        for starts, ends in ((time(8), time(12)), (time(13), time(17))):
            BlockFactory(
                theatre=world.one,
                weekday=world.day.isoweekday(),
                starts=starts,
                ends=ends,
                specialty=world.specialty,
            )
        BlockFactory(theatre=world.one, weekday=world.day.isoweekday() % 7 + 1)
        row = row_of(day_board(world.day, world.coordinator), world.one)
        assert row.owners == "Orthopaedics"
        assert spans(row.blocks) == [(60, 240), (360, 240)]

    def test_a_block_that_is_over_is_not_shown(self, world: World) -> None:
        BlockFactory(theatre=world.one, weekday=world.day.isoweekday(), valid_until=world.day - timedelta(days=1))
        assert row_of(day_board(world.day, world.coordinator), world.one).blocks == []

    def test_a_retired_theatre_is_shown_for_its_cases(self, world: World) -> None:
        world.booked(world.at(10), theatre=world.two)
        Theatre.objects.update(in_use=False)
        assert [row.theatre for row in day_board(world.day, world.coordinator).rows] == [world.two]

    def test_the_days_beside_it(self, world: World) -> None:
        board = day_board(date(2026, 12, 31), world.coordinator)
        assert (board.previous_day, board.next_day) == (date(2026, 12, 30), date(2027, 1, 1))


def test_arrival_is_seen_at_once(world: World) -> None:
    """What is recorded through the service shows on the board."""
    operation = world.booked(world.at(10))
    now = datetime.now(ZONE)
    record_event(actor=world.coordinator, operation_id=operation.pk, kind=EventKind.ARRIVED, at=now)
    (case,) = row_of(day_board(world.day, world.coordinator), world.one).cases
    assert case.state == "arrived"
