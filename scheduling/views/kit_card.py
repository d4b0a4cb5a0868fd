"""The card of an operation's page about kit on loan."""

from dataclasses import dataclass

from accounts.models import User
from scheduling import permissions
from scheduling.forms.kit import KitForm
from scheduling.models import Operation
from scheduling.selectors.kit import KitLine, kit_of
from scheduling.services.kit import OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class KitCard:
    """Each kit with the form to change it, and the form to add one; no form for who may not, or where it is over."""

    lines: list[tuple[KitLine, KitForm | None]]
    add: KitForm | None

    @classmethod
    def of(cls, operation: Operation, actor: User, refused: KitForm | None = None) -> "KitCard":
        """Return the card; a form that was refused keeps what was typed."""
        may = actor.can(permissions.ASSIGN)
        forms = {refused.prefix: refused} if refused else {}
        add = KitForm()
        fresh = [(line, KitForm(kit=line.kit)) for line in kit_of(operation)]
        return cls(
            lines=[(line, forms.get(form.prefix, form) if may else None) for line, form in fresh],
            add=forms.get(add.prefix, add) if may and operation.status not in OVER else None,
        )
