"""Django's admin as this hospital opens it."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse


class ReferenceSite(admin.AdminSite):
    """The pages of the reference data, behind the sign-in of the whole site."""

    site_header = site_title = "Operation Scheduler: reference data"
    index_title = "What the hospital keeps"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Send people who have not signed in to the one sign-in page, and others without the right away."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        answer: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return answer

    def has_permission(self, request: HttpRequest) -> bool:
        """Let staff in for whom at least one page opens."""
        return super().has_permission(request) and any(
            model_admin.has_module_permission(request) for model_admin in self._registry.values()
        )
