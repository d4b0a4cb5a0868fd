"""The words of messages: read, tried out and written in Django's admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Max
from django.http import HttpRequest

from accounts.admin_access import ManagedAdmin
from accounts.permissions import actor_of
from messaging.channels import channel_named, names
from messaging.channels.sms.segments import segments
from messaging.models import MessageTemplate
from messaging.permissions import TEMPLATES
from messaging.wording.fields import FIELDS, FieldError
from messaging.wording.kinds import GIVEN, KINDS
from messaging.wording.languages import direction
from messaging.wording.rendering import check_template, render

PREVIEW = "_preview"
ONLY_PREVIEW = "This is a preview. Nothing is saved yet."


class WordsForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only for the type checker
    """One text; what may stand in it depends on its kind."""

    kind = forms.ChoiceField(choices=lambda: [(kind.code, _title(kind.code)) for kind in KINDS.values()])
    channel = forms.ChoiceField(
        choices=lambda: [("", "Every channel"), *((name, channel_named(name).title) for name in names())],
        required=False,
    )

    class Meta:
        model = MessageTemplate
        fields = ("kind", "language", "channel", "subject", "body")

    def clean(self) -> dict[str, Any]:
        """Refuse fields that this kind may not use; a preview stops before it is saved."""
        found: dict[str, Any] = super().clean() or {}
        if {"kind", "subject", "body"} <= found.keys():
            try:
                check_template(KINDS[found["kind"]], found["subject"], found["body"])
            except FieldError as error:
                raise ValidationError(str(error)) from None
            if PREVIEW in self.data:
                self.add_error(None, ONLY_PREVIEW)
        return found


@admin.register(MessageTemplate)
class MessageTemplateAdmin(ManagedAdmin):
    """Texts by kind and language. Saving a change makes a new version; the older ones stay."""

    capability = TEMPLATES
    form = WordsForm
    list_display = ("kind", "language", "channel", "version", "subject", "written_by", "written_at")
    list_filter = ("kind", "language", "channel")
    list_select_related = ("written_by",)
    search_fields = ("subject", "body")
    actions = None
    change_form_template = "admin/messaging/messagetemplate/change_form.html"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Nobody: it says what was sent."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Write a new version, unless nothing was changed."""
        if change and not form.has_changed():
            return
        same = MessageTemplate.objects.filter(kind=obj.kind, language=obj.language, channel=obj.channel)
        obj.pk, obj._state.adding = None, True  # noqa: SLF001  # Django's own way to copy a row
        obj.version = (same.aggregate(latest=Max("version"))["latest"] or 0) + 1
        obj.written_by = actor_of(request)
        obj.save(force_insert=True)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Show beside the form how the text reads, with examples in the place of fields."""
        context["preview"] = preview_of(context["adminform"].form)
        context["fields_by_kind"] = [
            (_title(kind.code), ", ".join(f"{{{name}}}" for name in sorted(kind.allowed))) for kind in KINDS.values()
        ]
        return super().render_change_form(request, context, *args, **kwargs)


def preview_of(form: Any) -> dict[str, Any] | None:
    """Return how the text of a form reads; nothing while it can't be read."""
    if form.is_bound:
        if any(name in form.errors for name in ("kind", "language", "subject", "body")):
            return None
        values = {name: form.cleaned_data.get(name, "") for name in ("kind", "language", "channel", "subject", "body")}
        template = MessageTemplate(version=0, **values)
    else:
        template = form.instance
    if template.kind not in KINDS:
        return None
    try:
        check_template(KINDS[template.kind], template.subject, template.body)
    except FieldError:
        return None
    examples = {name: FIELDS[name].example for name in KINDS[template.kind].allowed - GIVEN}
    text = render(template, examples)
    return {"text": text, "direction": direction(template.language), "segments": segments(text.body)}


def _title(code: str) -> str:
    kind = KINDS[code]
    return f"{kind.audience.label}: {kind.title}"
