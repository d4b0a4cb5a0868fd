"""What the database holds of a patient, table by table: what an export gives of it, and what erasure leaves.

Every app names its own tables with :func:`hold` when Django starts. A test walks all models that lead to a
patient and fails for a table or a field of which nothing is said here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypedDict

from django.contrib.contenttypes.models import ContentType
from django.db.models import Field, ForeignKey, ManyToManyField, Model, OneToOneField, Q, QuerySet

from patients.models import Allergy, Patient

Left = Mapping[str, Any]
LATEST = 20
DONE = {0: "added", 1: "changed", 2: "removed", 3: "looked at"}
"""What auditlog's numbers of actions mean."""
NUMBER_ONLY = "Our own number; it says nothing of the patient."


class File(TypedDict):
    """A file as JSON can hold it: its name in the copy, its type, and its bytes in base64."""

    name: str
    type: str
    base64: str


@dataclass(frozen=True, kw_only=True)
class Holding:
    """One table with data about patients.

    ``path`` leads from a row to its patient. ``given`` are the fields that an export gives, ``withheld`` the
    others, each with the reason. Erasure deletes the rows (``goes``), or writes ``left`` into them (a value, or
    a function of the patient's number); the texts that stay are named in ``stays`` with the reason. Rows follow the
    patient into the record that theirs is merged into, unless ``moves`` says that they are about the merge itself.
    """

    model: type[Model]
    title: str
    path: str = "patient"
    given: tuple[str, ...]
    withheld: Mapping[str, str] = field(default_factory=dict)
    file: "Callable[[Any], File | None] | None" = None
    """What gives a row's file, for rows that have one; ``None`` for a file that may not be given."""
    only: Callable[[], Q] = Q
    """Which rows are about patients at all, where ``path`` is a number that may be somebody else's."""
    secret: Callable[[], Q] = Q
    """Which rows are not given yet, as an authority asked; erasure does not ask."""
    goes: bool = False
    left: Left = field(default_factory=dict)
    stays: Mapping[str, str] = field(default_factory=dict)
    moves: bool = True

    @property
    def name(self) -> str:
        """Return the model's label, by which a program finds the section."""
        return self.model._meta.label_lower  # noqa: SLF001  # Django's public name for it

    def rows(self, patient_id: int) -> QuerySet[Any]:
        """Return what is held of one patient, in the order of the rows' numbers; merged records are part of it."""
        theirs = whole(patient_id).values("pk")
        return self.model._base_manager.filter(self.only(), **{f"{self.path}__in": theirs}).order_by("pk")  # noqa: SLF001

    @property
    def is_direct(self) -> bool:
        """Say whether the rows name the patient themselves, not by something that does."""
        return self.path != "pk" and "__" not in self.path

    def fields(self) -> "list[Field[Any, Any]]":
        """Return every field that the rows have, many-to-many ones included."""
        meta = self.model._meta  # noqa: SLF001
        return [*meta.concrete_fields, *meta.many_to_many]

    def exported(self, patient_id: int) -> list[dict[str, Any]]:
        """Return the rows as JSON can say them."""
        shown = [one for one in self.fields() if one.name in self.given]
        joined = [one.name for one in shown if isinstance(one, ForeignKey)]
        many = [one.name for one in shown if isinstance(one, ManyToManyField)]
        rows = self.rows(patient_id).exclude(self.secret()) if self.secret() else self.rows(patient_id)
        rows = rows.select_related(*joined).prefetch_related(*many)
        return [{one.name: _said(row, one) for one in shown} | self._file_of(row) for row in rows]

    def _file_of(self, row: Any) -> dict[str, Any]:
        found = self.file(row) if self.file else None
        return {"file": found} if found else {}

    def erase(self, patient_id: int) -> int:
        """Delete or overwrite the rows of one patient; return how many."""
        rows = self.rows(patient_id).order_by()
        if self.goes:
            return int(rows.delete()[0])
        written = {name: value(patient_id) if callable(value) else value for name, value in self.left.items()}
        return int(rows.update(**written)) if written else 0


def whole(patient_id: int) -> QuerySet[Patient]:
    """Return a patient's record with those that were merged into it."""
    return Patient.objects.filter(Q(pk=patient_id) | Q(merged_into=patient_id)).order_by("pk")


Since = Callable[[datetime], Q]
_holdings: list[Holding] = []


@dataclass(frozen=True, kw_only=True)
class Care:
    """What another app knows of when a patient was last treated.

    ``since(instant)`` is a condition on patients: treated then or later, or still to be treated; ``ever()`` is one
    of whether they have any treatment at all. ``last`` gives the end of the last treatment of one patient,
    ``is_open`` whether one is to come.
    """

    since: Since
    ever: Callable[[], Q]
    last: Callable[[int], datetime | None]
    is_open: Callable[[int], bool]


_care: list[Care] = []


def hold(*found: Holding) -> None:
    """Say what tables of one app hold."""
    _holdings.extend(found)


def know_care(care: Care) -> None:
    """Say when patients were last treated."""
    _care.append(care)


def holdings() -> list[Holding]:
    """Return what all apps hold, the patient's own row first."""
    return list(_holdings)


def care() -> list[Care]:
    """Return all that know of treatments."""
    return list(_care)


def trail_of(patient_id: int) -> QuerySet[Any]:
    """Return what django-auditlog keeps of the patient's rows, in order."""
    from auditlog.models import LogEntry  # noqa: PLC0415  # its models load after this app's

    wanted = Q(pk__in=())
    numbers = list(whole(patient_id).values_list("pk", flat=True))
    for one in _holdings:
        kind = ContentType.objects.get_for_model(one.model)
        wanted |= Q(content_type=kind, object_id__in=one.rows(patient_id).order_by().values("pk"))
        if one.goes:  # rows that are gone are known by what was written when they came
            came = LogEntry.objects.filter(content_type=kind, **{f"changes__{one.path}__1__in": numbers})
            wanted |= Q(content_type=kind, object_id__in=came.values("object_id"))
    found: QuerySet[Any] = LogEntry.objects.filter(wanted).order_by("pk")
    return found


def latest_changes(patient_id: int) -> list[Any]:
    """Return the latest changes of the patient's own row and of the allergies, each with ``words``: no values."""
    kinds = ContentType.objects.get_for_models(Patient, Allergy).values()
    rows = trail_of(patient_id).filter(content_type__in=kinds).select_related("actor", "content_type")
    found = list(rows.order_by("-pk")[:LATEST])
    for row in found:
        named = {field.name for field in row.content_type.model_class()._meta.concrete_fields}  # noqa: SLF001
        names = ", ".join(
            sorted(name.replace("_", " ") for name in named & row.changes_dict.keys() - {"id", "patient"})
        )
        row.words = f"{row.content_type.name} {DONE[row.action]}: {names}".capitalize()
    return found


def _said(row: Any, one: "Field[Any, Any]") -> Any:
    """Return one value as people and JSON can read it."""
    if isinstance(one, ManyToManyField):
        return sorted(str(each) for each in getattr(row, one.name).all())
    if isinstance(one, ForeignKey | OneToOneField):
        other = getattr(row, one.name)
        return None if other is None else {"number": other.pk, "name": str(other)}
    if one.choices:
        return str(getattr(row, f"get_{one.name}_display")())
    return _plain(getattr(row, one.attname))


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # an instant is one, too
        return value.isoformat()
    if hasattr(value, "lower_inc"):
        return {"from": _plain(value.lower), "until": _plain(value.upper)}
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)
