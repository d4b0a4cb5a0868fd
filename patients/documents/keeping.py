"""Keep a document, and withdraw one: every write to the papers of a record.

The bytes lie sealed in the database beside everything else, so a document and its row come and go together: nothing
is left over when a transaction fails, a backup is of one moment, and erasing deletes both.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.utils import timezone
from django.utils.formats import date_format

from accounts.encryption import fingerprint
from accounts.encryption.pieces import new_key, open_pieces, piece_count, seal_pieces
from accounts.models import User
from accounts.permissions import NotAllowedError
from patients import access, permissions
from patients.access import NotOnCareTeamError
from patients.documents.examining import Examined, examine
from patients.models import Document, DocumentKind, DocumentPart, Patient
from patients.record.locking import changing
from patients.rights.restricting import demand_unrestricted

PURPOSE = "patients_documentpart"
CLERICAL = frozenset({DocumentKind.REFERRAL})
"""Letters come by post to those who book: whoever may change who a patient is may keep these."""
NO_REASON = "Say why, in a few words."
NOT_YET = "This day is still to come."
TOO_LONG_AGO = timedelta(days=130 * 366)
CHECK_THE_YEAR = "That is more than 130 years ago. Check the year."
NO_KIND = "Choose what it is."


class KnownDocumentError(ValidationError):
    """The same file is in the record already."""

    def __init__(self, document: Document) -> None:
        on = date_format(timezone.localtime(document.uploaded_at), "j M Y")
        super().__init__(
            f"This very file is in the record already, as “{document.name}”, added by {document.uploaded_by} on {on}."
        )
        self.document = document


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A file with what was said of it; made before the transaction, because looking into a file takes time.

    Raises :class:`ValidationError` by field for what can't be kept.
    """

    kind: str
    content: bytes = field(repr=False)
    title: str = ""
    dated_on: date | None = None
    examined: Examined = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look at it."""
        if self.kind not in DocumentKind.values:
            raise ValidationError({"kind": NO_KIND})
        today = timezone.localdate()
        if self.dated_on and self.dated_on > today:
            raise ValidationError({"dated_on": NOT_YET})
        if self.dated_on and self.dated_on < today - TOO_LONG_AGO:
            raise ValidationError({"dated_on": CHECK_THE_YEAR})
        try:
            object.__setattr__(self, "examined", examine(self.content))
        except ValidationError as error:
            raise ValidationError({"file": error.messages}) from error


def kinds_for(actor: User) -> list[DocumentKind]:
    """Return what ``actor`` may keep and withdraw."""
    if actor.can(permissions.CHANGE_RECORD):
        return list(DocumentKind)
    return [kind for kind in DocumentKind if kind in CLERICAL and actor.can(permissions.CHANGE)]


def add_document(*, actor: User, patient_id: int, paper: Paper) -> Document:
    """Keep a document in a patient's record.

    Raises :class:`KnownDocumentError` where the same file is there already, what
    :func:`~patients.record.locking.changing` raises, and a :class:`~django.core.exceptions.PermissionDenied` for
    whoever may not.
    """
    _demand_kind(actor, paper.kind)
    with changing(actor, patient_id, permissions.VIEW) as patient:
        document, is_new = _keep(actor, patient, paper)
    if not is_new:
        raise KnownDocumentError(document)
    return document


def keep(*, actor: User, patient_id: int, paper: Paper) -> tuple[Document, bool]:
    """Keep a document inside the caller's transaction; return it, or the same one of before, and whether it is new."""
    _demand_kind(actor, paper.kind)
    return _keep(actor, _lock(actor, patient_id), paper)


def _keep(actor: User, patient: Patient, paper: Paper) -> tuple[Document, bool]:
    content, key = paper.examined.content, new_key()
    mark = fingerprint(sha256(content).hexdigest(), "patients_document:content")
    known = patient.documents.counting().select_related("uploaded_by").filter(fingerprint=mark).first()
    if known:
        return known, False
    document = Document.objects.create(
        patient=patient,
        kind=paper.kind,
        title=paper.title.strip(),
        dated_on=paper.dated_on,
        content_type=paper.examined.content_type,
        size=len(content),
        fingerprint=mark,
        content_key=key,
        uploaded_by=actor,
    )
    for number, sealed in enumerate(seal_pieces(content, key, purpose=PURPOSE)):
        DocumentPart.objects.create(document=document, number=number, sealed=sealed)
    return document, True


def withdraw_document(*, actor: User, document_id: int, reason: str) -> Document:
    """Say that a document was entered in error: it stays, and never counts. Done twice it is done once."""
    if not reason.strip():
        raise ValidationError({"reason": NO_REASON})
    found = Document.objects.only("patient_id", "kind").get(pk=document_id)
    _demand_kind(actor, found.kind)
    with changing(actor, found.patient_id, permissions.VIEW):
        document = Document.objects.select_related("withdrawn_by").get(pk=document_id)
        if document.is_withdrawn:
            return document
        document.withdrawn_by, document.withdrawn_at = actor, timezone.now()
        document.withdrawn_because = reason.strip()
        document.version += 1
        document.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawn_because", "version"])
    return document


def content_of(document: Document) -> Iterator[bytes]:
    """Yield the bytes, a MiB at a time; raises ``DamagedTokenError`` where they are not what was kept."""
    parts = DocumentPart.objects.filter(document=document).values_list("sealed", flat=True)
    pieces = (bytes(piece) for number in range(piece_count(document.size)) for piece in parts.filter(number=number))
    return open_pieces(pieces, document.content_key, size=document.size, purpose=PURPOSE)


def _demand_kind(actor: User, kind: str) -> None:
    if kind not in kinds_for(actor):
        raise NotAllowedError(permissions.CHANGE_RECORD)


def _lock(actor: User, patient_id: int) -> Patient:
    """Return the patient, locked: two writes to one record follow each other."""
    patient = Patient.objects.select_for_update(no_key=True).filter(pk=patient_id).first()
    if patient is None:
        raise ObjectDoesNotExist
    if not Patient.objects.filter(pk=patient_id).visible_to(actor).exists():
        raise NotOnCareTeamError(patient_id)
    demand_unrestricted(actor, {patient_id}, access.treating(actor))
    return patient
