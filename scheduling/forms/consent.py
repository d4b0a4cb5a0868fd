"""What is filled in about a patient's consent to an operation."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from patients.documents.forms import FileForm
from patients.documents.keeping import Paper
from patients.models import Document, DocumentKind
from resources.models import Profession, StaffMember
from scheduling.models import ConsentAnswer, Operation
from scheduling.services import Consent

EXPLAIN = (Profession.SURGEON, Profession.ANAESTHETIST)
SAID = [choice for choice in ConsentAnswer.choices if choice[0] != ConsentAnswer.WITHDRAWN]
REASON_LENGTH = 300


class FormChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A consent form of the record, as the list of documents calls it."""

    def label_from_instance(self, obj: Document) -> str:
        """Return its name and its day."""
        return f"{obj.name}, {timezone.localtime(obj.uploaded_at):%d %b %Y}"


class ConsentForm(FileForm):
    """What the patient said, and the signed form: one of the record, or a new scan or photo."""

    answer = forms.ChoiceField(label="The patient’s answer", choices=SAID, widget=forms.RadioSelect)
    document = FormChoice(
        Document.objects.none(), label="Signed form", required=False, empty_label="A new one, below, or none"
    )
    taken_by = forms.ModelChoiceField(
        StaffMember.objects.none(), label="Explained by", required=False, empty_label="Choose …"
    )
    signed_on = forms.DateField(label="Date", widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    note = forms.CharField(
        required=False,
        max_length=REASON_LENGTH,
        help_text="Who signed, if not the patient; why the patient can’t be asked, and who decided.",
    )
    procedure = forms.IntegerField(widget=forms.HiddenInput)
    side = forms.CharField(max_length=14, widget=forms.HiddenInput)

    field_order = ("answer", "document", "file", "photo", "taken_by", "signed_on", "note")

    def __init__(self, data: Any = None, files: Any = None, *, operation: Operation, actor: User) -> None:
        mine = StaffMember.objects.filter(user=actor, profession__in=EXPLAIN).first()
        said = {
            "answer": ConsentAnswer.GIVEN,
            "signed_on": timezone.localdate(),
            "taken_by": mine.pk if mine else operation.lead_surgeon_id,
            "procedure": operation.procedure_id,
            "side": operation.side,
        }
        super().__init__(data, files, initial=said, prefix="consent")
        people = StaffMember.objects.filter(profession__in=EXPLAIN, in_use=True).order_by("name")
        self.fields["taken_by"].queryset = people  # type: ignore[attr-defined]
        self.fields["taken_by"].widget.attrs["data-search"] = True
        papers = Document.objects.counting().filter(patient=operation.patient_id, kind=DocumentKind.CONSENT)
        self.fields["document"].queryset = papers  # type: ignore[attr-defined]
        self.fields["file"].label = "New scan or photo"

    @property
    def consent(self) -> Consent:
        """What recording takes; raises ``InvalidPlanError``, and :class:`ValidationError` for a file."""
        data = self.cleaned_data
        sent = self.sent
        paper = Paper(kind=DocumentKind.CONSENT, content=sent.read(), dated_on=data["signed_on"]) if sent else None
        return Consent(
            answer=data["answer"],
            procedure_id=data["procedure"],
            side=data["side"],
            signed_on=data["signed_on"],
            taken_by_id=data["taken_by"].pk if data["taken_by"] else None,
            document_id=data["document"].pk if data["document"] else None,
            paper=paper,
            note=data["note"],
        )

    def note_errors(self, error: ValidationError) -> None:
        """Put what was wrong with the file beside its field."""
        for name, texts in error.message_dict.items():
            field = {"dated_on": "signed_on"}.get(name, name)
            self.add_error(field if field in self.fields else None, texts)


class ReasonForm(forms.Form):
    """Why consent was withdrawn, or an answer was entered in error."""

    reason = forms.CharField(label="Why", max_length=REASON_LENGTH)


class WithdrawConsentForm(forms.Form):
    """What the patient said on withdrawing; nobody has to give a reason."""

    reason = forms.CharField(label="What the patient said", required=False, max_length=REASON_LENGTH)
