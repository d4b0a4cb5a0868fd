"""Where the sentence "done" waits for the next page: it names a patient."""

from typing import Any

from django.contrib.messages.storage.session import SessionStorage

from accounts.encryption.cipher import decrypt_text, encrypt_text

PURPOSE = "notices"


class SealedStorage(SessionStorage):
    """Keeps messages in the session and encrypted: Django's own way is a cookie, which stays in the browser."""

    def serialize_messages(self, messages: Any) -> str:
        """Return the messages as one token."""
        return encrypt_text(str(super().serialize_messages(messages)), purpose=PURPOSE)

    def deserialize_messages(self, data: Any) -> Any:
        """Return the messages that a token holds."""
        return super().deserialize_messages(decrypt_text(data, purpose=PURPOSE)) if data else []
