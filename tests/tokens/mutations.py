"""Tokens that are almost good: thousands of ways to bend one, always the same for the same seed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import string
from collections.abc import Callable, Iterator
from random import Random

from tokens.verification.credentials import without_blanks

ALPHABET = string.ascii_letters + string.digits + "-_"
HEADERS = [
    *({"alg": alg} for alg in ("none", "None", "NONE", "nOnE", "", None, 0, [], {}, "HS384 ")),
    *({"alg": alg} for alg in ("hs384", "HS256", "HS512", "RS256", "ES384", "PS384", "EdDSA")),
    *(
        {"kid": kid}
        for kid in ("", "T1", "t1 ", " t1", "t1\0", "t9", "../../dev/null", "/dev/null")
    ),
    *({"kid": kid} for kid in ("' OR '1'='1", "t1;t2", "t1,t2", "x" * 900, "ｔ1", "t\u0131", "*")),
    *({"kid": kid} for kid in (None, 0, 1, True, [], ["t1"], {"t1": "t1"}, 1e309, "\ud800")),
    *({"typ": typ} for typ in ("JWS", "JWE", "at+jwt", None, 7, {})),
    *({"crit": crit} for crit in (["exp"], [], "exp", ["b64"], None)),
    *({"b64": False}, {"zip": "DEF"}, {"cty": "JWT"}, {"enc": "A256GCM"}, {"p2c": 10**9}),
    *({"jku": "http://127.0.0.1:1/keys"}, {"x5u": "http://127.0.0.1:1/"}, {"x5c": ["AAAA"]}),
    *({"jwk": {"kty": "oct", "k": "AAAA", "alg": "HS384"}}, {"x5t": "AAAA"}),
]
CLAIMS = [
    *({"exp": exp} for exp in (9999999999, 10**30, -1, 0, True, "9999999999", None, 1e18, [])),
    *({"iat": iat} for iat in (0, 10**18, None, "0")),
    *({"jti": jti} for jti in ("", None, 0, "x" * 500)),
    *({"nbf": 10**12}, {"aud": "x"}, {"iss": "x"}, {"scope": "tokens:write"}, {"scopes": ["*"]}),
    *({"user_id": 1}, {"token_type": "refresh"}, {"is_superuser": True}),
]
SUBJECTS = [
    *(
        '{"username":"root"}',
        "{}",
        "[]",
        "null",
        "",
        "admin@email.com",
        "[" * 900,
        '{"username":1}',
    ),
    '{"platform":"bytedesk","username":"admin@email.com","username":"root"}',
    '{"platform":"other","username":"admin@email.com"}',
]
INSIDE = [" ", "\t", "=", "==", "%", "%2e", "+", "/", ".", ",", ";", '"', "'", "\\", "~", "!", "*"]
FOREIGN = [
    "é",
    "Ａ",
    "\u0430",
    "\u200b",
    "\u202e",
    "\ufeff",
    "🦊",
    "\xa0",
    "\x85",
    "ſ",
    "K",
    "．",
    "。",
]


def mutations(secret: str, *, count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield `count` different (way, token) pairs, none of which is the token itself."""
    random, given, ways = Random(seed), {secret}, list(WAYS.items())
    while len(given) <= count:
        name, bend = random.choice(ways)
        bent = bend(secret, random)
        # Blanks around a token are HTTP's own and mean nothing.
        if without_blanks(bent) and without_blanks(bent) not in given:
            given.add(without_blanks(bent))
            yield name, bent


def encoded(part: object, **options: object) -> str:
    text = json.dumps(part, **{"separators": (",", ":"), **options})
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).rstrip(b"=").decode()


def decoded(part: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(part + "=="))


def signature(text: str, key: bytes, method: str = "sha384") -> str:
    mac = hmac.new(key, text.encode(), getattr(hashlib, method)).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def _a_key(random: Random, secret: str) -> bytes:
    head, payload, mac = secret.split(".")
    known = [
        b"",
        b"\0",
        b"\0" * 48,
        b"t1",
        b"secret",
        head.encode(),
        payload.encode(),
        mac.encode(),
    ]
    return random.choice([*known, random.randbytes(48)])


def _signed_anew(parts: list[str], secret: str, random: Random) -> str:
    """Sign with a key that is not ours, keep the old signature, or leave it out."""
    text = ".".join(parts)
    method = random.choice(["sha256", "sha384", "sha384", "sha512"])
    ending = random.choice(
        [secret.rpartition(".")[2], "", signature(text, _a_key(random, secret), method)]
    )
    return f"{text}.{ending}"


def other_letter(secret: str, random: Random) -> str:
    place = random.randrange(len(secret))
    letter = random.choice(ALPHABET.replace(secret[place], ""))
    return secret[:place] + letter + secret[place + 1 :]


def other_case(secret: str, random: Random) -> str:
    places = random.sample(range(len(secret)), random.randint(1, 8))
    return "".join(
        letter.swapcase() if place in places else letter for place, letter in enumerate(secret)
    )


def cut(secret: str, random: Random) -> str:
    start, end = sorted(random.sample(range(len(secret) + 1), 2))
    return random.choice(
        [secret[:start], secret[end:], secret[start:end], secret[:start] + secret[end:]]
    )


def longer(secret: str, random: Random) -> str:
    place = random.randrange(len(secret) + 1)
    more = "".join(random.choices(ALPHABET, k=random.choice([1, 2, 4, 64, 3000])))
    return secret[:place] + more + secret[place:]


def letter_inside(secret: str, random: Random) -> str:
    place = random.randrange(1, len(secret))
    return secret[:place] + random.choice(INSIDE) + secret[place:]


def padded(secret: str, random: Random) -> str:
    parts = secret.split(".")
    parts[random.randrange(3)] += random.choice(["=", "==", "===", "====", "A", "AA=="])
    return ".".join(parts)


def plain_base64(secret: str, random: Random) -> str:
    """The other alphabet, and padding, in which libraries read the same bytes."""
    bent = secret.replace("-", "+", random.randint(0, 9)).replace("_", "/", random.randint(0, 9))
    return bent + "=" * random.randint(0, 9) + random.choice(["", "\n", "+", "/"])


def foreign_letter(secret: str, random: Random) -> str:
    place = random.randrange(len(secret) + 1)
    keep = random.choice([place, min(place + 1, len(secret))])
    return secret[:place] + random.choice(FOREIGN) + secret[keep:]


def other_header(secret: str, random: Random) -> str:
    head, payload, _ = secret.split(".")
    header = decoded(head)
    for change in random.sample(HEADERS, random.choice([1, 1, 2])):
        header.update(change)
    for name in random.sample(sorted(header), random.choice([0, 0, 1])):
        del header[name]
    return _signed_anew([encoded(header), payload], secret, random)


def same_header_written_differently(secret: str, random: Random) -> str:
    head, payload, mac = secret.split(".")
    header = list(decoded(head).items())
    random.shuffle(header)
    separators = random.choice([(",", ":"), (", ", ": "), (" ,", " :")])
    text = encoded(dict(header), separators=separators)
    doubled = encoded({"x": 1}).rstrip("=")
    return f"{random.choice([text, head + doubled, encoded([decoded(head)])])}.{payload}.{mac}"


def other_claims(secret: str, random: Random) -> str:
    head, payload, _ = secret.split(".")
    claims = decoded(payload)
    for change in random.sample(CLAIMS, random.choice([1, 1, 2])):
        claims.update(change)
    if random.random() < 0.4:
        claims["sub"] = random.choice(SUBJECTS)
    for name in random.sample(sorted(claims), random.choice([0, 0, 1])):
        del claims[name]
    return _signed_anew([head, encoded(claims)], secret, random)


def no_claims(secret: str, random: Random) -> str:
    head, payload, _ = secret.split(".")
    texts = ["", "null", "[]", "7", '"x"', "NaN", "{", "[" * 1500, '{"a":' * 300, "\ufeff{}", "\0"]
    part = base64.urlsafe_b64encode(random.choice(texts).encode()).rstrip(b"=").decode()
    which = random.choice([[head, part], [part, payload], [part, part]])
    return _signed_anew(which, secret, random)


def nested(secret: str, random: Random) -> str:
    """A token as the payload of another."""
    inner = base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    head = encoded({**decoded(secret.split(".")[0]), "cty": "JWT"})
    return _signed_anew([head, random.choice([inner, encoded({"token": secret})])], secret, random)


def other_order(secret: str, random: Random) -> str:
    parts = secret.split(".")
    random.shuffle(parts)
    return random.choice([".", ".", "", "..", ":", "|", " "]).join(
        random.choice([parts, [*parts, parts[0]], parts[:2], [*parts, ""], ["", *parts]])
    )


def twice(secret: str, random: Random) -> str:
    between = random.choice(["", ".", ",", ", ", " ", "&", ";", "%00"])
    return secret + between + random.choice([secret, other_letter(secret, random)])


def not_a_token(secret: str, random: Random) -> str:
    size = random.choice([1, 5, 64, 333, 4090, 5000])
    letters = random.choice([ALPHABET, string.printable.strip(), "A", ".", "eyJ"])
    return "x" + "".join(random.choices(letters, k=size))


WAYS: dict[str, Callable[[str, Random], str]] = {
    bend.__name__: bend
    for bend in (
        other_letter, other_case, cut, longer, letter_inside, padded, plain_base64, foreign_letter,
        other_header, same_header_written_differently, other_claims, no_claims, nested, other_order,
        twice, not_a_token,
    )
}  # fmt: skip
