"""Text that the database holds only encrypted: keys from the settings, AES-256-GCM, one data key per value."""

from accounts.encryption.cipher import decrypt_text, encrypt_text, is_current, rewrap
from accounts.encryption.keyring import LostKeyError, fingerprint

__all__ = ["LostKeyError", "decrypt_text", "encrypt_text", "fingerprint", "is_current", "rewrap"]
