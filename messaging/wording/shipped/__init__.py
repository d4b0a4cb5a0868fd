"""The words that come with a release, until a hospital writes its own."""

from messaging.wording.shipped import ar, de, en, es

TEXTS: dict[str, dict[str, tuple[str, str]]] = {"en": en.TEXTS, "es": es.TEXTS, "de": de.TEXTS, "ar": ar.TEXTS}
"""By language and kind: subject and body."""
FASTING: dict[str, dict[str, str]] = {"en": en.FASTING, "es": es.FASTING, "de": de.FASTING, "ar": ar.FASTING}
"""By language and code: what to eat and drink before."""
REPLY: dict[str, str] = {"en": en.REPLY, "es": es.REPLY, "de": de.REPLY, "ar": ar.REPLY}
"""By language: how to answer."""
