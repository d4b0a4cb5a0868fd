"""From a template and its fields to the words of one message."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from accounts.encryption.keyring import fingerprint
from messaging.models import Delivery, MessageTemplate
from messaging.wording import shipped
from messaging.wording.fields import FIELDS, FieldError
from messaging.wording.kinds import Kind, kind_named
from messaging.wording.languages import FALLBACK, nearest

PLACE = re.compile(r"\{([a-z_]+)\}")
REFERENCE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH = 7
GAP = re.compile(r"[ \t]*\n[ \t]*\n[\s]*")


class NoTemplateError(Exception):
    """Nobody has written what this message is to say, not even in English."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """One message in words."""

    subject: str
    body: str
    language: str
    version: int


def names_in(text: str) -> set[str]:
    """Return the fields that a template's text names; raises :class:`FieldError` for any other brace."""
    if re.search(r"[{}]", PLACE.sub("", text)):
        raise FieldError("A field is written {like_this}, and braces are for nothing else.")
    return set(PLACE.findall(text))


def check_template(kind: Kind, subject: str, body: str) -> None:
    """Raise :class:`FieldError` for a field that this kind may not use."""
    foreign = (names_in(subject) | names_in(body)) - kind.allowed
    if foreign:
        raise FieldError(f"“{kind.title}” may not say: {', '.join(sorted(foreign))}.")


def current_templates(kinds: Iterable[str]) -> dict[tuple[str, str, str], MessageTemplate]:
    """Return the newest version of each text, by kind, language and channel. One query."""
    rows: QuerySet[MessageTemplate] = MessageTemplate.objects.filter(kind__in=set(kinds))
    newest = rows.order_by("kind", "language", "channel", "-version").distinct("kind", "language", "channel")
    return {(row.kind, row.language, row.channel): row for row in newest}


def template_for(
    known: Mapping[tuple[str, str, str], MessageTemplate], *, kind: str, language: str, channel: str
) -> MessageTemplate:
    """Return what is said: in the language, else in English; for the channel, else for all; else as shipped."""
    for spoken in dict.fromkeys((nearest(language), FALLBACK)):
        for where in (channel, ""):
            if found := known.get((kind, spoken, where)):
                return found
        if text := shipped.TEXTS[spoken].get(kind):
            return MessageTemplate(kind=kind, language=spoken, version=0, subject=text[0], body=text[1])
    raise NoTemplateError(kind)


def render(template: MessageTemplate, fields: Mapping[str, str]) -> Text:
    """Put the fields into a template's words. A field without a value leaves nothing, nor an empty line."""
    language = template.language
    given = {"hospital": settings.HOSPITAL_NAME, "phone": settings.HOSPITAL_PHONE}
    said = {name: FIELDS[name].say(value, language) for name, value in {**given, **fields}.items() if value}
    return Text(
        subject=" ".join(_filled(template.subject, said).split()),
        body=_filled(template.body, said),
        language=language,
        version=template.version,
    )


def in_words(delivery: Delivery, known: Mapping[tuple[str, str, str], MessageTemplate]) -> Text:
    """Return what one delivery says by its channel."""
    kind = kind_named(delivery.kind)
    template = template_for(known, kind=kind.code, language=delivery.language, channel=delivery.channel)
    allowed = {name: value for name, value in delivery.fields.items() if name in kind.allowed}
    return render(template, allowed)


def reference_of(number: int) -> str:
    """Return the letters that stand in a message and find it again at the provider; they tell nothing."""
    left = int(fingerprint(str(number), "messaging:reference"), 16)
    letters = []
    for _ in range(REFERENCE_LENGTH):
        left, rest = divmod(left, len(REFERENCE_LETTERS))
        letters.append(REFERENCE_LETTERS[rest])
    return "".join(letters)


def _filled(text: str, said: Mapping[str, str]) -> str:
    lines = [PLACE.sub(lambda found: said.get(found[1], ""), line).rstrip() for line in _lines_with(text, said)]
    return GAP.sub("\n\n", "\n".join(lines)).strip()


def _lines_with(text: str, said: Mapping[str, str]) -> list[str]:
    """Leave out the lines whose fields all have no value."""
    return [
        line
        for line in text.replace("\r\n", "\n").split("\n")
        if not (names := PLACE.findall(line)) or any(name in said for name in names)
    ]
