"""The secrets of a checkout that nobody configured: made once, kept in `data/secrets.env`.

A deployment gives its own by `WEIYU_*`; whatever the environment names wins over the file. The
ring of token keys is changed here wherever it is kept: a new key in front, an old one out.
"""

from __future__ import annotations

import base64
import os
import secrets
import stat
from collections.abc import Callable, Container, Mapping
from pathlib import Path

from weiyu_site.env import SHORTEST_TOKEN_KEY
from weiyu_site.launch.bootstrap import ROOT

TOKEN_KEYS = "WEIYU_TOKEN_KEYS"
HEADING = "# Made by the first start. Whoever reads this file can sign in as anybody.\n"


def data_dir() -> Path:
    return Path(os.environ.get("WEIYU_DATA_DIR") or ROOT / "data")


def ring_text(ring: Mapping[str, bytes]) -> str:
    """Return the ring as the environment names it: `kid:base64,…`, the signing key first."""
    return ",".join(f"{kid}:{base64.b64encode(key).decode()}" for kid, key in ring.items())


def with_new_key(ring: Mapping[str, bytes], *, taken: Container[str] = ()) -> dict[str, bytes]:
    """Return the ring with a new key that signs; its name was never another key's."""
    kid = secrets.token_hex(4)
    while kid in ring or kid in taken:
        kid = secrets.token_hex(4)
    return {kid: secrets.token_bytes(SHORTEST_TOKEN_KEY), **ring}


MAKERS: Mapping[str, Callable[[], str]] = {
    "WEIYU_SECRET_KEY": lambda: secrets.token_urlsafe(60),
    TOKEN_KEYS: lambda: ring_text(with_new_key({})),
    "WEIYU_DEMO_PASSWORD": lambda: secrets.token_urlsafe(12),
}


def load() -> None:
    """Put the secrets of the file into the environment, where it does not name its own."""
    for name, value in _read(_file()).items():
        if not _is_given(name):
            os.environ[name] = value


def ensure() -> None:
    """Make the secrets that are still missing, then load them all."""
    file = _file()
    kept = _read(file)
    made = {
        name: make() for name, make in MAKERS.items() if name not in kept and not _is_given(name)
    }
    if made:
        _write(file, {**kept, **made})
    elif file.exists():
        # Copied or restored without its mode, perhaps.
        file.chmod(0o600)
    load()


def ring_file() -> Path | None:
    """Return the file that the ring was read from, None where the environment itself holds it."""
    if path := os.environ.get(f"{TOKEN_KEYS}_FILE"):
        return Path(path)
    ring = os.environ.get(TOKEN_KEYS)
    return _file() if ring is not None and _read(_file()).get(TOKEN_KEYS) == ring else None


def write_ring(file: Path, ring: Mapping[str, bytes]) -> None:
    """Put the ring into the file that holds it, in one step. Raises OSError and changes nothing."""
    if TOKEN_KEYS in os.environ:
        _write(file, {**_read(file), TOKEN_KEYS: ring_text(ring)})
    else:
        _replace(file.resolve(), ring_text(ring) + "\n", like=file.stat())


def _file() -> Path:
    return data_dir() / "secrets.env"


def _is_given(name: str) -> bool:
    return name in os.environ or f"{name}_FILE" in os.environ


def _read(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError:
        # None yet, or not for this person to read: the settings then say which one is missing.
        return {}
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name: value for name, _, value in pairs if name in MAKERS and value}


def _write(file: Path, values: Mapping[str, str]) -> None:
    _replace(file, HEADING + "".join(f"{name}={value}\n" for name, value in values.items()))


def _replace(file: Path, text: str, *, like: os.stat_result | None = None) -> None:
    """Replace a file, with owner and group of `like`; nobody else may read it at any moment."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
            if like:
                os.fchown(output.fileno(), like.st_uid, like.st_gid)
                os.fchmod(output.fileno(), stat.S_IMODE(like.st_mode) & 0o770)
            output.write(text)
            output.flush()
            # A ring that a power cut takes along would end every token.
            os.fsync(output.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
