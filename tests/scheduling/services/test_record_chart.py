"""A paper chart is entered as one change; what was recorded already stays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.permissions import NotAllowedError
from scheduling.models import OperationChange, OperationEvent, Status
from scheduling.services import InvalidPlanError, NotPossibleError, record_event
from scheduling.services.charting import record_chart
from tests.factories import UserFactory


def hours_ago(hours):
    return timezone.now() - timedelta(hours=hours)


def times_of(operation):
    return dict(OperationEvent.objects.filter(operation=operation, current=True).values_list("kind", "at"))


def test_a_whole_chart_is_one_change(world):
    operation = world.booked(world.at(9))
    chart = {"in_theatre": hours_ago(5), "out": hours_ago(3), "discharged": hours_ago(2)}
    done = record_chart(actor=world.coordinator, operation_id=operation.pk, times=chart)
    assert done.status == Status.COMPLETED
    assert done.version == operation.version + 1
    assert times_of(operation) == chart
    note = OperationChange.objects.get(operation=operation, version=done.version).note
    assert note.startswith("From the chart: Wheels in ")


def test_a_chart_of_an_operation_under_way_leaves_it_there(world):
    operation = world.booked(world.at(9))
    chart = {"knife_to_skin": hours_ago(1), "arrived": hours_ago(3)}
    assert record_chart(actor=world.coordinator, operation_id=operation.pk, times=chart).status == Status.IN_THEATRE


def test_what_was_recorded_on_the_day_stays(world):
    operation = world.booked(world.at(9))
    at = hours_ago(4)
    record_event(actor=world.coordinator, operation_id=operation.pk, kind="in_theatre", at=at)
    record_chart(
        actor=world.coordinator, operation_id=operation.pk, times={"in_theatre": hours_ago(9), "out": hours_ago(1)}
    )
    assert times_of(operation)["in_theatre"] == at


def test_the_same_chart_again_changes_nothing(world):
    operation = world.booked(world.at(9))
    chart = {"in_theatre": hours_ago(5)}
    first = record_chart(actor=world.coordinator, operation_id=operation.pk, times=chart)
    again = record_chart(actor=world.coordinator, operation_id=operation.pk, times=chart)
    assert again.version == first.version


def test_a_time_to_come_is_refused_whole(world):
    operation = world.booked(world.at(9))
    chart = {"in_theatre": hours_ago(1), "out": hours_ago(-1)}
    with pytest.raises(InvalidPlanError, match="not come yet"):
        record_chart(actor=world.coordinator, operation_id=operation.pk, times=chart)
    assert times_of(operation) == {}


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        ({"in_theatre": hours_ago(1), "lunch": hours_ago(1)}, "Choose one of the listed events."),
        ({"out": hours_ago(1).replace(tzinfo=None)}, "The time needs a time zone."),
    ],
)
def test_what_is_no_chart_is_refused_in_words(world, chart, said):
    operation = world.booked(world.at(9))
    with pytest.raises(InvalidPlanError) as error:
        record_chart(actor=world.coordinator, operation_id=operation.pk, times=chart)
    assert str(error.value) == said
    assert times_of(operation) == {}


def test_a_chart_of_no_operation(world):
    with pytest.raises(NotPossibleError, match="does not exist any more"):
        record_chart(actor=world.coordinator, operation_id=0, times={"out": hours_ago(1)})


def test_an_operation_that_is_not_booked_has_no_chart(world):
    with pytest.raises(NotPossibleError, match="Book it first"):
        record_chart(actor=world.coordinator, operation_id=world.waiting().pk, times={"out": hours_ago(1)})


def test_who_may_not_record_is_refused(world):
    operation = world.booked(world.at(9))
    with pytest.raises(NotAllowedError):
        record_chart(actor=UserFactory(role="ward_nurse"), operation_id=operation.pk, times={"out": hours_ago(1)})
