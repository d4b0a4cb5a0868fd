"""The demo hospital's building: theatres, opening hours, blocks, equipment, beds."""

from datetime import date, time

from resources.models import (
    Bed,
    BlockTemplate,
    EquipmentItem,
    EquipmentType,
    Feature,
    OpeningHours,
    Site,
    Specialty,
    Theatre,
    TheatreSession,
)
from scheduling.demo.calendar import DAY_CLOSES, DAY_OPENS
from scheduling.laying_out import planned_sessions

ELECTIVE = (
    "laser-safe microscope-mount paediatric xray-shielded",
    "laminar-flow xray-shielded",
    "microscope-mount laser-safe xray-shielded",
    "microscope-mount xray-shielded",
    "laser-safe xray-shielded robot",
    "microscope-mount xray-shielded",
    "laminar-flow microscope-mount xray-shielded",
    "hybrid bypass laser-safe xray-shielded",
    "microscope-mount laser-safe paediatric xray-shielded",
    "laminar-flow xray-shielded",
    "microscope-mount xray-shielded",
)
"""The features of the elective theatres; the last theatre is always the emergency one."""

EMERGENCY = "laminar-flow laser-safe microscope-mount paediatric xray-shielded"

WEEK = (
    ("ent/general", "ent", "paediatric/ent", "ent/maxillofacial", "ent/general"),
    (
        "orthopaedics",
        "orthopaedics",
        "orthopaedics",
        "podiatry/orthopaedics",
        "orthopaedics",
    ),
    (
        "gynaecology/neurosurgery",
        "gynaecology",
        "ophthalmology",
        "gynaecology/neurosurgery",
        "ophthalmology",
    ),
    ("general/plastic", "general", "plastic", "general/plastic", "general"),
    ("urology~/ent", "urology", "urology", "urology", "urology~/general"),
    ("neurosurgery", "neurosurgery", "neurosurgery", "neurosurgery", "neurosurgery"),
    (
        "plastic/orthopaedics",
        "plastic",
        "orthopaedics",
        "plastic/orthopaedics",
        "orthopaedics/plastic",
    ),
    (
        "vascular/gynaecology",
        "cardiothoracic",
        "vascular",
        "cardiothoracic",
        "vascular/gynaecology",
    ),
    (
        "ent/general",
        "ophthalmology/general",
        "ent/paediatric",
        "maxillofacial/general",
        "paediatric/ent",
    ),
    (
        "orthopaedics",
        "orthopaedics/podiatry",
        "orthopaedics",
        "orthopaedics",
        "podiatry/orthopaedics",
    ),
    (
        "gynaecology/neurosurgery",
        "gynaecology/maxillofacial",
        "gynaecology",
        "urology/gynaecology",
        "gynaecology",
    ),
)
"""Theatre by weekday: one specialty all day, or morning/afternoon; ~ starts half an hour later."""

WHOLE_DAY, MORNING, LATE_MORNING, AFTERNOON = (
    (DAY_OPENS, DAY_CLOSES),
    (DAY_OPENS, time(13)),
    (time(8, 30), time(13)),
    (time(13, 30), DAY_CLOSES),
)

EQUIPMENT = {
    "arthroscopy-stack": 4,
    "bypass-machine": 2,
    "c-arm": 6,
    "cell-saver": 4,
    "coblation-unit": 2,
    "electrosurgery-unit": 14,
    "endoscopy-tower": 4,
    "hysteroscopy-stack": 3,
    "image-guidance": 3,
    "laparoscopic-stack": 7,
    "laser": 3,
    "lithotripter": 1,
    "microscope": 5,
    "nerve-monitor": 5,
    "o-arm": 1,
    "ophthalmic-microscope": 3,
    "phaco-machine": 2,
    "power-tools": 10,
    "robot": 1,
    "tourniquet": 8,
    "traction-table": 2,
    "ultrasonic-dissector": 7,
    "ultrasound": 6,
    "urology-stack": 4,
    "vitrectomy-machine": 2,
}
"""How many items of each kind the hospital owns."""

BEDS = (("recovery", "Recovery", 22), ("hdu", "HDU", 16), ("icu", "ICU", 12))


def make_theatres(count: int, open_on: frozenset[int]) -> list[Theatre]:
    """Make ``count`` theatres with features and hours; the last one is never closed.

    ``open_on`` are the weekdays, Monday is 1, on which the elective theatres open.
    """
    features = {feature.code: feature for feature in Feature.objects.all()}
    chosen = (*ELECTIVE[: count - 1], EMERGENCY)
    site, _ = Site.objects.get_or_create(code="main", defaults={"name": "Main building"})
    theatres = []
    for position, codes in enumerate(chosen, start=1):
        emergency = position == count
        theatre = Theatre.objects.create(
            code=f"T{position}",
            name=f"Theatre {position}",
            site=site,
            position=position,
            kept_for_emergencies=emergency,
        )
        theatre.features.set(features[code] for code in codes.split())
        for weekday in range(1, 8):
            if emergency or weekday in open_on:
                opens, closes = (time.min, time.min) if emergency else WHOLE_DAY
                OpeningHours.objects.create(theatre=theatre, weekday=weekday, opens=opens, closes=closes)
        theatres.append(theatre)
    return theatres


def make_blocks(theatres: list[Theatre], open_on: frozenset[int], first: date, last: date) -> None:
    """Give the elective theatres to specialties, and the mornings of the emergency theatre to trauma.

    The blocks are laid out into sessions from ``first`` through ``last``.
    """
    specialties = {specialty.code: specialty for specialty in Specialty.objects.all()}
    *elective, emergency = theatres
    for theatre, week in zip(elective, WEEK, strict=False):
        for weekday in sorted(open_on):
            for code, (starts, ends) in _sessions(week[(weekday - 1) % len(week)]):
                BlockTemplate.objects.create(
                    theatre=theatre,
                    weekday=weekday,
                    starts=starts,
                    ends=ends,
                    specialty=specialties[code],
                )
    for weekday in range(1, 8):
        starts, ends = MORNING
        BlockTemplate.objects.create(
            theatre=emergency,
            weekday=weekday,
            starts=starts,
            ends=ends,
            specialty=specialties["trauma"],
        )
    lay_out(first, last)


def lay_out(first: date, last: date) -> None:
    """Make the sessions of ``first`` through ``last``, days that have none yet, as the blocks are."""
    TheatreSession.objects.bulk_create(
        TheatreSession(
            theatre=one.template.theatre,
            day=one.day,
            period=one.period.as_range(),
            template=one.template,
            **one.template.owner_fields,
        )
        for one in planned_sessions(BlockTemplate.objects.select_related("theatre"), first, last)
    )


def _sessions(text: str) -> list[tuple[str, tuple[time, time]]]:
    """Return the (specialty, hours) that one cell of :data:`WEEK` stands for."""
    first, _, second = text.partition("/")
    if not second:
        return [(first, WHOLE_DAY)]
    morning = LATE_MORNING if first.endswith("~") else MORNING
    return [(first.rstrip("~"), morning), (second, AFTERNOON)]


def make_equipment() -> None:
    """Buy the equipment."""
    kinds = {kind.code: kind for kind in EquipmentType.objects.all()}
    for code, count in EQUIPMENT.items():
        for number in range(1, count + 1):
            EquipmentItem.objects.create(
                type=kinds[code],
                name=f"{kinds[code].name} {number}" if count > 1 else kinds[code].name,
                serial_number=f"{code.upper()[:6]}-{2400 + number}",
            )


def make_beds() -> None:
    """Set up recovery, HDU and ICU."""
    for kind, label, count in BEDS:
        for number in range(1, count + 1):
            area = f"{label} {'A' if number <= count // 2 else 'B'}"
            Bed.objects.create(bed_kind=kind, name=f"{label} bed {number}", area=area)
