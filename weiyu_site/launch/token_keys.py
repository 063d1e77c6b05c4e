"""The ring of token keys as an operator changes it: a new key in front, an old one out."""

from __future__ import annotations

import base64
import os
import secrets
import stat
from collections.abc import Container, Mapping
from pathlib import Path

from weiyu_site.env import SHORTEST_TOKEN_KEY
from weiyu_site.launch import keys

NAME = "WEIYU_TOKEN_KEYS"


def as_text(ring: Mapping[str, bytes]) -> str:
    """Return the ring as the environment names it: `kid:base64,…`, the signing key first."""
    return ",".join(f"{kid}:{base64.b64encode(key).decode()}" for kid, key in ring.items())


def with_new_key(ring: Mapping[str, bytes], *, taken: Container[str]) -> dict[str, bytes]:
    """Return the ring with a new key that signs; its name was never another key's."""
    kid = secrets.token_hex(4)
    while kid in ring or kid in taken:
        kid = secrets.token_hex(4)
    return {kid: secrets.token_bytes(SHORTEST_TOKEN_KEY), **ring}


def file_in_use() -> Path | None:
    """Return the file that the ring was read from, None where the environment itself holds it."""
    if path := os.environ.get(f"{NAME}_FILE"):
        return Path(path)
    return keys.file_of(NAME)


def write(file: Path, ring: Mapping[str, bytes]) -> None:
    """Put the ring into the file that holds it, in one step. Raises OSError and changes nothing."""
    if NAME in os.environ:
        keys.put(NAME, as_text(ring))
    else:
        _replace(file.resolve(), as_text(ring) + "\n")


def _replace(file: Path, text: str) -> None:
    """Replace a file; owner and group stay, and nobody else may read it at any moment."""
    old = file.stat()
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
            os.fchown(output.fileno(), old.st_uid, old.st_gid)
            os.fchmod(output.fileno(), stat.S_IMODE(old.st_mode) & 0o770)
            output.write(text)
            output.flush()
            # A ring that a power cut takes along would end every token.
            os.fsync(output.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
