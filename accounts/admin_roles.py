"""The table of roles in the admin: what each may do here, and where that differs from what is shipped."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from accounts.admin_access import ReadOnlyAdmin, holds
from accounts.models import RoleCapability, User
from accounts.permissions import actor_of
from accounts.proof import ask_again
from accounts.role_bounds import FIXED, MANAGE_ROLES
from accounts.role_table import change_role, demand_role, may_give, may_take, reset_role, role_table
from accounts.roles import DEFAULTS, WORDS, Role

AREAS = {
    "scheduling": "Operations",
    "patients": "Patients",
    "resources": "Theatres, people and equipment",
    "accounts": "Accounts and roles",
    "analytics": "Security",
}
LIST = "admin:accounts_rolecapability_changelist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One role and one capability: what is shipped, what holds here, and why it can't be changed if it can't."""

    capability: str
    held: bool
    shipped: bool
    locked: str = ""

    @property
    def words(self) -> str:
        """Return what it lets one do."""
        return WORDS[self.capability].capitalize()

    @property
    def change(self) -> str:
        """Return how this hospital differs, in a word, or an empty text."""
        if self.held == self.shipped:
            return ""
        return "given" if self.held else "taken away"


@admin.register(RoleCapability)
class RoleTableAdmin(ReadOnlyAdmin):
    """One table of all roles; each role has a page with its capabilities to tick."""

    view_capability = MANAGE_ROLES

    def get_urls(self) -> list[Any]:
        """Add the page of one role."""
        page = self.admin_site.admin_view(self.role_view)
        return [path("of/<slug:role>/", page, name="accounts_rolecapability_role"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        """Show every role beside every capability."""
        if request.method == "POST" or not self.has_view_permission(request):
            raise PermissionDenied
        table = role_table()
        heads = [{"role": role, "open": _why_closed(actor_of(request), role) == ""} for role in Role]
        context = {"heads": heads, "areas": [(title, _rows(table, area)) for area, title in AREAS.items()]}
        return self._page(request, "change_list", "What roles may do", context)

    def role_view(self, request: HttpRequest, role: str) -> HttpResponse:
        """Show and change one role, after a fresh proof of who does it."""
        if not holds(request, MANAGE_ROLES) or role not in Role.values:
            raise PermissionDenied
        actor = actor_of(request)
        if request.method not in {"GET", "POST"}:
            return HttpResponseNotAllowed(["GET", "POST"])
        demand_role(actor, role)
        if asked := ask_again(request):
            return asked
        problems: list[str] = []
        if request.method == "POST":
            try:
                return self._change(request, actor, role)
            except ValidationError as error:
                problems = error.messages
        return self._role_page(request, actor, role, problems)

    def _change(self, request: HttpRequest, actor: User, role: str) -> HttpResponse:
        """Give what was ticked and take what was unticked: what a colleague changed meanwhile stays."""
        if "reset" in request.POST:
            reset_role(actor=actor, role=role)
        else:
            seen, ticked = set(request.POST.getlist("seen")), set(request.POST.getlist("held"))
            offered = set(request.POST.getlist("offered"))
            change_role(actor=actor, role=role, give=(ticked - seen) & offered, take=(seen - ticked) & offered)
        messages.success(request, f"{Role(role).label}: saved. It counts from everybody's next click.")
        return redirect(LIST)

    def _role_page(self, request: HttpRequest, actor: User, role: str, problems: list[str]) -> HttpResponse:
        held = role_table()[role]
        ticked = set(request.POST.getlist("held")) if problems and "reset" not in request.POST else None
        cells = [_cell(actor, role, capability, held) for capability in sorted(WORDS, key=lambda one: WORDS[one])]
        areas = [
            (title, [(cell, _is_ticked(cell, ticked)) for cell in cells if cell.capability.startswith(f"{area}.")])
            for area, title in AREAS.items()
        ]
        context = {"role": Role(role), "areas": areas, "problems": problems, "differs": held != DEFAULTS[role]}
        response = self._page(request, "role", f"What may a {Role(role).label.lower()} do?", context)
        response.status_code = 422 if problems else 200
        return response

    def _page(self, request: HttpRequest, name: str, title: str, context: dict[str, Any]) -> HttpResponse:
        every = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, "list_url": reverse(LIST)}
        return TemplateResponse(request, f"admin/accounts/rolecapability/{name}.html", every | context)


def _why_closed(actor: User, role: str) -> str:
    try:
        demand_role(actor, role)
    except PermissionDenied as error:
        return str(error)
    return ""


def _rows(table: dict[str, frozenset[str]], area: str) -> list[tuple[str, list[Cell]]]:
    named = sorted((capability for capability in WORDS if capability.startswith(f"{area}.")), key=WORDS.__getitem__)
    return [
        (
            WORDS[capability].capitalize(),
            [
                Cell(capability=capability, held=capability in table[role], shipped=capability in DEFAULTS[role])
                for role in Role.values
            ],
        )
        for capability in named
    ]


def _cell(actor: User, role: str, capability: str, held: frozenset[str]) -> Cell:
    has = capability in held
    locked = ""
    if capability in FIXED.get(role, frozenset()):
        locked = "This role always has it."
    elif has and not may_take(actor, role, capability):
        locked = "Taken away by an administrator, or by somebody else who holds it."
    elif not has and not may_give(actor, role, capability):
        locked = "Given by somebody who holds it in another role, if at all."
    return Cell(capability=capability, held=has, shipped=capability in DEFAULTS[role], locked=locked)


def _is_ticked(cell: Cell, ticked: set[str] | None) -> bool:
    return cell.held if ticked is None or cell.locked else cell.capability in ticked
