"""The demo hospital's people, and when they work."""

from collections.abc import Iterable
from datetime import date, time, timedelta

from accounts.models import User
from accounts.roles import Role
from resources.models import (
    Credential,
    Grade,
    Profession,
    Specialty,
    StaffCredential,
    StaffMember,
    Theatre,
    Unavailability,
)
from resources.models.availability import UnavailabilityKind
from scheduling.demo.calendar import at
from scheduling.period import Period

SURGEONS = (
    ("ent", "Mr A. Khan", "laser-safety cochlear-implant"),
    ("ent", "Ms C. Bright", "laser-safety"),
    ("ent", "Mr D. Olsen", "laser-safety cochlear-implant"),
    ("ent", "Miss V. Rao", ""),
    ("orthopaedics", "Ms R. Doyle", "joint-replacement"),
    ("orthopaedics", "Mr B. Hughes", "joint-replacement spinal-instrumentation"),
    ("orthopaedics", "Mr Y. Demir", "joint-replacement"),
    ("orthopaedics", "Prof. K. Aalto", "joint-replacement spinal-instrumentation"),
    ("gynaecology", "Dr L. Mensah", "robotic-console laser-safety"),
    ("gynaecology", "Miss J. Park", ""),
    ("gynaecology", "Mr O. Farouk", ""),
    ("gynaecology", "Ms T. Lindgren", "robotic-console"),
    ("general", "Mr P. Novak", "robotic-console bariatric"),
    ("general", "Ms G. Chaudhry", "bariatric"),
    ("general", "Mr W. Brandt", ""),
    ("general", "Miss N. Obi", "bariatric"),
    ("urology", "Mr S. Iyer", "robotic-console laser-safety"),
    ("urology", "Ms F. Conti", "robotic-console laser-safety"),
    ("urology", "Mr M. Sato", "laser-safety"),
    ("neurosurgery", "Prof. H. Lind", "spinal-instrumentation"),
    ("neurosurgery", "Ms I. Petrova", "spinal-instrumentation"),
    ("neurosurgery", "Mr E. Nkosi", "spinal-instrumentation"),
    ("neurosurgery", "Mr Q. Tran", "spinal-instrumentation"),
    ("plastic", "Ms E. Rossi", "microsurgery"),
    ("plastic", "Mr L. Haddad", "microsurgery"),
    ("plastic", "Miss B. Morgan", ""),
    ("vascular", "Mr T. Okoro", "endovascular laser-safety"),
    ("vascular", "Ms A. Weiss", "endovascular laser-safety"),
    ("cardiothoracic", "Mr R. Castillo", "cardiac-bypass"),
    ("cardiothoracic", "Ms D. Ivanova", "cardiac-bypass endovascular"),
    ("ophthalmology", "Miss S. Kapoor", "vitreoretinal"),
    ("ophthalmology", "Mr G. Ellis", "vitreoretinal"),
    ("maxillofacial", "Mr J. Fontaine", ""),
    ("maxillofacial", "Ms H. Yoon", ""),
    ("paediatric", "Miss M. Adair", "paediatric-surgery"),
    ("paediatric", "Mr C. Dlamini", "paediatric-surgery"),
    ("podiatry", "Mr N. Barlow", ""),
    ("podiatry", "Ms P. Georgiou", ""),
    ("trauma general", "Mr K. Sorensen", "joint-replacement bariatric"),
    ("trauma orthopaedics", "Ms Z. Rahman", "joint-replacement"),
    ("trauma general", "Mr U. Bielak", "joint-replacement"),
)
"""Specialties, name on lists, credentials. Consultants keep no roster here."""

TEAMS: tuple[tuple[Profession, str], ...] = (
    (
        Profession.ANAESTHETIST,
        """F. Adeyinka;A. Moss;B. Chandran;C. Duarte;E. Novotny;G. Li;H. Marsden;I. Qureshi;J. Tan;K. Weber;
        L. Osman;M. Hale;N. Bergman;O. Pires;P. Doyle-Kerr;R. Vance;S. Nair;T. Wolff;U. Eze;V. Castell""",
    ),
    (
        Profession.ANAESTHETIC_NURSE,
        """A. Bello;B. Short;C. Ramos;D. Price;E. Kaya;F. Lowry;G. Mistry;H. Stone;I. Marek;J. Pope;K. Amin;
        L. Hart;M. Sousa;N. Bird;O. Grant;P. Hudson;R. Vega;S. Lund;T. Ward;U. Rana""",
    ),
    (
        Profession.SCRUB_NURSE,
        """I. Carvalho;A. West;B. Tolentino;C. Okeke;D. Flynn;E. Sands;F. Mora;G. Perry;H. Bui;I. Rees;
        J. Santos;K. Lane;L. Abreu;M. Fox;N. Gale;O. Dunn;P. Reyes;R. Webb;S. Khalid;T. Nash;U. Boyd""",
    ),
    (
        Profession.CIRCULATING_NURSE,
        """A. Cole;B. Ortega;C. Finch;D. Mbatha;E. Shaw;F. Nolan;G. Banks;H. Correia;I. Lamb;J. Sim;K. Voss;
        L. Drew;M. Paz;N. Tate;O. Field;P. Nunez;R. Kerr;S. Hope;T. Bauer;U. Ray""",
    ),
    (
        Profession.RADIOGRAPHER,
        "A. Lister;B. Nowak;C. Hyde;D. Soto;E. Parr;F. Iqbal;G. Rowe;H. Teo;I. Blake;J. Munro",
    ),
    (Profession.PERFUSIONIST, "A. Strand;B. Kimani;C. Vale;D. Orr;E. Lomax;F. Hale"),
    (
        Profession.SURGEON,
        """A. Hobbs;B. Suarez;C. Lim;D. Penrose;E. Agarwal;F. Byers;G. Toth;H. Mikkelsen;I. Dada;J. Wren;
        K. Patil;L. Storm;M. Egan;N. Zaman;O. Hirst;P. Loureiro;R. Engel;S. Badu;T. Frey;U. Mallick""",
    ),
)
"""Rostered people. The surgeons among them are registrars: they assist, and lead nothing here."""

GRADES = {
    **dict.fromkeys(Profession, "practitioner"),
    Profession.ANAESTHETIST: "consultant",
    Profession.SURGEON: "registrar",
}

ON_CALL = 3
"""How many of each profession, the last of each list, look after the emergency theatre in turn."""

REGISTRAR = "REG"
CAN_SPARE_ONE = 4
"""Theatres that a hospital must have before one may close for a day."""


def make_surgeons(users: dict[str, User]) -> list[StaffMember]:
    """Make the consultants; the demo surgeon signs in as one of them."""
    specialties = {row.code: row for row in Specialty.objects.all()}
    credentials = {row.code: row for row in Credential.objects.all()}
    consultant = Grade.objects.get(code="consultant")
    surgeons = []
    for number, (codes, name, held) in enumerate(SURGEONS, start=1):
        surgeon = StaffMember.objects.create(
            code=f"SUR{number:03}",
            name=name,
            profession=Profession.SURGEON,
            grade=consultant,
            daily_operations_limit=12,
        )
        surgeon.specialties.set(specialties[code] for code in codes.split())
        for code in held.split():
            StaffCredential.objects.create(staff_member=surgeon, credential=credentials[code])
        surgeons.append(surgeon)
    _sign_in("Ms R. Doyle", users[Role.SURGEON])
    return surgeons


def make_rostered(users: dict[str, User], share: float) -> list[StaffMember]:
    """Make everybody who works by shifts; ``share`` of them for a smaller hospital."""
    people = []
    grades = {row.code: row for row in Grade.objects.all()}
    for profession, text in TEAMS:
        names = [name.strip() for name in text.split(";")]
        wanted = min(len(names), max(round(len(names) * share), 2) + ON_CALL)
        prefix = REGISTRAR if profession == Profession.SURGEON else str(profession)[:12].upper()
        title = "Dr " if profession in (Profession.SURGEON, Profession.ANAESTHETIST) else ""
        for number, name in enumerate(names[:wanted], start=1):
            person = StaffMember(
                code=f"{prefix}-{number:02}",
                name=title + name,
                profession=profession,
                grade=grades[GRADES[profession]],
                rostered=True,
            )
            person.save()
            people.append(person)
    _sign_in("Dr F. Adeyinka", users[Role.ANAESTHETIST])
    _sign_in("I. Carvalho", users[Role.THEATRE_NURSE])
    return people


def _sign_in(name: str, user: User) -> None:
    person = StaffMember.objects.get(name=name)
    person.user = user
    person.save(update_fields=["user"])


def make_absences(people: Iterable[StaffMember], theatres: list[Theatre], today: date) -> None:
    """Record some leave, one sickness, and one closed theatre next week."""
    by_profession: dict[str, list[StaffMember]] = {}
    for person in people:
        by_profession.setdefault(person.profession, []).append(person)
    for offset, group in enumerate(by_profession.values()):
        away = group[len(group) // 2]
        first = today + timedelta(days=offset - 2)
        _away(away, UnavailabilityKind.LEAVE, first, days=5, note="Annual leave")
    _away(
        by_profession[Profession.SCRUB_NURSE][-ON_CALL - 1],
        UnavailabilityKind.SICKNESS,
        today,
        days=2,
        note="",
    )
    if len(theatres) >= CAN_SPARE_ONE:
        closed = today + timedelta(days=7 - today.isoweekday() + 3)
        _away(
            theatres[-2],
            UnavailabilityKind.CLOSURE,
            closed,
            days=1,
            note="Yearly ventilation check",
        )


def _away(
    resource: StaffMember | Theatre,
    kind: UnavailabilityKind,
    first: date,
    *,
    days: int,
    note: str,
) -> None:
    period = Period(at(first, time.min), at(first + timedelta(days=days), time.min))
    Unavailability.objects.create(resource=resource, kind=kind, period=period.as_range(), note=note)
