"""Make two records of one person one."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from patients.merging.errors import AlreadyMergedError, Clash, MergeRefusedError, StaleRecordError
from patients.merging.followers import followers
from patients.merging.identity import allergy_statement, chosen_values
from patients.merging.locking import both_locked, demand_free, demand_open
from patients.merging.numbers import keep_numbers
from patients.merging.writing import Ledger, on_record, plain, write
from patients.models import (
    DuplicatePair,
    EmergencyAccess,
    NameUse,
    Patient,
    PatientMerge,
    PatientName,
    Restriction,
    RestrictionVerb,
)

NO_REASON = "Say how you know that this is one person."
ONE_RECORD = "This is one record already. Choose another one to compare it with."
CLASHES = "The two have operations at the same time. Move, postpone or cancel one of them first, or it is two people."
DISTINCT = "Somebody found these to be two people. Take that back on the list of duplicates first."


def merge(  # each says another thing
    *,
    actor: User,
    survivor_id: int,
    duplicate_id: int,
    versions: Mapping[int, int],
    choices: Mapping[str, str],
    reason: str,
) -> PatientMerge:
    """Merge the duplicate into the survivor: all rows follow, and both numbers find the survivor.

    ``versions`` are the records' versions that were seen, by number. ``choices`` names, by group of
    :data:`~patients.merging.identity.GROUPS`, whose value stands; without one the survivor's does, or the duplicate's
    where that is empty. Raises :class:`~django.core.exceptions.ValidationError` without a reason,
    :class:`MergeRefusedError` with the sentence for what can't be; then nothing was written.
    """
    if survivor_id == duplicate_id:
        raise MergeRefusedError(ONE_RECORD)
    if not reason.strip():
        raise ValidationError({"reason": NO_REASON})
    with both_locked(actor, survivor_id, duplicate_id) as patients:
        survivor, duplicate = patients[survivor_id], patients[duplicate_id]
        _demand_mergeable(actor, survivor, duplicate, versions)
        ledger = Ledger(survivor=survivor, duplicate=duplicate, actor=actor)
        wanted = chosen_values(survivor, duplicate, choices)
        own = {"national_number": duplicate.national_number}
        identity = [(one.family_name, one.given_name) for one in (survivor, duplicate) if not one.provisional]
        with on_record(survivor, actor):
            _keep_away(survivor, duplicate)
            ledger.move_all()
            keep_numbers(ledger, wanted["national_number"])
            _keep_names(ledger, identity, (wanted["family_name"], wanted["given_name"]))
            _note_confidential(ledger)
            _leave(duplicate, survivor)
            wanted |= {**_by_rule(survivor, duplicate), "version": survivor.version + 1}
            changed = write(survivor, wanted)
        values = {
            "survivor": changed,
            "duplicate": {name: plain(value) for name, value in own.items()},
            "rows": ledger.rows,
            "made": dict(ledger.made),
        }
        for pair in DuplicatePair.objects.filter(**in_order(survivor_id, duplicate_id)):
            pair.delete()
        return PatientMerge.objects.create(
            survivor=survivor,
            duplicate=duplicate,
            actor=actor,
            reason=reason.strip(),
            moved=dict(ledger.moved),
            values=values,
        )


def clashes_of(survivor_id: int, duplicate_id: int) -> list[Clash]:
    """Return what of the two can't be one patient's."""
    return [clash for one in followers() for clash in one.clashes(survivor_id, duplicate_id)]


def _demand_mergeable(actor: User, survivor: Patient, duplicate: Patient, versions: Mapping[int, int]) -> None:
    demand_unmerged(survivor, duplicate)
    demand_open(actor, [survivor.pk, duplicate.pk])
    demand_free([survivor.pk, duplicate.pk])
    if DuplicatePair.objects.filter(**in_order(survivor.pk, duplicate.pk), distinct_at__isnull=False).exists():
        raise MergeRefusedError(DISTINCT)
    if any(versions.get(one.pk) != one.version for one in (survivor, duplicate)):
        raise StaleRecordError
    if clashes := clashes_of(survivor.pk, duplicate.pk):
        raise MergeRefusedError(CLASHES, clashes)


def demand_unmerged(survivor: Patient, duplicate: Patient) -> None:
    """Raise :class:`AlreadyMergedError` where one of the two leads elsewhere."""
    if survivor.pk in (duplicate.merged_into_id, duplicate.pk) or duplicate.pk == survivor.merged_into_id:
        raise AlreadyMergedError("These two are one record already: somebody merged them.")
    for one in (survivor, duplicate):
        if one.merged_into_id:
            raise AlreadyMergedError(f"No. {one.pk} was merged into another record meanwhile. Look for that one.")


def in_order(one: int, other: int) -> dict[str, int]:
    """Return the two as a pair names them."""
    return {"first_id": min(one, other), "second_id": max(one, other)}


def _by_rule(survivor: Patient, duplicate: Patient) -> dict[str, Any]:
    """Return what nobody chooses: the stricter side wins."""
    return {
        **allergy_statement(survivor, duplicate, listed=survivor.allergies.counting().exists()),
        "confidential": survivor.confidential or duplicate.confidential,
        "provisional": survivor.provisional and duplicate.provisional,
    }


def _keep_away(survivor: Patient, duplicate: Patient) -> None:
    """End emergency accesses to either record of those whom the other one keeps away: nobody has reviewed that."""
    kept = {one.pk: set(one.blocks.values_list("user", flat=True)) for one in (survivor, duplicate)}
    now = timezone.now()
    for one, other in ((survivor, duplicate), (duplicate, survivor)):
        strangers = kept[other.pk] - kept[one.pk]
        for row in EmergencyAccess.objects.filter(patient=one, actor__in=strangers, began__lte=now, ends__gt=now):
            row.ends = now
            row.save(update_fields=["ends"])


def _keep_names(ledger: Ledger, known: Sequence[tuple[str, str]], stands: tuple[str, str]) -> None:
    """Keep the other name as one by which the patient is known, too; a placeholder is no name."""
    written = {_folded(stands)}
    written |= {_folded((row.family_name, row.given_name)) for row in ledger.survivor.names.all()}
    for family, given in known:
        if _folded((family, given)) not in written:
            fields = {"family_name": family, "given_name": given, "recorded_by": ledger.actor}
            ledger.make(PatientName(patient=ledger.survivor, use=NameUse.ALIAS, **fields))
            written.add(_folded((family, given)))


def _folded(name: tuple[str, str]) -> tuple[str, str]:
    return name[0].strip().casefold(), name[1].strip().casefold()


def _note_confidential(ledger: Ledger) -> None:
    """Say in the history of who may see the record where the mark comes from."""
    if ledger.duplicate.confidential and not ledger.survivor.confidential:
        Restriction.objects.create(
            patient=ledger.survivor,
            verb=RestrictionVerb.CONFIDENTIAL,
            actor=ledger.actor,
            reason="The record that was merged into this one was confidential.",
        )


def _leave(duplicate: Patient, survivor: Patient) -> None:
    """Leave the duplicate as a sign to the survivor."""
    write(
        duplicate,
        {"merged_into_id": survivor.pk, "national_number": "", "version": duplicate.version + 1},
    )
