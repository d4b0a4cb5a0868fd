"""How long what is kept, and what therefore keeps a record from going."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import SignInFailure, User
from accounts.permissions import authorise
from patients import permissions
from patients.access import NOTHING
from patients.models import Patient
from patients.rights.holdings import care
from patients.rights.models import Erasure, LegalHold, RetentionRule
from patients.rights.restricting import is_restricted, restriction_of

RECORD, CHILD = "record", "child"
MOST_YEARS = 100
"""No rule keeps anything longer; a hospital that wants to, places a hold."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of data. ``due(instant)`` gives the rows older than the instant; records have rules of their own."""

    code: str
    title: str
    years: int
    source: str
    due: Callable[[datetime], QuerySet[Any]] | None = None


KINDS: list[Kind] = [
    Kind(
        code=RECORD,
        title="Patient’s record, after the last operation",
        years=10,
        source="§ 630f BGB: 10 years; NHS Records Management Code: 8. The hospital sets what its law says.",
    ),
    Kind(
        code=CHILD,
        title="Patient’s record, at least until this age",
        years=25,
        source="NHS Records Management Code: the 25th birthday. The hospital sets what its law says.",
    ),
    Kind(
        code="sign_in_failure",
        title="Failed sign-ins",
        years=1,
        source="GDPR, Article 5(1)(e): no longer than the security audit needs them.",
        due=lambda instant: SignInFailure.objects.filter(at__lt=instant),
    ),
]


def keep(*kinds: Kind) -> None:
    """Add kinds of data that other apps keep."""
    KINDS.extend(kinds)


def schedule() -> dict[str, RetentionRule]:
    """Return the rule of each kind: the hospital's own, or the one shipped (unsaved)."""
    own = {rule.kind: rule for rule in RetentionRule.objects.all()}
    return {
        kind.code: own.get(kind.code) or RetentionRule(kind=kind.code, years=kind.years, source=kind.source)
        for kind in KINDS
    }


def set_retention(*, actor: User, kind: str, years: int, source: str) -> RetentionRule:
    """Set how long this hospital keeps one kind of data. Raises :class:`ValidationError` by field."""
    authorise(actor, permissions.MANAGE_RIGHTS)
    if kind not in {one.code for one in KINDS}:
        raise ValidationError({"kind": "There is no such kind of data."})
    if not 1 <= years <= MOST_YEARS:
        raise ValidationError({"years": f"Between 1 and {MOST_YEARS} years."})
    if not source.strip():
        raise ValidationError({"source": "Name the law or rule."})
    with transaction.atomic(durable=True):
        rule = RetentionRule.objects.select_for_update().filter(kind=kind).first() or RetentionRule(kind=kind)
        rule.years, rule.source = years, source.strip()
        rule.save()
    return rule


def years_before(now: datetime, years: int) -> datetime:
    """Return the instant so many calendar years earlier."""
    day = timezone.localtime(now)
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year - years, day=28)


def years_after(day: date, years: int) -> date:
    """Return the day so many calendar years later."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, month=3, day=1)


def due_records(now: datetime) -> QuerySet[Patient]:
    """Return the patients whose time is over and whom nothing keeps: no operation since, no hold, no restriction.

    A record without any operation counts from its last change, by the readable trail; without that, never.
    """
    rules = schedule()
    cutoff = years_before(now, rules[RECORD].years)
    born = years_before(now, rules[CHILD].years).date()
    kept = Q(is_restricted()) | Q(Exists(LegalHold.objects.in_force().filter(patient=OuterRef("pk"))))
    gone = Q(Exists(Erasure.objects.filter(patient=OuterRef("pk"), state="done")))
    for one in care():
        kept |= one.since(cutoff)
    young = Q(date_of_birth__gt=born) & Q(deceased_on=None)
    trail = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Patient), object_id=OuterRef("pk"))
    treated = NOTHING
    for one in care():
        treated |= one.ever()
    untouched = Q(Exists(trail.filter(timestamp__lt=cutoff))) & ~Q(Exists(trail.filter(timestamp__gte=cutoff)))
    return Patient.objects.living().filter(treated | untouched).exclude(kept | gone | young)


def obstacles(patient: Patient) -> list[str]:
    """Return, in sentences, which rules keep a record from being erased and until when; none if it may go."""
    return list(_obstacles(patient))


def _obstacles(patient: Patient) -> Iterator[str]:
    hold = LegalHold.objects.in_force().filter(patient=patient).first()
    if hold:
        yield f"A legal hold is on the record {_until(hold.until)}."
    restriction = restriction_of(patient.pk)
    if restriction:
        yield f"Processing is restricted {_until(restriction.until)} (GDPR, Article 18): the record stays as it is."
    if any(one.is_open(patient.pk) for one in care()):
        yield "An operation is to come. Cancel it first, if the patient wishes so."
        return
    rules, today = schedule(), timezone.localdate()
    last = max((end for one in care() if (end := one.last(patient.pk))), default=None)
    if last:
        ends = years_after(timezone.localtime(last).date(), rules[RECORD].years)
        if ends > today:
            yield (
                f"The last operation ended on {_day(timezone.localtime(last).date())}. The record is kept for "
                f"{rules[RECORD].years} years, until {_day(ends)} ({rules[RECORD].source})"
            )
    if patient.date_of_birth and not patient.deceased_on:
        ends = years_after(patient.date_of_birth, rules[CHILD].years)
        if ends > today and last:
            yield f"The record of a child is kept until {_day(ends)} ({rules[CHILD].source})"


def _until(day: date | None) -> str:
    return f"until {_day(day)}" if day else "until it is lifted"


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def older_than(kind: Kind, now: datetime) -> QuerySet[Any]:
    """Return the rows of a kind whose time is over."""
    if kind.due is None:
        raise ValueError(kind.code)
    return kind.due(years_before(now, schedule()[kind.code].years))


def delete_old(kind: Kind, now: datetime, batch: int) -> Iterator[int]:
    """Delete the rows of a kind whose time is over, a batch and a transaction at a time; yields how many."""
    while True:
        with transaction.atomic(durable=True):
            numbers = list(older_than(kind, now).order_by("pk").values_list("pk", flat=True)[:batch])
            older_than(kind, now).filter(pk__in=numbers).delete()
        if not numbers:
            return
        yield len(numbers)
