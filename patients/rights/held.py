"""What ``patients`` and this app hold of a patient."""

import base64
from typing import Any

from django.db.models import Case, CharField, F, Model, Q, Value, When
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from messaging.models import Delivery, InboundMessage, ProviderReport, Status
from patients.documents.keeping import content_of
from patients.messages import PATIENT
from patients.models import (
    Allergy,
    CareTeamMember,
    Condition,
    ContactConsent,
    Document,
    DocumentPart,
    DuplicatePair,
    EmergencyAccess,
    ImportChange,
    ImportedRecord,
    Medicine,
    NameWord,
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
from patients.rights.holdings import NUMBER_ONLY, File, Holding, hold
from patients.rights.models import Amendment, Disclosure, Erasure, LegalHold, ProcessingRestriction, RecordExport

ABOUT_COLLEAGUE = "About the colleague's conduct, not about the patient."
COMPUTED = "A sentence made by the system of rules and dates; no words about the patient."


def register() -> None:
    """Name them."""
    hold(
        Holding(
            model=Patient,
            title="Identity and contact",
            path="pk",
            given=(
                *("id", "mrn", "family_name", "given_name", "date_of_birth", "birth_accuracy", "sex", "gender"),
                *("national_number", "phone", "email", "language", "interpreter_needed", "address"),
                *("gp_name", "gp_practice", "gp_phone", "allergy_status", "allergies_asked_by", "allergies_asked_at"),
                *("deceased_on", "died", "provisional", "confidential"),
            ),
            withheld={
                "national_number_index": "A keyed hash of the number, which is given itself.",
                "phone_index": "A keyed hash of the phone, which is given itself.",
                "token": "A random number by which an erased record is recognised in a restored backup.",
                "version": NUMBER_ONLY,
                "merged_into": NUMBER_ONLY,
            },
            left={
                "mrn": Concat(Value("ERASED-"), Cast("pk", CharField())),
                "family_name": "Erased",
                "given_name": "",
                "date_of_birth": None,
                "national_number": "",
                "national_number_index": None,
                "phone": "",
                "phone_index": None,
                "email": "",
                "language": "",
                **dict.fromkeys(("gender", "address", "gp_name", "gp_practice", "gp_phone"), ""),
                "deceased_on": None,
                "died": False,
                "allergy_status": "not_recorded",
            },
        ),
        *_of_the_record(),
        *_of_documents(),
        Holding(
            model=CareTeamMember,
            title="Care team",
            path="content_object",
            given=("user",),
            withheld={**_numbers("content_object"), "permission": "The same for every member."},
            goes=True,
        ),
        Holding(
            model=EmergencyAccess,
            title="Emergency accesses",
            given=("actor", "reason", "explanation", "against_block", "began", "ends", "outcome", "reviewed_at"),
            withheld={**_numbers("patient"), "note": ABOUT_COLLEAGUE, "reviewed_by": ABOUT_COLLEAGUE},
            left={"explanation": "", "note": ""},
        ),
        Holding(
            model=PatientBlock,
            title="Colleagues kept away at the patient's wish",
            given=("user", "requested_on", "note"),
            withheld=_numbers("patient"),
            goes=True,
        ),
        Holding(
            model=Disclosure,
            title="What left the hospital",
            given=("at", "recipient", "content", "purpose", "basis", "recorded_by", "recorded_at"),
            withheld={**_numbers("patient"), "withheld_until": "A day that an authority asked for in writing."},
            secret=lambda: Q(withheld_until__gte=timezone.localdate()),
            left={"recipient": "", "content": "", "purpose": ""},
        ),
        Holding(
            model=Restriction,
            title="History of who may see the record",
            given=("verb", "user", "actor", "at", "reason"),
            withheld=_numbers("patient"),
            left={"reason": ""},
        ),
        *_of_messages(),
        *_of_rights(),
        *_of_merging(),
    )


def _of_messages() -> list[Holding]:
    """What was said to the patient keeps its time and its kind, without words and address."""
    ours = ("channels", "recipient_label", "recipient_id", "context_label", "context_id", "dedupe_key", "lease")
    course = ("urgent", "next_attempt_at", "attempted_at", "leased_until", "settled_by", "settled_at", "segments")
    return [
        Holding(
            model=Delivery,
            title="Messages to the patient",
            path="recipient_id",
            only=lambda: Q(recipient_label=PATIENT),
            given=(
                *("kind", "channel", "addresses", "language", "fields", "due_at", "expires_at", "status", "attempts"),
                *("template_version", "withdrawn_at", "sent_at", "delivered_at", "created_at"),
            ),
            withheld={
                **dict.fromkeys(("id", *ours, "provider_id"), NUMBER_ONLY),
                **dict.fromkeys((*course, "provider_status", "last_error"), "How the sending went, by codes."),
                "audience": "The same for every patient.",
                "user": "Empty: these messages are for patients.",
                "address_index": "A keyed hash of the address, which is given itself.",
            },
            left={
                "addresses": {},
                "fields": {},
                "address_index": "",
                "language": "",
                "status": Case(When(status=Status.PLANNED, then=Value(Status.WITHDRAWN)), default=F("status")),
            },
            stays=dict.fromkeys(
                (
                    *("kind", "audience", "channel", "channels", "recipient_label", "context_label", "dedupe_key"),
                    *("provider_id", "provider_status", "last_error"),
                ),
                "Our own codes and numbers; no words about the patient.",
            ),
        ),
        Holding(
            model=ProviderReport,
            title="What became of messages to the patient",
            path="delivery__recipient_id",
            only=lambda: Q(delivery__recipient_label=PATIENT),
            given=("delivery", "status", "at"),
            withheld={**dict.fromkeys(("id", "provider_id"), NUMBER_ONLY), "error": "A code of the provider's."},
            stays=dict.fromkeys(("provider_id", "status", "error"), "The provider's codes and numbers."),
        ),
        Holding(
            model=InboundMessage,
            title="Messages from the patient",
            path="recipient_id",
            only=lambda: Q(recipient_label=PATIENT),
            given=("channel", "address", "text", "meaning", "received_at"),
            withheld={
                **dict.fromkeys(("id", "provider_id", "delivery", "recipient_label", "recipient_id"), NUMBER_ONLY),
                "address_index": "A keyed hash of the address, which is given itself.",
            },
            goes=True,
        ),
    ]


CODED = ("system", "code", "certainty")


def _of_the_record() -> list[Holding]:
    """What was recorded of the patient goes whole."""
    course = ("course", "began_on", "ended_on")
    return [
        _entry(Allergy, "Allergies", "substance", "reaction", "severity", "course", *CODED),
        _entry(Condition, "Conditions", "text", *CODED, *course),
        _entry(Medicine, "Medicines", "text", "dose", "surgical_class", "plan", *CODED, *course),
        _entry(
            PastProcedure,
            "Operations and procedures before",
            *("text", "performed_on", "place", "anaesthesia", "complications", *CODED),
        ),
        _entry(
            PreoperativeAssessment,
            "Pre-operative assessments",
            *("assessed_on", "valid_until", "asa", "height_cm", "weight_kg", "mallampati", "blood_group"),
            *("infection", "implants", "pacemaker", "pregnancy", "frailty", "mets", "note", "certainty"),
        ),
        Holding(
            model=PatientName,
            title="Further names",
            given=("use", "family_name", "given_name", "recorded_by", "recorded_at"),
            withheld=_numbers("patient"),
            goes=True,
        ),
        Holding(
            model=NameWord,
            title="Words of the names, for the search",
            given=(),
            withheld=dict.fromkeys(
                ("id", "patient", "word", "names", "born"), "Made of names that are given themselves."
            ),
            goes=True,
            moves=False,  # the database writes it anew from the names
        ),
        Holding(
            model=PatientIdentifier,
            title="Further numbers",
            given=("system", "value", "recorded_by", "recorded_at"),
            withheld={**_numbers("patient"), "value_index": "A keyed hash of the number, which is given itself."},
            goes=True,
        ),
        Holding(
            model=NextOfKin,
            title="Next of kin",
            given=("name", "relationship", "phone", "note", "recorded_by", "recorded_at"),
            withheld=_numbers("patient", "version"),
            goes=True,
        ),
        Holding(
            model=RecordChange,
            title="History of the record",
            given=("part", "verb", "values", "source", "actor", "at"),
            withheld=_numbers("patient", "entry"),
            goes=True,
        ),
        Holding(
            model=ContactConsent,
            title="Consent to be reached",
            given=("channel", "given", "recorded_by", "recorded_at"),
            withheld=_numbers("patient"),
            goes=True,
        ),
        *_of_imports(),
    ]


def _of_imports() -> list[Holding]:
    """By what other systems know the record, and what imports changed in it."""
    return [
        Holding(
            model=ImportedRecord,
            title="Names of entries in other systems",
            given=("source", "kind", "key", "said", "remote_version", "remote_updated_at"),
            withheld={
                **_numbers("patient", "record_id", "begun_by", "run", "made_by"),
                "digest": "A keyed hash of what the other system said, which is given itself.",
            },
            goes=True,
        ),
        Holding(
            model=ImportChange,
            title="What imports changed",
            given=("kind", "before", "after"),
            withheld={**_numbers("patient", "record_id", "run"), "link": "What the entry above said before."},
            goes=True,
        ),
    ]


def _entry(model: type[Model], title: str, *given: str) -> Holding:
    return Holding(
        model=model,
        title=title,
        given=(*given, "source", "external_id", "recorded_by", "recorded_at"),
        withheld=_numbers("patient", "version"),
        goes=True,
    )


def _of_documents() -> list[Holding]:
    """Papers, with their bytes; one that was entered in error may be another patient's, and its bytes are not given."""
    return [
        Holding(
            model=Document,
            title="Documents",
            given=(
                *("id", "kind", "title", "dated_on", "content_type", "size", "uploaded_by", "uploaded_at"),
                *("withdrawn_by", "withdrawn_at", "withdrawn_because"),
            ),
            withheld={
                **dict.fromkeys(("patient", "version"), NUMBER_ONLY),
                "fingerprint": "A keyed hash of the file, which is given itself.",
                "content_key": "The key under which the file is stored; the file is given itself, unless it was entered"
                " in error: then it may be another patient's.",
            },
            file=_file_of,
            goes=True,
        ),
        Holding(
            model=DocumentPart,
            title="Documents as they are stored",
            path="document__patient",
            given=(),
            withheld={**_numbers("document", "number"), "sealed": "The file, encrypted; it is given in clear above."},
            goes=True,
        ),
    ]


def _file_of(document: Any) -> File | None:
    if document.is_withdrawn:
        return None
    ending = document.content_type.rpartition("/")[2]
    content = base64.b64encode(b"".join(content_of(document))).decode()
    return File(name=f"document-{document.pk}.{ending}", type=document.content_type, base64=content)


def _of_rights() -> list[Holding]:
    lasting = ("reason", "placed_by", "placed_at", "until", "lifted_by", "lifted_at")
    return [
        Holding(
            model=ProcessingRestriction,
            title="Restriction of processing",
            given=("ground", *lasting),
            withheld=_numbers("patient"),
            left={"reason": ""},
        ),
        Holding(
            model=Amendment,
            title="Wishes that the record be corrected",
            given=(
                *("wish", "asked_by", "asked_on", "received_by", "received_at", "decision", "reason"),
                *("decided_by", "decided_at", "statement"),
            ),
            withheld=_numbers("patient"),
            left={"wish": "", "reason": "", "statement": ""},
        ),
        Holding(
            model=LegalHold,
            title="Legal holds",
            given=lasting,
            withheld=_numbers("patient"),
            left={"reason": ""},
        ),
        Holding(
            model=Erasure,
            title="Wishes that the record be erased",
            given=("ground", "state", "refusal", "actor", "at", "done_at"),
            withheld=_numbers("patient"),
            stays={"refusal": COMPUTED},
        ),
        Holding(
            model=RecordExport,
            title="Copies of the record that were given out",
            given=("actor", "at", "purpose", "recipient", "form"),
            withheld=_numbers("patient"),
            left={"recipient": ""},
        ),
    ]


def _of_merging() -> list[Holding]:
    return [
        Holding(
            model=PatientMerge,
            title="Records that were merged",
            path="survivor",
            given=("actor", "at", "reason", "undone_by", "undone_at", "undone_because"),
            withheld={
                **_numbers("survivor", "duplicate", "moved"),
                "values": "What undo needs: the same values stand in the record and in the merged one.",
                "kept": "Which of these values an undo left as they were.",
            },
            left={"reason": "", "undone_because": "", "values": {}, "kept": []},
            stays={"moved": "Our own numbers of the rows that changed hands."},
            moves=False,
        ),
        Holding(
            model=DuplicatePair,
            title="Records that look like the same person’s",
            path="first",
            given=("score", "signs", "found_at", "distinct_by", "distinct_at"),
            withheld=_numbers("first", "second"),
            goes=True,
            moves=False,
        ),
    ]


def _numbers(*names: str) -> dict[str, str]:
    return dict.fromkeys(("id", *names), NUMBER_ONLY)
