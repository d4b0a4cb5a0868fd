"""Correct what is recorded of a patient."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.admin_access import CheckedFormSet, ManagedAdmin, ManagedInline, holds
from accounts.admin_limits import LimitedAdmin
from accounts.audit.models import AccessKind
from accounts.audit.recording import note, note_all
from accounts.permissions import actor_of
from patients import access
from patients.forms import RecordForm
from patients.models import Allergy, AllergyStatus, ChangeVerb, IdentifierSystem, Patient
from patients.models.clinical import HEEDED
from patients.permissions import CHANGE, CHANGE_RECORD, IMPORT
from patients.record.allergies import STATUS, follow_list, note_asked
from patients.record.changes import note_change
from patients.record.parts import DETAIL_PARTS, ENTRY_PARTS
from patients.record.texts import Texts
from patients.rights.restricting import RestrictedError, demand_unrestricted
from patients.selectors import find_patients


class DistinctSubstances(CheckedFormSet):
    """Compares new rows with each other; the constraint sees the stored ones only."""

    def clean(self) -> None:
        """Refuse one substance twice, however it is capitalised."""
        super().clean()
        kept = [form for form in self.forms if form not in self.deleted_forms and form.instance.certainty in HEEDED]
        named = [getattr(form, "cleaned_data", {}).get("substance", "").lower() for form in kept]
        named = [name for name in named if name]
        if len(named) != len(set(named)):
            raise ValidationError("A substance is named twice.")


class AllergyInline(ManagedInline):
    """What the patient must not meet."""

    model = Allergy
    formset = DistinctSubstances
    capability = CHANGE_RECORD
    view_capability = CHANGE
    fields = ("substance", "reaction", "severity", "certainty", "course")


class PatientAdminForm(RecordForm):
    """A patient's own details; ``seen`` is the version that the page showed."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["seen"] = self.instance.version

    def clean(self) -> dict[str, Any] | None:
        """Refuse to write over what somebody else changed meanwhile."""
        cleaned = super().clean()
        seen = self.cleaned_data.get("seen")
        if self.instance.pk and seen is not None and seen != self.instance.version:
            raise ValidationError(STALE)
        return cleaned


STALE = "Somebody changed this record since you opened it. Nothing was saved: open it again, and look."


class QuietChangeList(ChangeList):
    """Keeps what was searched for out of every link."""

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        """Return the rest of the query."""
        return super().get_query_string(new_params, [*(remove or ()), SEARCH_VAR])


def _texts(patient: Patient) -> dict[str, Texts]:
    """Return what this page changes, by the part of the record to which it belongs."""
    found = {slug: part.texts(patient) for slug, part in DETAIL_PARTS.items()}
    found["identity"] |= {"mrn": patient.mrn}
    return found | {"allergies": {STATUS: str(patient.allergy_status)}}


def _take_over(patient: Patient, stored: Patient, changed: list[str]) -> None:
    """Take from the locked row what was not changed on the page."""
    for field in Patient._meta.concrete_fields:  # noqa: SLF001  # Django's public name for it
        if field.name not in changed:
            setattr(patient, field.attname, getattr(stored, field.attname))
    patient.version = stored.version + 1


@admin.register(Patient)
class PatientAdmin(ManagedAdmin):
    """Patients, found by MRN or name; the search is posted, so that no name gets into an address or a log."""

    capability = CHANGE
    form = PatientAdminForm
    list_display = ("mrn", "family_name", "given_name", "date_of_birth", "sex", "allergy_status")
    list_filter = ("allergy_status", "sex")
    search_fields = ("mrn", "family_name", "given_name")
    search_help_text = "MRN, name, or the whole national number. The first 50 are shown: add a word if there are more."
    actions = None
    preserve_filters = False  # the way back to a list would carry what was searched for
    inlines = (AllergyInline,)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    *("mrn", "family_name", "given_name", "date_of_birth", "birth_accuracy", "sex", "gender"),
                    *("deceased_on", "died", "national_number"),
                )
            },
        ),
        ("Contact", {"fields": ("phone", "email", "address", "language", "interpreter_needed")}),
        ("General practitioner", {"fields": ("gp_name", "gp_practice", "gp_phone")}),
        ("Allergies", {"fields": ("allergy_status", "seen")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ARG002
        """Let those say whether there are allergies who may say it on the patient's page."""
        return () if holds(request, CHANGE_RECORD) else ("allergy_status",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody: a record may be wrong, and is corrected; it never goes."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave a restricted record to those who treat the patient."""
        return super().has_change_permission(request, obj) and (obj is None or not self._is_closed(request, obj))

    def _is_closed(self, request: HttpRequest, patient: Patient) -> bool:
        """Ask once in a request: Django asks for the permission at every turn."""
        asked: dict[int, bool] = request.__dict__.setdefault("closed_records", {})
        if patient.pk not in asked:
            asked[patient.pk] = False
            try:
                demand_unrestricted(actor_of(request), {patient.pk}, access.NOTHING)
            except RestrictedError as error:
                asked[patient.pk] = True
                if request.method == "GET":
                    self.message_user(request, str(error), messages.WARNING)
        return asked[patient.pk]

    def save_model(self, request: HttpRequest, obj: Patient, form: Any, change: bool) -> None:  # noqa: FBT001
        """Write what was changed here over what the record says by now, and keep it in the record's history."""
        stored = Patient.objects.select_for_update(no_key=True).filter(pk=obj.pk).first()
        before = _texts(stored) if stored else {}
        if stored:
            _take_over(obj, stored, form.changed_data)
        if "allergy_status" in form.changed_data:
            note_asked(obj, actor_of(request))
        super().save_model(request, obj, form, change)
        for slug, after in _texts(obj).items():
            note_change(obj.pk, slug, before=before.get(slug, {}), after=after, actor=actor_of(request))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001
        """Write down what changes of the allergies, too."""
        part = ENTRY_PARTS["allergies"]
        patient, actor = form.instance, actor_of(request)
        before = {row.pk: part.texts(row) for row in part.rows(patient)}
        for row in formset.extra_forms:
            row.instance.recorded_by = actor
        super().save_formset(request, form, formset, change)
        after = {row.pk: part.texts(row) for row in part.rows(patient)}
        for pk in dict.fromkeys([*before, *after]):
            verb = ChangeVerb.ADDED if pk not in before else ChangeVerb.CHANGED if pk in after else ChangeVerb.REMOVED
            was, became = before.get(pk, {}), after.get(pk, {})
            note_change(patient.pk, part.slug, before=was, after=became, actor=actor, entry=pk, verb=verb)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """Keep the summary true to the rows: a listed substance under "none known" would harm."""
        super().save_related(request, form, formsets, change)
        patient: Patient = form.instance
        listed = patient.allergies.counting().exists()
        if listed != (patient.allergy_status == AllergyStatus.RECORDED):
            follow_list(patient, actor_of(request))
            words = patient.get_allergy_status_display().lower()
            self.message_user(request, f"Allergies are now “{words}”, as the list below says.", messages.WARNING)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:  # noqa: ARG002
        """Use the list that forgets what was searched for."""
        return QuietChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Take the search from the posted form, and from nowhere else."""
        query = request.GET.copy()
        query.pop(SEARCH_VAR, None)
        if request.method == "POST":
            query[SEARCH_VAR] = request.POST.get(SEARCH_VAR, "")
            request.method = "GET"
            note_all(AccessKind.SEARCH)
        request.GET = query  # type: ignore[assignment]
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        for patient in shown["cl"].result_list if "cl" in shown else ():
            note(patient.pk)
        return response

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Note whose record is opened."""
        if kwargs.get("obj"):
            note(kwargs["obj"].pk, AccessKind.VIEW)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find as the rest of the site does, by the index."""
        if not search_term.strip():
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(pk__in=find_patients(search_term, actor_of(request))), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """List those whose record is open to the person."""
        found: QuerySet[Any] = super().get_queryset(request) & Patient.objects.visible_to(actor_of(request))
        return found


@admin.register(IdentifierSystem)
class IdentifierSystemAdmin(LimitedAdmin):
    """Whose numbers imports know: the one that gives our MRN above all."""

    capability = IMPORT
    shared = True
    list_display = ("name", "uri", "is_ours", "is_national")
    search_fields = ("name", "uri")
