"""The other commands on operations: end, rearrange, staff, undo."""

from typing import Any

from django import forms
from django.db.models import Q

from resources.models import Resource
from scheduling.forms.numbers import row_number
from scheduling.forms.placement import CommandForm
from scheduling.models import CancellationReason, Operation, ReservationRole
from scheduling.models.operation import MAX_MINUTES


class ReasonForm(CommandForm):
    """Why an operation is postponed or cancelled."""

    reason = forms.ModelChoiceField(CancellationReason.objects.none(), empty_label="Choose …")
    note = forms.CharField(
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 3}),
        help_text="What colleagues should know. It stays in the history.",
    )

    def __init__(self, *args: Any, applies_to: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("override_reason", None)
        reasons = CancellationReason.objects.filter(
            Q(applies_to=applies_to) | Q(applies_to=CancellationReason.AppliesTo.BOTH), in_use=True
        )
        self.fields["reason"].queryset = reasons  # type: ignore[attr-defined]

    @property
    def why(self) -> dict[str, Any]:
        """What postponing and cancelling take."""
        return {**self.command, "reason": self.cleaned_data["reason"], "note": self.cleaned_data["note"]}


class AssignForm(CommandForm):
    """Somebody or something joins the team."""

    role = forms.ChoiceField(
        label="As", choices=[c for c in ReservationRole.choices if c[0] != ReservationRole.THEATRE]
    )
    resource = forms.ModelChoiceField(
        Resource.objects.filter(in_use=True).exclude(kind="theatre"),
        label="Who or what",
        empty_label="Choose …",
        widget=forms.Select({"data-search": ""}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: dict[str, list[tuple[int, str]]] = {}
        for resource in self.fields["resource"].queryset.order_by("kind", "name"):  # type: ignore[attr-defined]
            groups.setdefault(resource.get_kind_display(), []).append((resource.pk, resource.name))
        self.fields["resource"].choices = [("", "Choose …"), *groups.items()]  # type: ignore[attr-defined]


class ReleaseForm(CommandForm):
    """Somebody or something leaves the team."""

    resource = forms.IntegerField(widget=forms.HiddenInput)


class PushForm(CommandForm):
    """How far the rest of the list moves."""

    minutes = forms.IntegerField(
        label="Minutes later",
        min_value=-MAX_MINUTES,
        max_value=MAX_MINUTES,
        help_text="Negative minutes pull the list forward.",
        widget=forms.NumberInput({"step": 5}),
    )
    listed = forms.CharField(widget=forms.HiddenInput, max_length=4_000)

    def __init__(self, *args: Any, following: list[Operation], **kwargs: Any) -> None:
        kwargs["initial"] = {"listed": " ".join(f"{o.pk}:{o.version}" for o in following), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        del self.fields["version"]  # it is among those listed

    @property
    def push(self) -> dict[str, Any]:
        """What pushing takes beside the actor."""
        cleaned = self.cleaned_data
        numbers = {"operation_id": self.operation.pk, "versions": cleaned["listed"]}
        return {**numbers, "minutes": cleaned["minutes"], "override": self.override}

    def clean_listed(self) -> dict[int, int]:
        """Return number and version of each operation that was shown."""
        listed: dict[int, int] = {}
        for pair in self.cleaned_data["listed"].split():
            number, version = map(row_number, pair.partition(":")[::2])
            if number is None or version is None:
                raise forms.ValidationError("This list can't be read. Open the page again.")
            listed[number] = version
        return listed


class SwapForm(CommandForm):
    """With which operation to change places; a choice also carries the version that was seen."""

    other = forms.ChoiceField(label="Change places with", widget=forms.RadioSelect)

    def __init__(self, *args: Any, others: list[Operation], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.others = others
        # A choice whose version is out of date is still a choice: the service says what changed.
        choices = {f"{o.pk}:{o.version}": o.patient.display_name for o in others}
        if posted := self.data.get("other"):
            choices.setdefault(posted, posted)
        self.fields["other"].choices = list(choices.items())  # type: ignore[attr-defined]

    @property
    def chosen(self) -> int | None:
        """The operation that the page shows as chosen."""
        return row_number(str(self["other"].value() or "").partition(":")[0])

    @property
    def second(self) -> tuple[int, int]:
        """The other operation and its version."""
        number, _, version = self.cleaned_data["other"].partition(":")
        return int(number), int(version)

    def clean_other(self) -> str:
        """Accept two numbers and nothing else."""
        value: str = self.cleaned_data["other"]
        number, _, version = value.partition(":")
        if row_number(number) is None or row_number(version) is None:
            raise forms.ValidationError("Choose an operation from the list.")
        return value
