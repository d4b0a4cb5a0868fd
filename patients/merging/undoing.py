"""Take two merged records apart again."""

from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from accounts.permissions import authorise
from patients import permissions
from patients.merging.errors import MergeRefusedError
from patients.merging.followers import followers
from patients.merging.locking import both_locked, demand_free, demand_open
from patients.merging.merging import in_order
from patients.merging.writing import column_of, model_of, movable, note_entry, on_record, plain, read, write
from patients.models import (
    AllergyStatus,
    ChangeVerb,
    DuplicatePair,
    Patient,
    PatientMerge,
    Restriction,
    RestrictionVerb,
)

NO_REASON = "Say why these are two people after all."
DONE = "This merge was undone already."
LATER = "The record was merged into another one since. Undo that merge first."
EARLIER = "Other records were merged into it since. Undo these merges first, the latest before the others."


def undo_merge(*, actor: User, merge_id: int, reason: str) -> PatientMerge:
    """Give the duplicate back what it had, as far as it is still there, and make it a record of its own.

    What was written since stays with the survivor, and so does what somebody changed since; the second is listed in
    the merge's ``kept``. Raises :class:`MergeRefusedError` for what can't be; then nothing was written.
    """
    if not reason.strip():
        raise ValidationError({"reason": NO_REASON})
    authorise(actor, permissions.MERGE)
    merge = PatientMerge.objects.filter(pk=merge_id).first()
    if merge is None:
        raise ObjectDoesNotExist
    with both_locked(actor, merge.survivor_id, merge.duplicate_id) as patients:
        merge = PatientMerge.objects.select_for_update().get(pk=merge_id)
        survivor, duplicate = patients[merge.survivor_id], patients[merge.duplicate_id]
        _demand_undoable(actor, merge, survivor, duplicate)
        undoing = _Undoing(merge=merge, survivor=survivor, duplicate=duplicate)
        with on_record(survivor, actor):
            undoing.give_back(actor)
        merge.undone_by, merge.undone_at, merge.undone_because = actor, timezone.now(), reason.strip()
        merge.kept = undoing.kept
        merge.save(update_fields=["undone_by", "undone_at", "undone_because", "kept"])
        _tell_apart(actor, merge)
    return merge


def obstacle_of(merge: PatientMerge, survivor: Patient) -> str:
    """Return, in a sentence, why a merge can't be undone as things are; empty if it can."""
    if merge.undone_at:
        return DONE
    if survivor.merged_into_id:
        return LATER
    later = PatientMerge.objects.filter(survivor=survivor, undone_at=None, pk__gt=merge.pk)
    return EARLIER if later.exists() else ""


def _tell_apart(actor: User, merge: PatientMerge) -> None:
    """Remember that these are two people, so that the list of duplicates does not propose them again."""
    found = {"score": 0, "distinct_by": actor, "distinct_at": merge.undone_at}
    DuplicatePair.objects.create(**in_order(merge.survivor_id, merge.duplicate_id), **found)


def _demand_undoable(actor: User, merge: PatientMerge, survivor: Patient, duplicate: Patient) -> None:
    if obstacle := obstacle_of(merge, survivor):
        raise MergeRefusedError(obstacle)
    demand_open(actor, [survivor.pk])
    demand_free([survivor.pk, duplicate.pk])


@dataclass(kw_only=True)
class _Undoing:
    """One undo; ``kept`` collects in sentences what stays as it is."""

    merge: PatientMerge
    survivor: Patient
    duplicate: Patient
    kept: list[str] = field(default_factory=list)

    def give_back(self, actor: User) -> None:
        """Take the steps of the merge back, the last first."""
        values = self.merge.values
        was_confidential = self.survivor.confidential
        self._restore(self.survivor, values["survivor"], "the record")
        number = values["duplicate"]["national_number"]
        if Patient.objects.exclude(pk=self.duplicate.pk).filter(national_number_index=_index_of(number)).exists():
            self.kept.append("The other record’s national number stays away from it: a record has that number now.")
            number = ""
        write(
            self.duplicate,
            {"merged_into_id": None, "national_number": number, "version": self.duplicate.version + 1},
        )
        self._unmake(values["made"], actor)
        for change in values["rows"]:
            self._restore_row(change, actor)
        for model, path in movable():
            self._move_back(model, path, self.merge.moved.get(model._meta.label_lower, []))  # noqa: SLF001
        for one in followers():
            label = one.rows([self.survivor.pk]).model._meta.label_lower  # noqa: SLF001
            one.moved(self.merge.moved.get(label, []))
        self._be_true_to_allergies()
        if was_confidential and not self.survivor.confidential:
            Restriction.objects.create(
                patient=self.survivor,
                verb=RestrictionVerb.NOT_CONFIDENTIAL,
                actor=actor,
                reason="The merge with a confidential record was undone.",
            )

    def _restore(self, row: Model, changes: dict[str, list[Any]], words: str) -> dict[str, list[Any]]:
        """Write back what still is as the merge left it; return what that changed."""
        back: dict[str, Any] = {}
        for name, (before, after) in changes.items():
            if name == "version":
                back[name] = getattr(row, name) + 1
            elif plain(getattr(row, name)) == after:
                back[name] = read(row, name, before)
            else:
                named = name.removesuffix("_id").replace("_", " ")
                self.kept.append(f"Of {words}, the {named} was changed since and stays.")
        return write(row, back)

    def _restore_row(self, change: dict[str, Any], actor: User) -> None:
        model = model_of(change["model"])
        row = model._base_manager.filter(pk=change["pk"]).first() if model else None  # noqa: SLF001
        words = _named(change["model"])
        if row is None:
            self.kept.append(f"One of the {words} is not there any more.")
        else:
            changed = self._restore(row, change["values"], f"the {words}, number {row.pk}")
            note_entry(row, actor, changed, verb=ChangeVerb.CHANGED)

    def _unmake(self, made: dict[str, list[int]], actor: User) -> None:
        """Take away the numbers and names that the merge made; what somebody removed since is gone anyway."""
        for label, numbers in made.items():
            model = model_of(label)
            for row in model._base_manager.filter(pk__in=numbers, patient=self.survivor.pk) if model else ():  # noqa: SLF001
                note_entry(row, actor, verb=ChangeVerb.REMOVED)
                row.delete()

    def _move_back(self, model: type[Model], path: str, numbers: list[int]) -> None:
        rows = model._base_manager.filter(pk__in=numbers).order_by("pk")  # noqa: SLF001
        stand = {row.pk: row for row in rows if getattr(row, column_of(model, path)) == self.survivor.pk}
        words = _named(model._meta.label_lower)  # noqa: SLF001
        if len(stand) < len(numbers):
            self.kept.append(f"{len(numbers) - len(stand)} of the {words} are not there any more.")
        for row in stand.values():
            try:
                with transaction.atomic():
                    setattr(row, column_of(model, path), self.duplicate.pk)
                    row.save(update_fields=[path])
            except IntegrityError:
                self.kept.append(f"One of the {words}, number {row.pk}, was changed since and stays.")

    def _be_true_to_allergies(self) -> None:
        """Never say "none known" over an allergy that came since, nor on the record that has its own again."""
        for one in (self.survivor, self.duplicate):
            if one.allergies.counting().exists() and one.allergy_status != AllergyStatus.RECORDED:
                write(one, {"allergy_status": AllergyStatus.RECORDED})


def _index_of(number: str) -> str | None:
    return Patient._meta.get_field("national_number_index").index_of(number) if number else "-"  # noqa: SLF001


def _named(label: str) -> str:
    model = model_of(label)
    return str(model._meta.verbose_name_plural) if model else label  # noqa: SLF001
