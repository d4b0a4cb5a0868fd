"""The papers of a record, as pages show them."""

from dataclasses import dataclass

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied

from accounts.models import User
from patients import permissions
from patients.access import NotOnCareTeamError
from patients.documents.keeping import kinds_for
from patients.models import Document, Patient

ON_CARD = 5
IN_ERROR = "This document was entered in error, and may be another patient’s. Only who writes in records opens it."


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Those that count, newest first, and those that were entered in error; what the viewer may add and withdraw."""

    patient: Patient
    kept: list[Document]
    withdrawn: list[Document]
    kinds: list[str]
    opens_withdrawn: bool

    @property
    def latest(self) -> list[Document]:
        """Return the ones that a card shows."""
        return self.kept[:ON_CARD]

    @property
    def more(self) -> int:
        """Return how many a card leaves out."""
        return len(self.kept) - len(self.latest)


def documents_of(patient: Patient, viewer: User) -> Documents:
    """Return the papers of a patient whose record is open to ``viewer``, in one query."""
    rows = list(patient.documents.select_related("uploaded_by", "withdrawn_by"))
    return Documents(
        patient=patient,
        kept=[row for row in rows if not row.is_withdrawn],
        withdrawn=[row for row in rows if row.is_withdrawn],
        kinds=[str(kind) for kind in kinds_for(viewer)],
        opens_withdrawn=viewer.can(permissions.CHANGE_RECORD),
    )


def document_for(viewer: User, document_id: int) -> Document:
    """Return a document that ``viewer`` may open.

    Raises :class:`ObjectDoesNotExist`, :class:`~patients.access.NotOnCareTeamError`, and
    :class:`PermissionDenied` for one that was withdrawn.
    """
    document = Document.objects.filter(pk=document_id).first()
    if document is None:
        raise ObjectDoesNotExist
    if not Patient.objects.filter(pk=document.patient_id).visible_to(viewer).exists():
        raise NotOnCareTeamError(document.patient_id)
    if document.is_withdrawn and not viewer.can(permissions.CHANGE_RECORD):
        raise PermissionDenied(IN_ERROR)
    return document
