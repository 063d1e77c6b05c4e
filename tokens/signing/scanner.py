"""Find our AccessTokens in any text or binary, by their signatures and without a database.

A token begins with one of the few headers that a ring of keys can write, so next to nothing has
to be verified in foreign files.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from io import BufferedReader
from typing import BinaryIO, cast

from tokens.signing.digests import digest_of
from tokens.signing.jwt import ALGORITHM, LONGEST_TOKEN, KeyRing, UnsoundToken

CHUNK = 1 << 20
GZIP = b"\x1f\x8b"
# Each run is taken whole and never given back, so a hostile file makes this no slower than three
# passes. The head may have anything in front of it; what follows the signature is left alone.
SHAPE = re.compile(rb"eyJ[\w-]*+(?:\.(?=([\w-]++)\.([\w-]{64})))?")


@dataclass(frozen=True)
class Found:
    """A place where a token stands; the token itself is not kept."""

    line: int
    digest: str
    hint: str
    kid: str
    expires: int


class Scanner:
    """Looks for tokens that a ring of keys has signed."""

    def __init__(self, kids: Iterable[str]) -> None:
        self.ring = KeyRing()
        self.heads = {head: kid for kid in kids for head in _heads(kid)}

    def scan(self, file: BufferedReader) -> Iterator[Found]:
        """Yield the tokens of a file in their order, in a memory that does not grow with it."""
        with _unpacked(file) as stream:
            yield from self._in_stream(stream)

    def _in_stream(self, stream: BinaryIO) -> Iterator[Found]:
        line, buffer, has_ended = 1, b"", False
        while not has_ended:
            chunk = stream.read(CHUNK)
            has_ended = not chunk
            # In UTF-16 a NUL stands beside each letter.
            buffer += chunk.translate(None, b"\0")
            # A token that begins behind this place may not be whole yet.
            settled = len(buffer) if has_ended else max(0, len(buffer) - LONGEST_TOKEN)
            counted = 0
            for place, kid, secret in self._tokens(buffer, settled):
                line += buffer.count(b"\n", counted, place)
                counted = place
                if expires := self._expiry(secret):
                    yield Found(line, digest_of(secret), secret[-6:], kid, expires)
            line += buffer.count(b"\n", counted, settled)
            buffer = buffer[settled:]

    def _tokens(self, buffer: bytes, settled: int) -> Iterator[tuple[int, str, str]]:
        """Yield place, kid and text of what looks like one of our tokens."""
        for match in SHAPE.finditer(buffer):
            if match[1] is None or len(match[1]) > LONGEST_TOKEN:
                continue
            run = match[0].removesuffix(b".")
            for head, kid in self.heads.items():
                place = match.end() - len(head) - 1
                if run.endswith(head) and place < settled:
                    yield place, kid, b".".join((head, match[1], match[2])).decode("ascii")

    def _expiry(self, secret: str) -> int | None:
        """Return when a token of ours expires, None for what we never signed."""
        try:
            return int(self.ring.decode(secret)["exp"])
        except (UnsoundToken, KeyError, TypeError, ValueError):
            return None


def _unpacked(file: BufferedReader) -> AbstractContextManager[BinaryIO]:
    is_packed = file.peek(len(GZIP)).startswith(GZIP)
    return cast(BinaryIO, gzip.open(file)) if is_packed else nullcontext(file)


def _heads(kid: str) -> Iterator[bytes]:
    """Yield every way in which a library may have written the header of a key's tokens."""
    header = {"alg": ALGORITHM, "kid": kid, "typ": "JWT"}
    for names in itertools.permutations(header):
        text = json.dumps({name: header[name] for name in names}, separators=(",", ":"))
        yield urlsafe_b64encode(text.encode()).rstrip(b"=")
