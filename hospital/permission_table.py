"""Who may open which address: read from the views themselves, so that it can't be out of date."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from accounts.roles import DEFAULTS, Role

OTHERS = {
    "admin/": "Django's admin: staff accounts only, each page by its own rule",
    "accounts/": "django-allauth: sign-in, sign-out and password pages (`accounts/urls.py`), which guard themselves",
}
"""Addresses whose views are not ours, and what guards them."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One address and what its view says of itself; both empty means that nobody thought of it."""

    route: str
    name: str
    capability: str = ""
    public_because: str = ""

    @property
    def roles(self) -> frozenset[Role]:
        """Return the roles that may open it; an integration account opens no page."""
        people = set(Role) - {Role.INTEGRATION}
        return frozenset(role for role in people if self.capability in DEFAULTS[role])


def guards() -> list[Guard]:
    """Return a guard for every address of our own views."""
    return [guard for guard in _walk(get_resolver().url_patterns) if not guard.route.startswith(tuple(OTHERS))]


def _walk(patterns: list[URLPattern | URLResolver], prefix: str = "", namespace: str = "") -> Iterator[Guard]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inside = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, route, inside)
        else:
            view = pattern.callback
            yield Guard(
                route=route,
                name=f"{namespace}{pattern.name}",
                capability=getattr(view, "capability", ""),
                public_because=getattr(view, "public_because", ""),
            )


def as_markdown() -> str:
    """Return ``docs/permissions.md``."""
    heads = [str(role.label) for role in Role]
    lines = [
        "# Who may do what",
        "",
        "Written by `manage.py write_permissions` from the code; a test fails when it is out of date.",
        "",
        "## Capabilities by role",
        "",
        "As shipped; a hospital may change it within bounds (docs/access.md).",
        "",
        _line(["capability", *heads]),
        _line(["---"] * (len(heads) + 1)),
    ]
    lines += [
        _line([f"`{capability}`", *(_tick(capability in DEFAULTS[role]) for role in Role)])
        for capability in sorted(frozenset().union(*DEFAULTS.values()))
    ]
    lines += ["", "## Addresses", "", _line(["address", "needs", *heads]), _line(["---"] * (len(heads) + 2))]
    for guard in guards():
        needs = f"`{guard.capability}`" if guard.capability else f"nothing: {guard.public_because}"
        ticks = [_tick(not guard.capability or role in guard.roles) for role in Role]
        lines.append(_line([f"`/{guard.route}`", needs, *ticks]))
    lines += ["", "Not ours:", ""]
    lines += [f"- `/{route}`: {words}." for route, words in OTHERS.items()]
    return "\n".join([*lines, ""])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _tick(yes: bool) -> str:  # noqa: FBT001
    return "yes" if yes else ""
