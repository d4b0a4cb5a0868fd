"""A Patient of R4 as a person here."""

from collections.abc import Iterator
from typing import Any

from patients.importing.fhir.context import Context, Raw
from patients.importing.fhir.dates import Day, past_day
from patients.importing.fhir.parsing import code
from patients.importing.incoming import Kin, Number, OtherName, Person
from patients.importing.report import Remark
from patients.importing.texts import BadValueError, clean, fitting
from patients.models import NameUse, Sex

GENDERS = {"male": Sex.MALE, "female": Sex.FEMALE, "other": Sex.OTHER, "unknown": Sex.UNKNOWN}
NAME_USES = ("usual", "official", "temp", "nickname", "anonymous", "old", "maiden")
OTHER_USES = {"maiden": NameUse.MAIDEN, "old": NameUse.FORMER}
MAIN_USES = ("official", "usual", "", "temp")
"""Names that may be the one to go by, in the order of preference."""
IDENTIFIER_USES = ("usual", "official", "temp", "secondary", "old")
INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
_SAME = dict.fromkeys


def read_person(see: Context, raw: Raw, patient: Any) -> Person:
    """Return the person. Raises :class:`BadValueError`."""
    if patient.active is False:
        raise BadValueError("active", "the record is no longer in use there. Merge it by hand if it was replaced.")
    born, died = _dates(patient)
    mrn, former = _mrn(see, patient)
    family, given, others = _names(patient)
    return Person(
        origin=see.origin(raw, patient),
        mrn=mrn,
        family_name=family,
        given_name=given,
        date_of_birth=born.first if born else None,
        birth_accuracy=born.accuracy if born else "",
        sex=str(code(patient.gender, "gender", GENDERS, missing="")),
        died=_died(patient),
        deceased_on=died.first if died and died.is_exact else None,
        names=others,
        numbers=(*former, *_numbers(see, patient)),
        kin=tuple(_kin(patient)),
        national_number=_national(see, patient),
        **_contact(patient),
        **_doctor(see, raw, patient),
    )


def _dates(patient: Any) -> tuple[Day | None, Day | None]:
    born, died = past_day(patient.birthDate, "birthDate"), past_day(patient.deceasedDateTime, "deceasedDateTime")
    if born and died and died.last < born.first:
        raise BadValueError("deceasedDateTime", "is before the date of birth.")
    return born, died


def _died(patient: Any) -> bool | None:
    if patient.deceasedDateTime is not None and patient.deceasedBoolean is not None:
        raise BadValueError("deceasedBoolean", "stands beside deceasedDateTime: only one may.")
    return True if patient.deceasedDateTime is not None else patient.deceasedBoolean


def _mrn(see: Context, patient: Any) -> tuple[str, list[Number]]:
    """Return the number that our own system gives, and former ones of the same system."""
    current, former = set(), []
    for at, one in enumerate(patient.identifier or []):
        use = code(one.use, f"identifier[{at}].use", _SAME(IDENTIFIER_USES, 1), missing=1) and one.use
        if one.system != see.systems.ours or not (one.value or "").strip():
            continue
        value = fitting(clean(one.value, f"identifier[{at}].value").upper(), f"identifier[{at}]", "patient", "mrn")
        if use == "old":
            former.append(Number(system=see.systems.ours, value=value))
        else:
            current.add(value)
    if not current:
        raise BadValueError("identifier", f"has no number of {see.systems.ours}, the system that gives our MRN.")
    if len(current) > 1:
        raise BadValueError("identifier", "has several MRNs that count. Mark the former ones with use old.")
    return current.pop(), former


def _national(see: Context, patient: Any) -> str:
    if not see.systems.national:
        return ""
    found = {(one.value or "").strip() for one in patient.identifier or [] if one.system == see.systems.national}
    found.discard("")
    if len(found) > 1:
        raise BadValueError("identifier", "has several national numbers.")
    return fitting(clean(found.pop(), "identifier"), "identifier", "patient", "national_number") if found else ""


def _numbers(see: Context, patient: Any) -> Iterator[Number]:
    """Yield the numbers of further systems that are configured; others are counted."""
    for at, one in enumerate(patient.identifier or []):
        element = f"identifier[{at}].value"
        if one.system in (see.systems.ours, see.systems.national) or not (one.value or "").strip():
            continue
        if one.system in see.systems.others:
            value = fitting(clean(one.value, element), element, "number", "value")
            yield Number(system=one.system, value=value)
        else:
            system = clean(one.system or "without a system", element)[:200]
            see.report.ignored[f"Numbers of a system that is not configured: {system}"] += 1


def _names(patient: Any) -> tuple[str, str, tuple[OtherName, ...]]:
    """Return the name to go by, and the others."""
    found: list[tuple[str, str, str]] = []
    for at, one in enumerate(patient.name or []):
        code(one.use, f"name[{at}].use", _SAME(NAME_USES, 1), missing=1)
        family, given = _parts(one, f"name[{at}]")
        if family:
            found.append((one.use or "", family, given))
    mains = [one for use in MAIN_USES for one in found if one[0] == use]
    if not mains:
        raise BadValueError("name", "is missing, or only former and other names are given.")
    main = mains[0]
    others = {
        (str(OTHER_USES.get(use, NameUse.ALIAS)), family, given): None
        for use, family, given in found
        if (family, given) != main[1:]
    }
    return main[1], main[2], tuple(OtherName(use=u, family_name=f, given_name=g) for u, f, g in others)


def _parts(name: Any, element: str) -> tuple[str, str]:
    """Return family and given names; of somebody with one name, that one as the family name."""
    given = [part for part in name.given or [] if isinstance(part, str)]
    family = clean(name.family or "", f"{element}.family")
    first = clean(" ".join(given), f"{element}.given")
    if not family:
        family, first = first or clean(name.text or "", f"{element}.text"), ""
    return (
        fitting(family, f"{element}.family", "patient", "family_name"),
        fitting(first, f"{element}.given", "patient", "given_name"),
    )


def _contact(patient: Any) -> dict[str, Any]:
    language, interpreter = _language(patient)
    return {
        "phone": _reached(patient, "phone"),
        "email": _reached(patient, "email"),
        "address": _address(patient),
        "language": language,
        "interpreter_needed": interpreter,
    }


def _reached(patient: Any, kind: str, *, column: str = "") -> str:
    """Return the number or address to reach somebody by: a mobile before one at home, the lower rank first."""
    order = {"mobile": 0, "home": 1, None: 2, "work": 3, "temp": 4}
    found = [
        (order[one.use], one.rank or 99, at, one.value)
        for at, one in enumerate(patient.telecom or [])
        if one.system == kind and one.value and one.use in order
    ]
    if not found:
        return ""
    *_, at, value = min(found)
    element = f"telecom[{at}].value"
    return fitting(clean(value, element), element, "patient", column or kind)


def _address(patient: Any) -> str:
    usable = [one for one in patient.address or [] if one.use not in ("old", "billing")]
    usable.sort(key=lambda one: one.use != "home")
    if not usable:
        return ""
    one = usable[0]
    town = " ".join(part for part in (one.city, one.state, one.postalCode) if part)
    lines = [line for line in one.line or [] if isinstance(line, str)]
    text = one.text or ", ".join(part for part in (*lines, town, one.country) if part)
    return fitting(clean(text, "address"), "address", "patient", "address")


def _language(patient: Any) -> tuple[str, bool | None]:
    """Return the language to speak with the patient, and whether an interpreter is needed, where that is said."""
    spoken = patient.communication or []
    chosen = next((one for one in spoken if one.preferred), spoken[0] if len(spoken) == 1 else None)
    tag = next((one.code for one in (chosen.language.coding or []) if one.code), "") if chosen else ""
    said = [one.valueBoolean for one in patient.extension or [] if one.url == INTERPRETER]
    language = fitting(clean(tag, "communication.language"), "communication.language", "patient", "language")
    return language, said[0] if said else None


def _doctor(see: Context, raw: Raw, patient: Any) -> dict[str, Any]:
    """Return the GP and the practice, as far as the file names them."""
    found = {"gp_name": "", "gp_practice": ""}
    for at, one in enumerate(patient.generalPractitioner or []):
        element = f"generalPractitioner[{at}]"
        column = "gp_practice" if "Organization/" in (one.reference or "") else "gp_name"
        target = see.referred(one, patient)
        if target:
            column = "gp_practice" if target["resourceType"] == "Organization" else "gp_name"
        name = see.name_of(one, patient)
        if name and not found[column]:
            found[column] = fitting(clean(name, element), element, "patient", column)
        elif not name:
            see.report.say(Remark.NOTED, raw.spot, "refers to somebody who is not named in this file.", element)
    return found


def _kin(patient: Any) -> Iterator[Kin]:
    """Yield whom to call."""
    for at, one in enumerate(patient.contact or []):
        element = f"contact[{at}]"
        family, given = _parts(one.name, f"{element}.name") if one.name else ("", "")
        name = f"{given} {family}".strip()
        if not name:
            continue
        relation = one.relationship[0] if one.relationship else None
        words = (relation.text or next((c.display for c in relation.coding or [] if c.display), "")) if relation else ""
        yield Kin(
            name=fitting(name, element, "kin", "name"),
            relationship=fitting(clean(words, element), element, "kin", "relationship"),
            phone=_reached(one, "phone"),
        )
