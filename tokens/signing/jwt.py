"""The signed form of an AccessToken: HS384, a ring of keys, the subject of the published guide.

simplejwt's `TokenBackend` and `Token` are extended where they leave room: the backend picks the
key by `kid` (RFC 7515, 4.1.4), the token checks our claims. Whether it has expired is judged
together with its row (tokens/verification/verify.py), so that "disabled" and "expired" can be told
apart.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
from django.conf import settings
from jwt.types import Options
from jwt.utils import base64url_decode
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import Token

ALGORITHM = "HS384"
PLATFORM = "bytedesk"
LONGEST_TOKEN = 4096
LEEWAY = 30  # seconds that clocks may differ
LATEST = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())
# What libraries raise on texts that nobody has signed.
_UNREADABLE = (jwt.PyJWTError, ValueError, RecursionError)
_OPTIONS: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
}


def signing_kid() -> str:
    """Return the name of the key that signs: the first of the ring."""
    return next(iter(settings.TOKEN_KEYS))


class UnsoundToken(TokenError):
    """A token that cannot be ours now.

    `rule` names what it broke: form, key, signature, claims or clock.
    """

    def __init__(self, rule: str) -> None:
        super().__init__(f"The token's {rule} is not valid.")
        self.rule = rule


class KeyRing(TokenBackend):
    """Sign with the first key of the ring, verify with the one that the header names."""

    def __init__(self) -> None:
        super().__init__(ALGORITHM, leeway=LEEWAY)

    def encode(self, payload: dict[str, Any]) -> str:
        kid = signing_kid()
        key = settings.TOKEN_KEYS[kid]
        return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": kid})

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        """Return the payload of a token whose form and signature are good."""
        if not isinstance(token, str) or not token.isascii() or len(token) > LONGEST_TOKEN:
            raise UnsoundToken("form")
        key = self._key_for(token.partition(".")[0])
        try:
            return jwt.decode(token, key, algorithms=[ALGORITHM], options=_OPTIONS)
        except jwt.InvalidSignatureError as error:
            raise UnsoundToken("signature") from error
        except _UNREADABLE as error:
            raise UnsoundToken("claims" if _has_form(token) else "form") from error

    def _key_for(self, head: str) -> bytes:
        """Return the key that a token's first part names; `decode` judges that part again."""
        try:
            header = json.loads(base64url_decode(head))
        except _UNREADABLE as error:
            raise UnsoundToken("form") from error
        kid = header.get("kid") if isinstance(header, dict) else None
        if not isinstance(kid, str) or header.get("alg") != ALGORITHM or "crit" in header:
            raise UnsoundToken("form")
        try:
            return settings.TOKEN_KEYS[kid]
        except KeyError as error:
            raise UnsoundToken("key") from error


def _has_form(token: str) -> bool:
    """Return whether a token that cannot be read has at least the three parts of one."""
    try:
        jwt.get_unverified_header(token)
    except _UNREADABLE:
        return False
    return True


class SignedToken(Token):
    """A token's claims: `sub` (the guide's JSON string), `iat`, `exp` and `jti`."""

    token_type = "access"
    lifetime = timedelta(days=30)
    _token_backend = KeyRing()

    @classmethod
    def sign(cls, *, username: str, issued_at: datetime, expires_at: datetime) -> str:
        """Return a new signed token; without `jti` two of one second would be the same."""
        subject = {"platform": PLATFORM, "username": username}
        payload = {
            "sub": json.dumps(subject, separators=(",", ":"), ensure_ascii=False),
            "iat": int(issued_at.timestamp()),
            "exp": int(expires_at.timestamp()),
            "jti": uuid4().hex,
        }
        return cls._token_backend.encode(payload)

    @classmethod
    def read(cls, secret: str) -> SignedToken:
        """Return the claims of a token whose signature and shape are good; raises UnsoundToken."""
        return cls(secret)  # type: ignore[arg-type]  # simplejwt types the text as a Token

    def verify(self) -> None:
        """Raise UnsoundToken unless the claims have the shape that we sign."""
        if not (_is_moment(self.payload.get("iat")) and _is_moment(self.payload.get("exp"))):
            raise UnsoundToken("claims")
        self._verify_subject()
        if self.payload["iat"] > time.time() + LEEWAY:
            # We signed it, so it is our clock that jumped back.
            raise UnsoundToken("clock")

    def _verify_subject(self) -> None:
        try:
            subject = json.loads(self.payload["sub"])
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise UnsoundToken("claims") from error
        if not isinstance(subject, dict) or not isinstance(subject.get("username"), str):
            raise UnsoundToken("claims")

    @property
    def has_expired(self) -> bool:
        return bool(self.payload["exp"] <= time.time())


def _is_moment(value: object) -> bool:
    """Return whether a claim is whole seconds in a range that dates can hold."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < LATEST
