"""What is filled in to keep a document, and to withdraw one."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from accounts.models import User
from patients.documents.examining import TOO_LARGE
from patients.documents.keeping import Paper, kinds_for
from patients.models import ContentType, DocumentKind
from patients.models.documents import LARGEST

NOTHING = "Choose a file, or take a photo."
ACCEPTED = ", ".join(ContentType.values)


class FileForm(forms.Form):
    """A file, chosen or photographed; its name plays no part."""

    file = forms.FileField(
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput({"accept": ACCEPTED, "data-largest": LARGEST}),
        help_text=f"PDF, JPEG or PNG, up to {LARGEST // 1024 // 1024} MB.",
    )
    photo = forms.FileField(
        label="Or take a photo",
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput({"accept": "image/jpeg", "capture": "environment", "data-largest": LARGEST}),
    )

    def clean(self) -> dict[str, Any]:
        """Refuse what is too large before anybody looks into it."""
        data: dict[str, Any] = super().clean() or {}
        if self.sent and (self.sent.size or 0) > LARGEST:
            self.add_error("file", TOO_LARGE)
        return data

    @property
    def sent(self) -> "UploadedFile[Any] | None":
        """Return the file that was sent, if one was."""
        found: UploadedFile[Any] | None = self.cleaned_data.get("file") or self.cleaned_data.get("photo")
        return found


class DocumentForm(FileForm):
    """A document and what it is; offers what the person may keep."""

    kind = forms.ChoiceField(label="What is it?", widget=forms.RadioSelect)
    title = forms.CharField(required=False, max_length=120, help_text="If there is more than one of its kind.")
    dated_on = forms.DateField(
        label="Date on the document",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    field_order = ("kind", "file", "photo", "title", "dated_on")

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = kinds_for(actor)
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # for mypy
        field.choices = [choice for choice in DocumentKind.choices if choice[0] in kinds]
        if len(kinds) == 1:
            field.initial = kinds[0]

    @property
    def paper(self) -> Paper:
        """What keeping takes; raises :class:`ValidationError` by field."""
        if self.sent is None:
            raise ValidationError({"file": NOTHING})
        said = {name: self.cleaned_data[name] for name in ("kind", "title", "dated_on")}
        return Paper(**said, content=self.sent.read())


class WithdrawForm(forms.Form):
    """Why a document does not belong here."""

    reason = forms.CharField(label="Why it was entered in error", max_length=300)
