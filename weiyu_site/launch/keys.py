"""The secrets of a checkout that nobody configured: made once, kept in `data/secrets.env`.

A deployment gives its own by `WEIYU_*`; whatever the environment names wins over the file.
"""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEADING = "# Made by the first start. Whoever reads this file can sign in as anybody.\n"


def data_dir() -> Path:
    return Path(os.environ.get("WEIYU_DATA_DIR") or ROOT / "data")


def _token_key() -> str:
    return f"{secrets.token_hex(4)}:{base64.b64encode(secrets.token_bytes(48)).decode()}"


MAKERS: Mapping[str, Callable[[], str]] = {
    "WEIYU_SECRET_KEY": lambda: secrets.token_urlsafe(60),
    "WEIYU_TOKEN_KEYS": _token_key,
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


def file_of(name: str) -> Path | None:
    """Return the file if it is what gave the environment this secret."""
    return _file() if name in os.environ and _read(_file()).get(name) == os.environ[name] else None


def put(name: str, value: str) -> None:
    """Give a secret of the file another value."""
    _write(_file(), {**_read(_file()), name: value})


def _file() -> Path:
    return data_dir() / "secrets.env"


def _is_given(name: str) -> bool:
    return name in os.environ or f"{name}_FILE" in os.environ


def _read(file: Path) -> dict[str, str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        # None yet, or not for this person to read: the settings then say which one is missing.
        return {}
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name: value for name, _, value in pairs if name in MAKERS and value}


def _write(file: Path, values: Mapping[str, str]) -> None:
    """Replace the file in one step; nobody else can read it at any moment."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    text = HEADING + "".join(f"{name}={value}\n" for name, value in values.items())
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    new.replace(file)
