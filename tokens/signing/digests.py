"""What is kept of a secret that must never be read back."""

from __future__ import annotations

import hashlib


def digest_of(secret: str) -> str:
    """Return what is kept of a token or code: its SHA-256, in hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()
