"""A patient of whom every table holds something, each text marked."""

from datetime import timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Field, Model
from django.utils import timezone
from guardian.shortcuts import assign_perm

from accounts.models import User
from analytics.models import UnusualAccess
from messaging.models import Delivery, InboundMessage, ProviderReport
from patients.documents.keeping import withdraw_document
from patients.messages import PATIENT
from patients.models import (
    Allergy,
    Condition,
    ContactConsent,
    DuplicatePair,
    EmergencyAccess,
    IdentifierSystem,
    ImportChange,
    ImportedRecord,
    ImportRun,
    Medicine,
    NextOfKin,
    PastProcedure,
    Patient,
    PatientBlock,
    PatientIdentifier,
    PatientMerge,
    PatientName,
    PreoperativeAssessment,
    RecordChange,
    Restriction,
)
from patients.permissions import CARE_TEAM
from patients.rights.models import Amendment, Disclosure, Erasure, LegalHold, ProcessingRestriction, RecordExport
from resources.models import EquipmentType
from scheduling.models import (
    CancellationReason,
    ChecklistAnswer,
    ChecklistItem,
    ClockPause,
    DelayReason,
    LoanKit,
    Operation,
    OperationChange,
    OperationConsent,
    OperationDelay,
    OperationEquipment,
    OperationEvent,
    OperationStaff,
    Reservation,
    Status,
)
from tests.factories import (
    OperationFactory,
    PatientFactory,
    StaffMemberFactory,
    TheatreFactory,
    UserFactory,
)
from tests.patients.papers import keep_document

MARK = "zqx"
"""Every text of the patient begins so; the search for what was left behind ignores capitals."""
YEARS = 20
BY_NUMBER = (Delivery, InboundMessage)


def marked(name: str) -> str:
    return f"{MARK}-{name.replace('_', '-')}"


def whole_patient(*, years_ago: float = YEARS) -> Patient:
    """Return a patient whose last operation ended so many years ago and of whom all tables hold something."""
    now = timezone.now()
    then = now - timedelta(days=365.25 * years_ago)
    patient = PatientFactory(
        mrn=marked("mrn").upper(),
        family_name=marked("family"),
        given_name=marked("given"),
        national_number=marked("national"),
        phone=marked("phone"),
        email=f"{MARK}@example.org",
        language=marked("language"),
        gender=marked("gender"),
        address=marked("address"),
        gp_name=marked("gp-name"),
        gp_practice=marked("gp-practice"),
        gp_phone=marked("gp-phone"),
        allergy_status="recorded",
        deceased_on=(then + timedelta(days=1)).date(),
    )
    actor, other = UserFactory(given_name="Cora"), UserFactory(given_name="Olaf")
    _record(patient)
    assign_perm(CARE_TEAM, actor, patient)
    EmergencyAccess.objects.create(
        actor=actor,
        patient=patient,
        reason="cover",
        explanation=marked("explanation"),
        began=then,
        ends=then,
        reviewed_by=other,
        reviewed_at=then,
        outcome="justified",
        note=marked("note"),
    )
    PatientBlock.objects.create(patient=patient, user=other, note=marked("block"))
    Restriction.objects.create(patient=patient, verb="blocked", user=other, actor=actor, reason=marked("blocking"))
    UnusualAccess.objects.create(
        rule="own_record", actor=actor, patient=patient, day=then.date(), evidence="1", note=marked("unusual")
    )
    _rights(patient, actor, then)
    _operation(patient, actor, then)
    _merging(patient, actor, then)
    _messages(patient, then)
    return patient


def _messages(patient: Patient, then: Any) -> None:
    delivery = Delivery.objects.create(
        kind="booked",
        audience="patient",
        channel="email",
        channels=["email"],
        recipient_label=PATIENT,
        recipient_id=patient.pk,
        addresses={"email": marked("written-to")},
        language=marked("spoken"),
        fields={"place": marked("told")},
        due_at=then,
        next_attempt_at=then,
        expires_at=then + timedelta(days=1),
        dedupe_key=f"booked:{patient.pk}",
        status="sent",
    )
    ProviderReport.objects.create(provider_id="SM0", status="sent", delivery=delivery)
    InboundMessage.objects.create(
        channel="sms",
        provider_id="SM1",
        address=marked("writer"),
        address_index="1",
        text=marked("answer"),
        meaning="other",
        delivery=delivery,
        recipient_label=PATIENT,
        recipient_id=patient.pk,
    )


def _rights(patient: Patient, actor: User, then: Any) -> None:
    lifted = {"placed_by": actor, "lifted_by": actor, "placed_at": then, "lifted_at": then}
    ProcessingRestriction.objects.create(patient=patient, ground="claims", reason=marked("restricted"), **lifted)
    LegalHold.objects.create(patient=patient, reason=marked("hold"), **lifted)
    Disclosure.objects.create(
        patient=patient,
        recipient=marked("court"),
        content=marked("content"),
        purpose=marked("purpose"),
        basis="court",
        withheld_until=then.date(),
        recorded_by=actor,
    )
    Amendment.objects.create(
        patient=patient,
        wish=marked("wish"),
        received_by=actor,
        decision="denied",
        reason=marked("denial"),
        statement=marked("statement"),
        decided_by=actor,
        decided_at=then,
    )
    Erasure.objects.create(patient=patient, ground="request", state="refused", refusal="Too soon.", actor=actor)
    RecordExport.objects.create(
        patient=patient, actor=actor, purpose="patient", recipient=marked("recipient"), form="pdf"
    )


def _operation(patient: Patient, actor: User, then: Any) -> None:
    theatre, surgeon = TheatreFactory(), StaffMemberFactory()
    period = DateTimeTZRange(then - timedelta(hours=1), then)
    operation: Operation = OperationFactory(
        patient=patient,
        notes=marked("notes"),
        external_id=marked("external"),
        status=Status.COMPLETED,
        theatre=theatre,
        period=period,
        lead_surgeon=surgeon,
        actor=actor,
    )
    operation.changes.update(note=marked("change"), at=then)
    change = OperationChange.objects.get(operation=operation)
    change.overrides = [{"reason": marked("override")}]
    change.reason = CancellationReason.objects.create(code="unwell", group="Patient", label="Unwell")
    change.save()
    event = OperationEvent.objects.create(
        operation=operation, kind="out", at=then, recorded_by=actor, reason=marked("correction")
    )
    item = ChecklistItem.objects.create(code="counts", part="sign_out", text="Counts are correct")
    ChecklistAnswer.objects.create(event=event, item=item, text=item.text, answer="yes")
    OperationConsent.objects.create(
        operation=operation,
        answer="given",
        procedure=operation.procedure,
        side=operation.side,
        signed_on=then.date(),
        document=patient.documents.counting().get(),
        note=marked("consent"),
        recorded_by=actor,
        taken_back_by=actor,
        taken_back_at=then,
        taken_back_because=marked("consent-error"),
    )
    ClockPause.objects.create(
        operation=operation, kind="unfit", starts=then.date(), recorded_by=actor, note=marked("pause")
    )
    OperationDelay.objects.create(
        operation=operation,
        reason=DelayReason.objects.create(code="late", group="Patient", label="Late"),
        minutes=10,
        note=marked("delay"),
        recorded_by=actor,
    )
    LoanKit.objects.create(
        operation=operation,
        what=marked("kit"),
        supplier=marked("supplier"),
        reference=marked("reference"),
        note=marked("kit-note"),
        changed_by=actor,
    )
    OperationEquipment.objects.create(
        operation=operation, equipment_type=EquipmentType.objects.create(code="arm", name="Arm")
    )
    OperationStaff.objects.create(operation=operation, role="assistant")
    for resource, role in ((theatre, "theatre"), (surgeon, "lead_surgeon")):
        Reservation.objects.create(operation=operation, resource=resource, role=role, period=period)


def is_text(field: "Field[Any, Any]") -> bool:
    """Say whether somebody may write words of their own into it."""
    words = field.get_internal_type() in {"CharField", "TextField", "EmailField", "JSONField", "SlugField"}
    return words and not field.choices


def leading_to_patients() -> dict[type[Model], set[str]]:
    """Return every model from which a chain of foreign keys leads to a patient, with the first steps.

    Messages know their recipient by a number, without a foreign key.
    """
    from django.apps import apps

    models = [model for model in apps.get_models(include_auto_created=True) if model is not ContentType]
    found: dict[type[Model], set[str]] = {Patient: set(), **{model: {"recipient_id"} for model in BY_NUMBER}}
    while True:
        more = {
            model: steps
            for model in models
            if model not in found
            and (steps := {f.name for f in model._meta.concrete_fields if f.related_model in found})
        }
        if not more:
            return found
        found |= more


def _record(patient: Patient) -> None:
    """Enter one of everything that is known of a patient."""
    coded = {"patient": patient, "code": marked("code"), "system": "http://example.org/codes"}
    Allergy.objects.create(
        **coded,
        source="http://example.org/fhir",
        external_id=marked("external-id"),
        substance=marked("substance"),
        reaction=marked("reaction"),
    )
    Condition.objects.create(**coded, text=marked("condition"))
    Medicine.objects.create(**coded, text=marked("medicine"), dose=marked("dose"), plan=marked("plan"))
    PastProcedure.objects.create(
        **coded,
        text=marked("procedure"),
        place=marked("place"),
        anaesthesia=marked("anaesthesia"),
        complications=marked("complications"),
    )
    PreoperativeAssessment.objects.create(
        patient=patient, infection=marked("infection"), implants=marked("implants"), note=marked("findings")
    )
    PatientName.objects.create(patient=patient, family_name=marked("former"), given_name=marked("former-given"))
    system = IdentifierSystem.objects.create(uri="http://example.org/numbers", name="Numbers")
    PatientIdentifier.objects.create(patient=patient, system=system, value=marked("number"))
    NextOfKin.objects.create(
        patient=patient,
        name=marked("kin"),
        relationship=marked("relationship"),
        phone=marked("kin-phone"),
        note=marked("kin-note"),
    )
    ContactConsent.objects.create(patient=patient, channel="sms", given=True)
    RecordChange.objects.create(
        patient=patient,
        part="medicines",
        verb="changed",
        values={"dose": [marked("dose-before"), marked("dose-after")]},
    )
    keep_document(patient, title=marked("paper"))
    wrong = keep_document(patient, title=marked("wrong-paper"))
    withdraw_document(actor=wrong.uploaded_by, document_id=wrong.pk, reason=marked("withdrawal"))
    run = ImportRun.objects.create(kind="fhir", actor=UserFactory(), title="export.json")
    ImportedRecord.objects.create(
        patient=patient,
        source="http://example.org/fhir",
        kind="allergy",
        key=marked("key"),
        remote_version=marked("version"),
        digest=marked("digest"),
        said={"substance": marked("said")},
        begun_by=run,
        run=run,
    )
    ImportChange.objects.create(
        patient=patient,
        run=run,
        kind="allergy",
        record_id=1,
        before={"substance": marked("before")},
        after={"substance": marked("after")},
        link={"said": marked("link")},
    )


def _merging(patient: Patient, actor: User, then: Any) -> None:
    """Enter a merge that was undone: one that stands leaves a second record, which is part of this one."""
    other = PatientFactory(date_of_birth=None)
    undone = {"undone_by": actor, "undone_at": then, "undone_because": marked("undone")}
    PatientMerge.objects.create(
        survivor=patient,
        duplicate=other,
        actor=actor,
        reason=marked("merged"),
        values={"survivor": {"family_name": [marked("merged-name"), "x"]}},
        kept=[marked("kept")],
        **undone,
    )
    DuplicatePair.objects.create(first=patient, second=other, score=80, signs=["same_name"])
