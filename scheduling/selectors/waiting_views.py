"""Which views of the waiting list somebody may open."""

from dataclasses import dataclass

from django.db.models import Q

from accounts.models import User
from scheduling.models import WaitingView


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewMenu:
    """The views to choose from, and the one that is open; ``is_changed`` once other filters were chosen since."""

    own: list[WaitingView]
    shared: list[WaitingView]
    current: WaitingView | None
    is_gone: bool
    is_changed: bool
    is_own: bool


def may_open(viewer: User) -> Q:
    """Return the condition of the views that ``viewer`` may open: own ones and shared ones."""
    return Q(owner=viewer) | Q(shared=True)


def view_menu(viewer: User, *, asked: int | None, query: str) -> ViewMenu:
    """Return the views of ``viewer``, in one query; ``asked`` is the one that the address names."""
    views = list(WaitingView.objects.filter(may_open(viewer)).select_related("owner"))
    current = next((view for view in views if view.pk == asked), None)
    return ViewMenu(
        own=[view for view in views if view.owner_id == viewer.pk],
        shared=[view for view in views if view.owner_id != viewer.pk],
        current=current,
        is_gone=asked is not None and current is None,
        is_changed=current is not None and current.query != query,
        is_own=current is not None and current.owner_id == viewer.pk,
    )
