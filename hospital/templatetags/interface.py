"""Repeated pieces of the interface; their markup is in ``templates/components/``."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from math import ceil
from typing import Any

from django import forms, template
from django.contrib.auth.models import AnonymousUser
from django.http import QueryDict
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from accounts.audit.models import AccessKind
from accounts.audit.recording import note
from accounts.models import User
from accounts.sessions import idle_limit
from analytics.models import UnusualAccess
from patients import permissions
from patients.emergency import running
from patients.models import EmergencyAccess, Patient
from patients.record.alerts import alerts_of
from patients.rights.restricting import restriction_of
from scheduling.conflicts import Conflict
from scheduling.models import Operation

register = template.Library()


@register.simple_tag
@cache
def icon(name: str, extra: str = "") -> SafeString:
    """Draw an icon of the sprite; it is decoration, so the words beside it have to carry the meaning."""
    return format_html(
        '<svg class="ic {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        extra,
        static("vendor/icons.svg"),
        name,
    )


@register.simple_tag
@cache
def state_icon(state: str) -> SafeString:
    """Draw the icon of an operation's status or of a card's state; which is which stands in the template."""
    return mark_safe(render_to_string("components/state_icon.html", {"state": state}).strip())  # noqa: S308  # ours


@register.filter
def can(user: User | AnonymousUser, capability: str) -> bool:
    """Say whether the person may do something: ``{% if user|can:"scheduling.book_operation" %}``."""
    return isinstance(user, User) and user.can(capability)


@register.inclusion_tag("components/emergency_banner.html", takes_context=True)
def emergency_banner(context: dict[str, Any]) -> dict[str, Any]:
    """Say on every page which records are open for an emergency, and for how long."""
    user = context.get("user")
    if not isinstance(user, User) or not user.can(permissions.VIEW):
        return {"accesses": []}
    now = timezone.now()
    accesses: list[Any] = list(running(user).select_related("patient").order_by("ends"))
    for access in accesses:
        note(access.patient_id)
        access.left = ceil((access.ends - now).total_seconds() / 60)
    return {"accesses": accesses, "csrf_token": context.get("csrf_token")}


@register.simple_tag
def open_reviews() -> int:
    """Return how many accesses nobody has reviewed yet, those in emergencies and those that stood out."""
    waiting = UnusualAccess.objects.filter(outcome="").order_by().values("pk")
    return EmergencyAccess.objects.filter(outcome="").order_by().values("pk").union(waiting, all=True).count()


@register.simple_tag
def idle_minutes(user: User) -> int:
    """Return after how many minutes without activity this person is signed out."""
    return int(idle_limit(user).total_seconds() // 60)


BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "Android": "Android",
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS": "a Mac",
    "Linux": "Linux",
}


@register.filter
def browser(user_agent: str) -> str:
    """Say in words which browser calls itself so: ``Firefox on Windows``."""
    name = next((name for mark, name in BROWSERS.items() if mark in user_agent), "A browser")
    system = next((system for mark, system in SYSTEMS.items() if mark in user_agent), "an unknown system")
    return f"{name} on {system}"


@register.filter
def moment(at: datetime | None) -> str:
    """Write an instant in the hospital's zone: ``Mon 23 Nov 2026 14:05``."""
    return f"{timezone.localtime(at):%a %d %b %Y %H:%M}" if at else ""


@register.filter
def as_query(asked: QueryDict) -> str:
    """Write an address's question again, for a link to another day of the same view."""
    return f"?{asked.urlencode()}" if asked else ""


@register.filter
def calendar_link(day: date, view: str) -> str:
    """Return the address of the week or month of a day."""
    return reverse(f"scheduling:{view}", args=[day])


@register.filter
def until(end: datetime, start: datetime) -> str:
    """Write the end of something: the time, and its date where that is another day than the start's."""
    end, start = timezone.localtime(end), timezone.localtime(start)
    return f"{end:%H:%M}" if end.date() == start.date() else f"{end:%a %d %b %Y %H:%M}"


@register.filter
def hours(minutes: int) -> str:
    """Write minutes as people say them: ``1 h 25 min``."""
    whole, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{whole} h" if whole else "", f"{rest} min" if rest else "") if part)


@register.inclusion_tag("components/field.html")
def field(bound: forms.BoundField, *, label: str = "", small: bool = False, plain: bool = False) -> dict[str, Any]:
    """Draw a form field with its label, help and errors beside it; ``plain`` does not say "optional"."""
    widget = bound.field.widget
    checkbox = isinstance(widget, forms.CheckboxInput)
    choices = isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    select = isinstance(widget, forms.Select)
    looks = "form-check-input" if checkbox else "form-select" if select else "form-control"
    css = "" if choices else f"{looks} is-invalid" if bound.errors else looks
    drawn = bound.as_widget(attrs={"class": css} if css else {})
    return {
        "field": bound,
        "drawn": drawn,
        "label": label or bound.label,
        "checkbox": checkbox,
        "choices": choices,
        "small": small,
        "optional": not (plain or bound.field.required),
    }


@register.simple_tag
def who(patient: Patient) -> str:
    """Say what tells patients of one name apart, to stand beside the name wherever one decides."""
    return f"born {patient.born} · MRN {patient.mrn}"


@register.inclusion_tag("components/patient_banner.html", takes_context=True)
def patient_banner(context: dict[str, Any], patient: Patient, label: str = "Patient") -> dict[str, Any]:
    """Draw who the patient is: name, date of birth, MRN, sex, allergies and alerts, wherever one decides.

    ``label`` tells several on one page apart.
    """
    note(patient.pk, AccessKind.VIEW)
    marked = vars(patient)  # on lists, for all at once
    return {
        "patient": patient,
        "label": label,
        "allergies": patient.counting_allergies,
        "restriction": marked["restriction"] if "restriction" in marked else restriction_of(patient.pk),
        "alerts": alerts_of(patient),
        "url": _page_of(patient, context),
    }


def _page_of(patient: Patient, context: dict[str, Any]) -> str:
    """Return the address of the patient's page, for those who open records and are not there already."""
    url = reverse("scheduling:patient", args=[patient.pk])
    request, user = context.get("request"), context.get("user")
    here = request is not None and request.path == url
    return "" if here or not isinstance(user, User) or not user.can(permissions.VIEW) else url


@register.inclusion_tag("components/patient_facts.html")
def patient_facts(patient: Patient) -> dict[str, Any]:
    """Draw what tells two people apart, for lists of many: no query of its own where allergies were prefetched."""
    return {"patient": patient, "allergies": patient.counting_allergies}


@register.inclusion_tag("components/status.html")
def status(operation: Operation) -> dict[str, Any]:
    """Draw an operation's status as an icon and a word."""
    return {"operation": operation}


@register.inclusion_tag("components/conflicts.html")
def conflict_list(conflicts: Sequence[Conflict]) -> dict[str, Any]:
    """Draw conflicts as sentences, each with what to do next."""
    return {"conflicts": conflicts}


@register.simple_block_tag
def panel(content: str, *, title: str, name: str = "", extra: str = "") -> SafeString:
    """Wrap a part of a page in a titled box: ``{% panel title="Team" %}…{% endpanel %}``."""
    context = {"content": content, "title": title, "name": name, "extra": extra}
    return render_to_string("components/panel.html", context)
