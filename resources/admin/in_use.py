"""Taking things out of use instead of deleting them: what is past keeps them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_access import ManagedAdmin

INSTEAD = "Untick “In use” instead: the past keeps it, and new operations can't have it."


class InUseAdmin(ManagedAdmin):
    """For rows with ``in_use``."""

    actions = ("take_out_of_use", "bring_back_into_use")

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Say what to do instead."""
        deleted, counted, lacking, protected = super().get_deleted_objects(objs, request)
        return deleted, counted, lacking, [*protected, INSTEAD] if protected else []

    @admin.action(permissions=["change"], description="Take out of use")
    def take_out_of_use(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        """Keep new operations from using them."""
        self._set(request, rows, in_use=False)

    @admin.action(permissions=["change"], description="Bring back into use")
    def bring_back_into_use(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        """Offer them again."""
        self._set(request, rows, in_use=True)

    def _set(self, request: HttpRequest, rows: QuerySet[Any], *, in_use: bool) -> None:
        changed = [row for row in rows.filter(in_use=not in_use) if self.has_change_permission(request, row)]
        for row in changed:
            row.in_use = in_use
            row.save(update_fields=["in_use"])  # one by one: the audit trail hears of it
            self.log_change(request, row, [{"changed": {"fields": ["in use"]}}])
        self.message_user(request, f"{len(changed)} {'brought back into use' if in_use else 'taken out of use'}.")
