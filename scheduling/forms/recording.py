"""What is typed when something happens on the day, or was recorded wrongly."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from scheduling.localtime import LocalTimeError, nearest_instant
from scheduling.models import Answer, ChecklistItem, DelayReason, EventKind, OperationEvent
from scheduling.services.delays import LONGEST_DELAY

REASON_LENGTH = 500


def _time_field(label: str, *, required: bool) -> forms.TimeField:
    widget = forms.TimeInput({"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=required, widget=widget)


class RecordForm(forms.Form):
    """One milestone: now, or at the time that is typed."""

    kind = forms.ChoiceField(
        choices=EventKind.choices, error_messages={"required": "Choose what happened.", "invalid_choice": "Choose one."}
    )
    time = _time_field("It happened at", required=False)
    reason = forms.CharField(label="Why nobody could wait for the checklist", required=False, max_length=REASON_LENGTH)

    def clean(self) -> None:
        """Work out the instant."""
        cleaned = super().clean() or {}
        now = timezone.now()
        cleaned["at"] = _instant(self, now) if cleaned.get("time") is not None else now

    @property
    def event(self) -> dict[str, Any]:
        """What recording takes beside actor and operation."""
        return {name: self.cleaned_data[name] for name in ("kind", "at", "reason")}


class ChecklistForm(forms.Form):
    """One part of the safety checklist: every question, and when it was gone through."""

    def __init__(self, data: QueryDict | None = None, *, items: Sequence[ChecklistItem]) -> None:
        super().__init__(data)
        self.items = items
        for item in items:
            choices = [(value, label) for value, label in Answer.choices if value == Answer.YES or item.may_not_apply]
            self.fields[f"answer-{item.pk}"] = forms.ChoiceField(
                label=item.text,
                choices=choices,
                widget=forms.RadioSelect,
                error_messages={"required": "Not answered. Put it right first if it is not so."},
            )
        self.fields["time"] = _time_field("It was done at", required=False)

    def clean(self) -> None:
        """Work out the instant."""
        cleaned = super().clean() or {}
        now = timezone.now()
        cleaned["at"] = _instant(self, now) if cleaned.get("time") is not None else now

    @property
    def questions(self) -> list[forms.BoundField]:
        """The questions without the time."""
        return [self[f"answer-{item.pk}"] for item in self.items]

    @property
    def event(self) -> dict[str, Any]:
        """What recording takes beside actor, operation and kind."""
        answers = {item.pk: self.cleaned_data[f"answer-{item.pk}"] for item in self.items}
        return {"at": self.cleaned_data["at"], "answers": answers}


class DelayForm(forms.Form):
    """Why an operation is late, and by how much."""

    reason = forms.ModelChoiceField(DelayReason.objects.filter(in_use=True), label="Why", empty_label="Choose …")
    minutes = forms.IntegerField(min_value=1, max_value=LONGEST_DELAY)
    note = forms.CharField(required=False, max_length=REASON_LENGTH)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data, prefix="delay")
        groups: dict[str, list[tuple[int, str]]] = {}
        for row in self.fields["reason"].queryset:  # type: ignore[attr-defined]
            groups.setdefault(row.group, []).append((row.pk, row.label))
        self.fields["reason"].choices = [("", "Choose …"), *groups.items()]  # type: ignore[attr-defined]

    @property
    def delay(self) -> dict[str, Any]:
        """What noting a delay takes beside actor and operation."""
        return dict(self.cleaned_data)


class CorrectForm(forms.Form):
    """Another time for a milestone, and why."""

    time = _time_field("Time", required=True)
    reason = forms.CharField(label="Why", required=False, max_length=REASON_LENGTH)

    def __init__(self, data: QueryDict | None = None, *, event: OperationEvent) -> None:
        self.event = event
        super().__init__(data, initial={"time": timezone.localtime(event.at).time()}, prefix=f"event-{event.pk}")

    def clean(self) -> None:
        """Work out the instant: the one nearest to what was recorded."""
        cleaned = super().clean() or {}
        if cleaned.get("time") is not None:
            cleaned["at"] = _instant(self, self.event.at)

    @property
    def correction(self) -> dict[str, Any]:
        """What correcting takes beside actor and event."""
        return {"at": self.cleaned_data["at"], "reason": self.cleaned_data["reason"]}


class TakeBackForm(CorrectForm):
    """Why a milestone is taken back; its time does not matter."""

    def __init__(self, data: QueryDict | None = None, *, event: OperationEvent) -> None:
        super().__init__(data, event=event)
        self.fields["time"].required = False


def _instant(form: forms.Form, anchor: datetime) -> datetime | None:
    try:
        return nearest_instant(form.cleaned_data["time"], anchor)
    except LocalTimeError as error:
        form.add_error("time", str(error))
        return None
