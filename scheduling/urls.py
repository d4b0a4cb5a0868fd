"""Addresses of the schedule; none of them carries patient data."""

from django.urls import path, register_converter

from scheduling.converters import DayConverter
from scheduling.views import (
    affected,
    booking,
    calendar,
    care_team,
    detail,
    emergency,
    ending,
    live_board,
    rearranging,
    recording,
    requesting,
    restricting,
    waiting,
)

register_converter(DayConverter, "day")

app_name = "scheduling"
urlpatterns = [
    path("", calendar.today, name="today"),
    path("schedule/<day:day>/", calendar.day, name="day"),
    path("schedule/<day:day>/board/", calendar.day_board_fragment, name="day-board"),
    path("schedule/week/<day:day>/", calendar.week_page, name="week"),
    path("schedule/month/<day:day>/", calendar.month_page, name="month"),
    path("board/", live_board.wall, name="live-board"),
    path("board/families/", live_board.families, name="families-board"),
    path("theatres/<int:theatre_id>/gap/", waiting.gap_page, name="gap"),
    path("affected/", affected.affected_page, name="affected"),
    path("late/", live_board.late, name="running-late"),
    path("waiting-list/", waiting.waiting_list_page, name="waiting-list"),
    path("find/", requesting.patient_find, name="patient-find"),
    path("patients/new/", requesting.patient_add, name="patient-add"),
    path("patients/access/", restricting.patient_access_find, name="patient-access-find"),
    path("patients/<int:patient_id>/access/", restricting.patient_access_page, name="patient-access"),
    path("patients/<int:patient_id>/confidential/", restricting.patient_confidential, name="patient-confidential"),
    path("patients/<int:patient_id>/block/", restricting.patient_block, name="patient-block"),
    path("patients/<int:patient_id>/unblock/", restricting.patient_unblock, name="patient-unblock"),
    path("emergency/", emergency.emergency_new, name="emergency-new"),
    path("operations/<int:operation_id>/emergency/", emergency.emergency_place, name="emergency-place"),
    path("operations/new/", requesting.operation_request, name="operation-request"),
    path("operations/swap/", rearranging.operation_swap, name="operation-swap"),
    path("operations/<int:operation_id>/", detail.operation_detail, name="operation-detail"),
    path("operations/<int:operation_id>/accept/", detail.operation_accept, name="operation-accept"),
    path("operations/<int:operation_id>/book/", booking.operation_book, name="operation-book"),
    path("operations/<int:operation_id>/move/", booking.operation_move, name="operation-move"),
    path("operations/<int:operation_id>/slots/", booking.operation_slots, name="operation-slots"),
    path("operations/<int:operation_id>/preview/", booking.operation_preview, name="operation-preview"),
    path("operations/<int:operation_id>/push/", rearranging.operation_push, name="operation-push"),
    path("operations/<int:operation_id>/confirm/", detail.operation_confirm, name="operation-confirm"),
    path("operations/<int:operation_id>/record/", recording.operation_record, name="operation-record"),
    path(
        "operations/<int:operation_id>/checklist/<slug:part>/",
        recording.operation_checklist,
        name="operation-checklist",
    ),
    path("operations/<int:operation_id>/delay/", recording.operation_delay, name="operation-delay"),
    path(
        "operations/<int:operation_id>/delays/<int:delay_id>/take-back/",
        recording.delay_take_back,
        name="delay-take-back",
    ),
    path("operations/<int:operation_id>/events/<int:event_id>/correct/", recording.event_correct, name="event-correct"),
    path(
        "operations/<int:operation_id>/events/<int:event_id>/take-back/",
        recording.event_take_back,
        name="event-take-back",
    ),
    path("operations/<int:operation_id>/assign/", detail.operation_assign, name="operation-assign"),
    path("operations/<int:operation_id>/release/", detail.operation_release, name="operation-release"),
    path("operations/<int:operation_id>/postpone/", ending.operation_postpone, name="operation-postpone"),
    path("operations/<int:operation_id>/cancel/", ending.operation_cancel, name="operation-cancel"),
    path("operations/<int:operation_id>/care-team/add/", care_team.care_team_add, name="care-team-add"),
    path("operations/<int:operation_id>/care-team/remove/", care_team.care_team_remove, name="care-team-remove"),
    path("changes/<int:change_id>/undo/", rearranging.change_undo, name="change-undo"),
]
