"""Keep, rename, share and delete views of the waiting list."""

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.permissions import authorise
from scheduling import permissions
from scheduling.models import WaitingView
from scheduling.models.views import LONGEST_QUERY
from scheduling.services.errors import InvalidPlanError

MOST_VIEWS = 50


def save_view(*, actor: User, name: str, query: str, shared: bool = False) -> WaitingView:
    """Keep ``query`` (the question of the list's address) under a name of the actor's own.

    Raises :class:`InvalidPlanError` for a name that is empty or taken, and for more views than anybody can overlook;
    :class:`~accounts.permissions.NotAllowedError` for sharing without the right to.
    """
    _authorise(actor, shared=shared)
    if len(query) > LONGEST_QUERY:
        raise InvalidPlanError("name", "These are more filters than a view can keep. Leave some out.")
    if WaitingView.objects.filter(owner=actor).count() >= MOST_VIEWS:
        raise InvalidPlanError("name", f"You keep {MOST_VIEWS} views already. Delete one first.")
    return _write(WaitingView(owner=actor, name=_checked(name), query=query, shared=shared))


def change_view(*, actor: User, view_id: int, name: str, shared: bool) -> WaitingView:
    """Give an own view another name, share it, or keep it to oneself again; raises what :func:`save_view` raises."""
    view = own_view(actor, view_id)
    _authorise(actor, shared=shared and not view.shared)
    view.name, view.shared = _checked(name), shared
    return _write(view)


def delete_view(*, actor: User, view_id: int) -> WaitingView:
    """Delete an own view and return what it was."""
    view = own_view(actor, view_id)
    kept = WaitingView(owner=actor, name=view.name, query=view.query, shared=view.shared)
    view.delete()
    return kept


def own_view(actor: User, view_id: int) -> WaitingView:
    """Return a view of the actor's own; raises :class:`ObjectDoesNotExist` for anybody else's."""
    authorise(actor, permissions.VIEW_OPERATION)
    view = WaitingView.objects.filter(owner=actor, pk=view_id).first()
    if view is None:
        raise ObjectDoesNotExist
    return view


def _authorise(actor: User, *, shared: bool) -> None:
    authorise(actor, permissions.VIEW_OPERATION)
    if shared:
        authorise(actor, permissions.SHARE_VIEW)


def _checked(name: str) -> str:
    name = " ".join(name.split())
    longest = WaitingView._meta.get_field("name").max_length or 0  # noqa: SLF001
    if not 0 < len(name) <= longest:
        raise InvalidPlanError("name", f"Give the view a name of at most {longest} characters.")
    return name


def _write(view: WaitingView) -> WaitingView:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise InvalidPlanError("name", f"You keep a view called “{view.name}” already. Choose another name.") from error
    return view
