"""From and until in two fields, as the clock on the wall shows them."""

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

EARLIEST, LATEST = 2000, 2199
"""Years between which a typed time makes sense; PostgreSQL keeps some that Python can't read back."""


class LocalTimeField(forms.DateTimeField):
    """One instant, typed as local time; the nights when the clocks change allow no guess."""

    def to_python(self, value: Any) -> datetime | None:
        """Return the instant; a time that is skipped or comes twice is refused."""
        try:
            instant: datetime | None = super().to_python(value)
        except ValidationError as error:
            if error.code == "ambiguous_timezone":
                raise ValidationError(
                    "The clocks change at this time: it is skipped or comes twice. Choose another time.",
                    code=error.code,
                ) from error
            raise
        if instant and not EARLIEST <= instant.year <= LATEST:
            raise ValidationError("Check the year.", code="year")
        return instant


class PeriodWidget(forms.MultiWidget):
    """Two date and time inputs with a word before each."""

    labels = ("From", "Until")

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        ends = [
            forms.DateTimeInput(attrs={"type": "datetime-local", "step": 60}, format="%Y-%m-%dT%H:%M") for _ in "12"
        ]
        super().__init__(ends, attrs)

    def decompress(self, value: DateTimeTZRange | str | None) -> list[datetime | None]:
        """Return both ends in local time; none for text, which an address may hand to an empty form."""
        ends = (value.lower, value.upper) if isinstance(value, DateTimeTZRange) else (None, None)
        return [timezone.localtime(end) if end else None for end in ends]

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Return both inputs, each with its label."""
        context = self.get_context(name, value, attrs)
        inputs = [
            (
                widget["attrs"].get("id", ""),
                label,
                self._render(widget["template_name"], {"widget": widget}, renderer),  # type: ignore[attr-defined]
            )
            for label, widget in zip(self.labels, context["widget"]["subwidgets"], strict=True)
        ]
        return format_html(
            '<div class="period">{}</div>',
            format_html_join("", '<span><label for="{}">{}</label>{}</span>', inputs),
        )


class PeriodField(forms.MultiValueField):
    """A stretch of time with a start and an end."""

    widget = PeriodWidget
    may_stay_open = False

    def __init__(self, **options: Any) -> None:
        options.pop("default_bounds", None)
        ends = (
            LocalTimeField(error_messages={"incomplete": "Say from when."}),
            LocalTimeField(required=not self.may_stay_open, error_messages={"incomplete": "Say until when."}),
        )
        super().__init__(fields=ends, require_all_fields=False, **options)

    def compress(self, ends: list[datetime | None]) -> DateTimeTZRange | None:
        """Return the half-open range that PostgreSQL stores."""
        if not ends:
            return None
        start, end = ends
        if start is not None and end is not None and end <= start:
            raise ValidationError("The end has to be after the start.", code="order")
        return DateTimeTZRange(start, end, "[)")


class OpenPeriodField(PeriodField):
    """A stretch of time that may have no end yet."""

    may_stay_open = True

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"help_text": "Leave “Until” empty when the end is not known."})


def period_in_words(period: DateTimeTZRange) -> str:
    """Return local times; the second without its date where it is the same day."""
    start = timezone.localtime(period.lower) if period.lower else None
    end = timezone.localtime(period.upper) if period.upper else None
    first = f"{start:%a %d %b %Y %H:%M}" if start else "always"
    if end is None:
        return f"{first} – no end"
    same_day = start is not None and start.date() == end.date()
    return f"{first} – {end:%H:%M}" if same_day else f"{first} – {end:%a %d %b %Y %H:%M}"
