"""The audit trail to look at, and what other packages put into the admin taken out again."""

import allauth.account.admin
import allauth.mfa.admin
import allauth.socialaccount.admin
import allauth.usersessions.admin
import auditlog.admin
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from auditlog.mixins import LogEntryAdminMixin
from auditlog.models import LogEntry
from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group

from accounts.admin_access import ReadOnlyAdmin
from accounts.audit.models import AccessKind
from accounts.audit.recording import note
from patients.models import Patient

# Imported so that they have registered what is unregistered here.
_REGISTERED = (
    allauth.account.admin,
    allauth.mfa.admin,
    allauth.socialaccount.admin,
    allauth.usersessions.admin,
    auditlog.admin,
    auth_admin,
)

admin.site.unregister((Authenticator, EmailAddress, Group, LogEntry, UserSession))
admin.site.unregister((SocialAccount, SocialApp, SocialToken))


@admin.register(LogEntry)
class AuditTrailAdmin(LogEntryAdminMixin, ReadOnlyAdmin):  # type: ignore[misc]  # auditlog has no types
    """Who changed what and when."""

    view_capability = "accounts.view_audit_trail"
    date_hierarchy = "timestamp"
    list_display = ("created", "content_type", "object_repr", "action", "msg_short", "actor")
    list_filter = ("action", "content_type")
    list_select_related = ("content_type", "actor")
    search_fields = ("=object_pk", "actor__email", "actor__family_name")
    search_help_text = "Number of the row, or who changed it."
    fields = ("created", "actor", "content_type", "object_repr", "action", "msg", "remote_addr")
    readonly_fields = ("created", "msg")

    @admin.display(description="Changes")
    def msg(self, obj: LogEntry) -> str:
        """Return the values before and after; whose they are is noted as seen."""
        note(_patient_of(obj), AccessKind.VIEW)
        return str(super().msg(obj))


def _patient_of(entry: LogEntry) -> int | None:
    """Return the patient whom an entry is about: the row itself, or the one that it belongs to."""
    if entry.content_type.model_class() is Patient:
        return int(entry.object_pk)
    return next((int(value) for value in (entry.changes or {}).get("patient", ()) if str(value).isdigit()), None)
