"""Fields whose text lies encrypted in the database, and the keyed hash by which one is found again."""

import json
from typing import TYPE_CHECKING, Any

from django.core import checks
from django.core.exceptions import FieldError
from django.db import models
from django.db.models import Lookup, Model
from django.db.models.lookups import Exact, IsNull

from accounts.encryption.cipher import VERSION, decrypt_text, encrypt_text
from accounts.encryption.keyring import fingerprint

if TYPE_CHECKING:
    _Field = models.Field[Any, Any]
else:
    _Field = models.Field


class _OnlyEmpty(Exact):
    """Equal to nothing: all that can be asked of a value that looks different each time it is written."""

    def __init__(self, lhs: Any, rhs: Any) -> None:
        if rhs != "":
            raise FieldError(f"{lhs.target} is encrypted: only isnull and an empty text can be asked of it.")
        super().__init__(lhs, rhs)


class Encrypted(_Field):
    """What the three encrypted fields share.

    The empty text stays empty: whether something is written there is no secret, and it is asked for.
    A text that is no token is read as it stands: it was written by a release that did not encrypt yet,
    and ``manage.py rotate_keys`` encrypts it.
    """

    @property
    def purpose(self) -> str:
        """Return table and column, which every token of this field is bound to."""
        return f"{self.model._meta.db_table}:{self.column}"  # noqa: SLF001  # Django's public name for it

    def get_internal_type(self) -> str:
        """Keep a text of any length: a token is longer than what it holds."""
        return "TextField"

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        """Read a token; ``LostKeyError`` names the key that is missing."""
        return decrypt_text(value, purpose=self.purpose) if value and is_token(value) else value

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:  # noqa: ARG002
        """Encrypt what is written; an expression is taken only where its parts come through here."""
        if hasattr(value, "as_sql"):
            if not isinstance(value, models.expressions.DatabaseDefault) and value.output_field is not self:
                raise FieldError(f"{self} is encrypted: write a text into it, not an expression.")
            return value
        text = self.get_prep_value(value)
        return encrypt_text(text, purpose=self.purpose) if text else text

    def get_lookup(self, lookup_name: str) -> "type[Lookup[Any]] | None":
        """Refuse to compare: the database sees nothing but tokens."""
        found = {"isnull": IsNull, "exact": _OnlyEmpty}.get(lookup_name)
        if found is None:
            raise FieldError(f"{self} is encrypted: it can't be searched by “{lookup_name}”.")
        return found

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Refuse what an encrypted column can't be."""
        wrong = [name for name in ("unique", "db_index", "primary_key") if getattr(self, name)]
        found = [checks.Error(f"An encrypted field can't have {name}.", obj=self, id="accounts.E001") for name in wrong]
        return [*super().check(**kwargs), *found]


class EncryptedTextField(Encrypted, models.TextField):  # type: ignore[type-arg]
    """A long text that only the application reads."""


class EncryptedCharField(Encrypted, models.CharField):  # type: ignore[type-arg]
    """A line of text that only the application reads; ``max_length`` is that of the clear text."""


class EncryptedEmailField(Encrypted, models.EmailField):  # type: ignore[type-arg]
    """An e-mail address that only the application reads."""


class EncryptedJSONField(Encrypted, models.JSONField):
    """A JSON value that only the application reads: the column holds one JSON string, the token of all of it.

    An empty list or object stays as it is; the column's type is that of clear JSON, so it is read as well.
    """

    def get_internal_type(self) -> str:
        """Keep the column's type."""
        return "JSONField"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Read the token that the JSON is, or JSON in clear."""
        found = models.JSONField.from_db_value(self, value, expression, connection)
        is_sealed = isinstance(found, str) and is_token(found)
        return json.loads(decrypt_text(found, purpose=self.purpose)) if is_sealed else found

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        """Encrypt the whole of what is written."""
        if hasattr(value, "as_sql"):
            return super().get_db_prep_save(value, connection)
        sealed = encrypt_text(json.dumps(value, cls=self.encoder), purpose=self.purpose) if value else value
        return models.JSONField.get_db_prep_save(self, sealed, connection)

    def get_transform(self, lookup_name: str) -> None:  # type: ignore[override]
        """Offer no way inside."""
        raise FieldError(f"{self} is encrypted: “{lookup_name}” can't be asked of what is in it.")


class BlindIndexField(models.CharField):  # type: ignore[type-arg]
    """The keyed hash of another field, so that its exact value is found: unique if given, empty if that is.

    ``shared`` values, such as a family's telephone, may stand in several rows.
    """

    def __init__(self, *args: Any, source: str, shared: bool = False, **kwargs: Any) -> None:
        self.source = source
        self.shared = shared
        fixed = {"max_length": 64, "null": True, "blank": True, "editable": False}
        super().__init__(*args, **kwargs | fixed | {"unique": not shared, "db_index": shared})

    def deconstruct(self) -> Any:
        """Name the source for migrations."""
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "null", "blank", "unique", "db_index", "editable"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs | {"source": self.source} | ({"shared": True} if self.shared else {})

    def pre_save(self, model_instance: Model, add: bool) -> str | None:  # noqa: ARG002, FBT001
        """Follow the source: nobody else writes this."""
        found = self.index_of(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, found)
        return found

    def index_of(self, text: str) -> str | None:
        """Return the hash under which ``text`` is found, however it is spaced or capitalised."""
        plain = normalised(text)
        return fingerprint(plain, f"{self.model._meta.db_table}:{self.source}") if plain else None  # noqa: SLF001


def normalised(text: str) -> str:
    """Return letters and digits alone, in capitals: the way in which numbers are compared."""
    return "".join(character for character in text if character.isalnum()).upper()


def is_token(value: str) -> bool:
    """Say whether a stored text is one of ours, by its form."""
    return value.startswith(f"{VERSION}.") and value.count(".") == 3  # noqa: PLR2004  # three dots, four parts


def encrypted_fields(model: type[Model]) -> list[Encrypted]:
    """Return the encrypted fields of a model, for the trail to leave out and for rotation to find."""
    return [field for field in model._meta.concrete_fields if isinstance(field, Encrypted)]  # noqa: SLF001
