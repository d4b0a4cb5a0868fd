"""What a file says of one patient's health, and the entries here."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from accounts.models import User
from patients.importing.incoming import AllergyEntry, Entry, Group, Incoming, NoneKnown, Order
from patients.importing.orders import place
from patients.importing.report import Outcome, Remark, Report
from patients.importing.writing.comparing import compare, digest, is_older
from patients.importing.writing.here import MODELS, Here
from patients.importing.writing.work import Work
from patients.models import Allergy, AllergyStatus, Course, ImportedRecord, Patient
from patients.models.clinical import HEEDED

_MODELS: dict[str, Any] = dict(MODELS)  # their fields differ
OLDER = "is older than what is recorded."
OF_ANOTHER = "was recorded as somebody else's before. Correct it by hand."
GONE = "was removed here; it is not brought back."
LOST = "says that there are no allergies, and an allergy beside it was refused: ask the patient."
SAME_SUBSTANCE = "names the same substance as another allergy of this patient that counts. Enter by hand what differs."
JOINED = "The same substance was recorded here already; the two are one entry now."


class Entries:
    """Writes what belongs to one patient."""

    def __init__(self, actor: User, here: Here, work: Work, report: Report) -> None:
        self._actor, self._here, self._work, self._report = actor, here, work, report
        self._rows: dict[tuple[str, int], Any] = {}

    def prepare(self, groups: Sequence[Group]) -> None:
        """Read the rows that may have to be changed: one query for each kind."""
        wanted: dict[str, set[int]] = {}
        for entry in (entry for group in groups for entry in group.entries):
            link = self._here.link(entry)
            if link and link.record_id and link.digest != digest(entry):
                wanted.setdefault(entry.KIND, set()).add(link.record_id)
        for kind, numbers in wanted.items():
            found = MODELS[kind]._default_manager.select_related("patient")  # noqa: SLF001  # Django's public name
            self._rows |= {(kind, row.pk): row for row in found.filter(pk__in=numbers)}
        known = [self._here.whose(group.whose) for group in groups if _asks_of_allergies(group)]
        if patients := {patient.pk for patient in known if patient}:
            self._here.read_allergies(patients)
        for rows in self._here.allergies.values():  # one object for one row
            rows[:] = [self._rows.get(("allergy", row.pk), row) for row in rows]

    def write(self, group: Group, patient: Patient) -> None:
        """Write all that a group says of its patient."""
        allergies = self._here.allergies[patient.pk] if patient.pk else []
        before = [allergy.counts for allergy in allergies]
        is_whole = not group.lost_allergy
        for entry in group.entries:
            outcome = self._write(entry, patient, allergies)
            self._report.count(entry.KIND, outcome)
            is_whole &= not (outcome == Outcome.REFUSED and isinstance(entry, AllergyEntry))
        if len(allergies) != len(before) or [one.counts for one in allergies] != before:
            self._sum_up(patient, allergies)
        for statement in group.none_known:
            if not is_whole:
                self._report.say(Remark.KEPT, statement.origin.spot, LOST)
                continue
            self._report.count("none_known", self._state_none(statement, patient, allergies))
        for order in group.orders:
            self._order(order, patient)

    def _write(self, entry: Entry, patient: Patient, allergies: list[Allergy]) -> Outcome:
        link, found = self._here.link(entry), digest(entry)
        if link is None:
            return self._make(entry, patient, allergies, found)
        if done := self._settled(entry, patient, link, found):
            return done
        row = self._rows.get((entry.KIND, link.record_id or 0))
        if row is None:
            self._report.say(Remark.KEPT, entry.origin.spot, GONE)
            return Outcome.UNCHANGED
        if isinstance(entry, AllergyEntry) and _twin(entry, allergies, but=row):
            return self._refuse(entry, SAME_SUBSTANCE, "code")
        return self._update(entry, row, link, found)

    def _settled(self, incoming: Incoming, patient: Patient, link: ImportedRecord, found: str) -> Outcome | None:
        """Return the outcome where there is nothing to compare."""
        if self._here.patient(link.patient_id) != patient:
            return self._refuse(incoming, OF_ANOTHER)
        if link.digest == found:
            return Outcome.UNCHANGED
        if is_older(incoming.origin, link):
            self._report.say(Remark.NOTED, incoming.origin.spot, OLDER)
            return Outcome.UNCHANGED
        return None

    def _refuse(self, incoming: Incoming, text: str, element: str = "") -> Outcome:
        self._report.say(Remark.REFUSED, incoming.origin.spot, text, element)
        return Outcome.REFUSED

    def _make(self, entry: Entry, patient: Patient, allergies: list[Allergy], found: str) -> Outcome:
        if isinstance(entry, AllergyEntry) and (twin := _twin(entry, allergies)):
            return self._join(entry, twin, found)
        origin = entry.origin
        row = _MODELS[entry.KIND](
            patient=patient,
            source=origin.source,
            external_id=origin.keys[0],
            recorded_at=entry.recorded_at or timezone.now(),
            **entry.values(),
        )
        self._work.make(entry.KIND, row, self._work.link_to(entry, patient, found, made_by=self._work.run))
        if isinstance(row, Allergy):
            allergies.append(row)
        return Outcome.CREATED

    def _join(self, entry: AllergyEntry, twin: Allergy, found: str) -> Outcome:
        """Make an allergy that was entered here and the incoming one a single entry; of two imports the first stays."""
        if not (entry.code or entry.reaction or entry.severity) and twin.counts:
            return Outcome.UNCHANGED  # the substance alone, as lists have it
        is_so = _is_so(entry)
        if is_so and not twin.counts:
            return self._count_again(entry, twin, found)
        if twin.source or not twin.pk:
            return self._refuse(entry, SAME_SUBSTANCE, "code")
        link = self._work.link_to(entry, twin.patient, found, record_id=twin.pk)
        self._work.links.append(link)
        self._report.say(Remark.NOTED, entry.origin.spot, JOINED)
        comparison = compare(twin, entry.values(), {})
        if twin.counts and not is_so:
            comparison.keep("course", "certainty")  # somebody here wrote that it is so: no file switches that off
        self._work.edit(
            "allergy", twin, comparison.take | {"source": entry.origin.source, "external_id": entry.origin.keys[0]}
        )
        if comparison.kept:
            self._work.kept.append(("allergy", twin.pk, entry.origin.spot, comparison.kept))
        return Outcome.UPDATED

    def _count_again(self, entry: AllergyEntry, twin: Allergy, found: str) -> Outcome:
        """Let an entry that was over count again: a substance is listed once, and it is so now."""
        values = {"course": entry.values()["course"], "certainty": entry.values()["certainty"]}
        if twin.pk:
            self._work.links.append(self._work.link_to(entry, twin.patient, found, record_id=twin.pk))
            self._work.edit("allergy", twin, values)
        else:
            for name, value in values.items():
                setattr(twin, name, value)
        self._report.say(Remark.NOTED, entry.origin.spot, JOINED)
        return Outcome.UPDATED

    def _update(self, entry: Entry, row: Any, link: ImportedRecord, found: str) -> Outcome:
        comparison = compare(row, entry.values(), link.said)
        began = comparison.take.get("began_on", getattr(row, "began_on", None))
        ended = comparison.take.get("ended_on", getattr(row, "ended_on", None))
        if began and ended and ended < began:
            comparison.keep("began_on", "ended_on")
        self._work.note(link, entry, found)
        self._work.edit(entry.KIND, row, comparison.take)
        if comparison.kept:
            self._work.kept.append((entry.KIND, row.pk, entry.origin.spot, comparison.kept))
        return Outcome.UPDATED if comparison.take else Outcome.UNCHANGED

    # --- allergies as a whole ----------------------------------------------------------------------------------
    def _sum_up(self, patient: Patient, allergies: list[Allergy]) -> None:
        """Keep the summary true to the rows."""
        if any(allergy.counts for allergy in allergies):
            self._set_status(patient, AllergyStatus.RECORDED)
        elif patient.allergy_status == AllergyStatus.RECORDED:
            self._set_status(patient, AllergyStatus.NOT_RECORDED)

    def _set_status(self, patient: Patient, status: str, **more: Any) -> None:
        values = {"allergy_status": status, **more}
        if patient._state.adding:  # noqa: SLF001  # Django's public name for it
            for name, value in values.items():
                setattr(patient, name, value)
        elif patient.allergy_status != status:
            self._work.edit("patient", patient, values)

    def _state_none(self, statement: NoneKnown, patient: Patient, allergies: list[Allergy]) -> Outcome:
        link, found = self._here.link(statement), digest(statement)
        if link and (done := self._settled(statement, patient, link, found)):
            return done
        if link is None and not statement.counts:
            return Outcome.UNCHANGED
        if link:
            self._work.note(link, statement, found)
        else:
            self._work.links.append(self._work.link_to(statement, patient, found, made_by=self._work.run))
        if not statement.counts:
            return self._take_back(patient, link)
        if any(allergy.counts for allergy in allergies) or patient.allergy_status == AllergyStatus.RECORDED:
            text = "says that there are no allergies, and some are recorded here: they stay."
            self._report.say(Remark.KEPT, statement.origin.spot, text)
            return Outcome.UNCHANGED
        if patient.allergy_status == AllergyStatus.NONE_KNOWN:
            return Outcome.UNCHANGED
        self._set_status(patient, AllergyStatus.NONE_KNOWN, allergies_asked_at=statement.asked_at or timezone.now())
        return Outcome.UPDATED if link else Outcome.CREATED

    def _take_back(self, patient: Patient, link: ImportedRecord | None) -> Outcome:
        """Forget a statement that was made by mistake, unless somebody here asked the patient since."""
        is_theirs = link is not None and patient.allergies_asked_by_id is None
        if is_theirs and patient.allergy_status == AllergyStatus.NONE_KNOWN:
            self._set_status(patient, AllergyStatus.NOT_RECORDED, allergies_asked_at=None)
            return Outcome.UPDATED
        return Outcome.UNCHANGED

    # --- orders ------------------------------------------------------------------------------------------------
    def _order(self, order: Order, patient: Patient) -> None:
        """Leave an order to be placed once the patient is written."""
        link, found = self._here.link(order), digest(order)
        if link and (done := self._settled(order, patient, link, found)):
            self._report.count("order", done)
            return
        self._work.orders.append((order, patient, link, found))

    def place_orders(self) -> None:
        """Hand the orders over, and note which operation each became."""
        for order, patient, link, found in self._work.orders:
            placed = place(self._actor, patient, order, link.record_id if link else None)
            if placed.outcome is None:
                self._report.ignored[placed.text] += 1
                continue
            self._report.count("order", placed.outcome)
            if placed.text:
                remark = Remark.REFUSED if placed.outcome == Outcome.REFUSED else Remark.KEPT
                self._report.say(remark, order.origin.spot, placed.text)
            if placed.outcome == Outcome.REFUSED:
                continue
            if link:
                self._work.note(link, order, found)
            else:
                more = {"record_id": placed.operation_id, "made_by": self._work.run}
                self._work.links.append(self._work.link_to(order, patient, found, **more))


def _asks_of_allergies(group: Group) -> bool:
    return bool(group.none_known) or any(isinstance(entry, AllergyEntry) for entry in group.entries)


def _twin(entry: AllergyEntry, allergies: Sequence[Allergy], but: Allergy | None = None) -> Allergy | None:
    """Return another allergy to the same substance, where both are heeded: the database allows one."""
    if entry.certainty not in HEEDED:
        return None
    same = (one for one in allergies if one is not but and one.certainty in HEEDED)
    return next((one for one in same if one.substance.lower() == entry.substance.lower()), None)


def _is_so(entry: AllergyEntry) -> bool:
    """Say whether the team must heed what comes in."""
    values = entry.values()
    return values["course"] == Course.ACTIVE and values["certainty"] in HEEDED
