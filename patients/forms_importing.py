"""What people fill in to bring patients in."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from patients.importing.csv.columns import DATE_FORMATS, FIELDS, REQUIRED, WORDS, Layout
from patients.importing.csv.tables import ENCODINGS
from patients.models import ImportKind

KINDS = (
    (ImportKind.FHIR, "FHIR R4: Bundles, or NDJSON of a bulk export"),
    (ImportKind.CSV, "CSV: a list of patients"),
)


class FilesInput(forms.ClearableFileInput):
    """Several files at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """A list of files."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Check each."""
        given = (data or [None]) if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(one, initial) for one in given]


class UploadForm(forms.Form):
    """Files, what they are written in, and whether they are only tried."""

    kind = forms.ChoiceField(
        label="What is in the files", choices=KINDS, widget=forms.RadioSelect, initial=ImportKind.FHIR
    )
    upload = FilesField(
        label="Files",
        widget=FilesInput({"accept": ".json,.ndjson,.jsonl,.csv,.txt"}),
        error_messages={"required": "Choose a file.", "empty": "This file is empty."},
        help_text="Several of FHIR at once, or one list, of which you say next what its columns are. 50 MB at most.",
    )
    dry_run = forms.BooleanField(
        label="Only try: check everything and write nothing",
        required=False,
        initial=True,
        help_text="The report is the same, and you can import from there.",
    )

    def clean(self) -> dict[str, Any]:
        """Take one list at a time."""
        found: dict[str, Any] = super().clean() or {}
        if found.get("kind") == ImportKind.CSV and len(found.get("upload", ())) > 1:
            self.add_error("upload", "One list at a time: each has columns of its own.")
        return found


class LayoutForm(forms.Form):
    """What each column of a list is, and how it is written."""

    date_format = forms.ChoiceField(
        label="Dates are written",
        choices=[("", "Choose …"), *((code, words) for code, (_, words) in DATE_FORMATS.items())],
    )
    encoding = forms.ChoiceField(label="Encoding", choices=[*ENCODINGS.items()])

    def __init__(self, *args: Any, header: Sequence[str], guessed: dict[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.header = header
        names = {at: name for name, at in guessed.items()}
        for at, title in enumerate(header):
            self.fields[f"column_{at}"] = forms.ChoiceField(
                label=title.strip() or f"Column {at + 1}",
                choices=[("", "Leave out"), *((name, WORDS[name]) for name in FIELDS)],
                initial=names.get(at, ""),
                required=False,
            )

    @property
    def columns(self) -> list[forms.BoundField]:
        """Return the fields of the columns, in the file's order."""
        return [self[f"column_{at}"] for at in range(len(self.header))]

    def clean(self) -> dict[str, Any]:
        """Demand what no list can be without, once."""
        found: dict[str, Any] = super().clean() or {}
        chosen = [found.get(f"column_{at}") for at in range(len(self.header))]
        missing = [WORDS[name] for name in REQUIRED if name not in chosen]
        if missing:
            raise ValidationError(f"Say which column is: {', '.join(missing)}.")
        twice = sorted({WORDS[name] for name in chosen if name and chosen.count(name) > 1})
        if twice:
            raise ValidationError(f"Two columns are said to be: {', '.join(twice)}.")
        return found

    def layout(self, delimiter: str) -> Layout:
        """Return what was chosen."""
        found = self.cleaned_data
        columns = {found[f"column_{at}"]: at for at in range(len(self.header)) if found.get(f"column_{at}")}
        return Layout(
            columns=columns, date_format=found["date_format"], encoding=found["encoding"], delimiter=delimiter
        )
