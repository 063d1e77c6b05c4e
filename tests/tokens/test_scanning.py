"""Looking for tokens in files: what is found, what is not, and what a hostile file can do."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import time
import tracemalloc
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from django.conf import settings
from django.core.management import call_command

from accounts.actor import Actor
from tests.server import ROOT
from tokens.models import AccessToken, TokenEvent
from tokens.signing.digests import digest_of
from tokens.signing.jwt import SignedToken
from tokens.signing.scanner import CHUNK, Found, Scanner

NOW = datetime.now(UTC)


def token_until(days: float, username: str = "admin@email.com") -> str:
    return SignedToken.sign(
        username=username, issued_at=NOW - timedelta(days=9), expires_at=NOW + timedelta(days=days)
    )


def found_in(data: bytes) -> list[Found]:
    return list(Scanner(settings.TOKEN_KEYS).scan(io.BufferedReader(io.BytesIO(data))))


def scan(*typed: str | Path) -> int:
    """Run the command and return how it ends."""
    try:
        call_command("scan_for_tokens", *map(str, typed))
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.mark.parametrize(
    "around",
    [
        '203.0.113.7 "GET /agent/auth/login?accessToken={}&next=/ HTTP/1.1" 303',
        "Authorization: Bearer {}",
        '{{"token":"{}"}}',
        "{}",
        "eyJ{}",
        "eyJhbGciOiJIUzI1NiJ9.{}",
        "x.y.{}.z",
        "{}glued-behind",
        "../{}/..",
    ],
)
def test_a_token_is_found_wherever_it_stands(around):
    secret = token_until(1)

    (found,) = found_in(b"first line\n\xff\xfe\n" + around.format(secret).encode() + b"\nlast")

    expires = int((NOW + timedelta(days=1)).timestamp())
    assert found == Found(3, digest_of(secret), secret[-6:], "t1", expires)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-32"])
def test_it_is_found_in_every_encoding_of_a_log(encoding):
    secret = token_until(1)

    assert [found.line for found in found_in(f"eins\nzwei {secret}\n".encode(encoding))] == [2]


def test_a_key_further_back_in_the_ring_is_known_too(settings):
    settings.TOKEN_KEYS = dict(reversed(settings.TOKEN_KEYS.items()))
    secret = token_until(1)
    settings.TOKEN_KEYS = dict(reversed(settings.TOKEN_KEYS.items()))

    assert [found.kid for found in found_in(secret.encode())] == ["t2"]


@pytest.mark.parametrize("names", [("alg", "kid", "typ"), ("typ", "kid", "alg")])
def test_the_order_of_the_header_does_not_matter(names):
    header = {"alg": "HS384", "kid": "t1", "typ": "JWT"}
    parts = [{name: header[name] for name in names}, {"exp": 2_000_000_000}]
    text = b".".join(
        urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).rstrip(b"=")
        for part in parts
    )
    signer = jwt.get_algorithm_by_name("HS384")
    signature = signer.sign(text, signer.prepare_key(settings.TOKEN_KEYS["t1"]))

    data = text + b"." + urlsafe_b64encode(signature).rstrip(b"=")
    assert [found.expires for found in found_in(data)] == [2_000_000_000]


def test_what_we_never_signed_is_not_told():
    secret = token_until(1)
    head, payload, signature = secret.split(".")
    foreign = jwt.encode(
        {"sub": "x", "exp": 2_000_000_000}, b"k" * 48, "HS384", headers={"kid": "t1"}
    )
    texts = [
        foreign,
        f"{head}.{payload}.{'A' * 64}",
        f"{head}.{payload[:-1]}.{signature}",
        f"{head}.{payload}.{signature[:-1]}",
        f"{head} {payload} {signature}",
        f"{head}..{signature}",
        f"{head}.{payload}",
    ]

    assert found_in("\n".join(texts).encode()) == []


@pytest.mark.parametrize("shift", range(0, 480, 37))
def test_it_is_found_across_the_border_of_two_reads_and_counted_once(shift):
    secret = token_until(1).encode()
    line = b"x" * 99 + b"\n"
    before = (line * (CHUNK // 100 + 1))[: CHUNK - shift]

    data = before + secret + b"\n" + line * 50 + secret

    lines = [found.line for found in found_in(data)]
    first = before.count(b"\n") + 1
    assert lines == [first, first + 51]


class Endless(io.RawIOBase):
    """A line of many megabytes that is never whole in memory, with a token at its end."""

    def __init__(self, pattern: bytes, size: int, tail: bytes) -> None:
        self.pattern, self.left, self.tail = pattern, size, tail

    def readable(self) -> bool:
        return True

    def readinto(self, target) -> int:
        if self.left > 0:
            size = min(len(target), self.left)
            target[:size] = (self.pattern * (size // len(self.pattern) + 1))[:size]
            self.left -= size
            return size
        size = min(len(target), len(self.tail))
        target[:size], self.tail = self.tail[:size], self.tail[size:]
        return size


HEAD = token_until(1).split(".")[0].encode()
HOSTILE = {
    "one letter": b"a",
    "beginnings": b"eyJ",
    "dots": b"eyJ.",
    "our head without end": HEAD,
    "foreign tokens": b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0." + b"a" * 64 + b" ",
}


def lines_at_the_end_of(pattern: bytes, size: int) -> list[int]:
    stream = io.BufferedReader(Endless(pattern, size, b"\n" + token_until(1).encode()))
    return [found.line for found in Scanner(settings.TOKEN_KEYS).scan(stream)]


@pytest.mark.parametrize("pattern", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_line_takes_seconds_and_not_hours(pattern):
    began = time.process_time()

    assert lines_at_the_end_of(pattern, 8 << 20) == [2]
    assert time.process_time() - began < 10


def test_a_line_without_end_is_never_whole_in_memory():
    tracemalloc.start()

    lines = lines_at_the_end_of(HEAD, 24 << 20)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == [2]
    assert peak < 12 << 20


def test_many_forged_tokens_under_our_own_head_are_told_apart():
    secret = token_until(1)
    head, payload, _ = secret.split(".")
    forged = "\n".join(f"{head}.{payload}.{number:064d}" for number in range(5000))

    assert [found.line for found in found_in(f"{forged}\n{secret}\n{forged}".encode())] == [5001]


# --- The command --------------------------------------------------------------------------------


def test_places_are_told_and_the_token_never(tmp_path, capsys):
    good, old = token_until(2), token_until(-3)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "access.log").write_text(f"one\n{good}\n{old}\n{good}\n")
    (tmp_path / "logs" / "older.log.gz").write_bytes(gzip.compress(f"\n\n{good}".encode()))
    (tmp_path / "clean.txt").write_text("nothing")

    ended = scan(tmp_path)

    out, told = capsys.readouterr()
    day = f"{NOW + timedelta(days=2):%Y-%m-%d %H:%M} UTC"
    gone = f"{NOW - timedelta(days=3):%Y-%m-%d %H:%M} UTC"
    log = tmp_path / "logs"
    assert ended == 1
    assert out.splitlines() == [
        f"{log}/access.log:2: AccessToken …{good[-6:]}, key t1, expires {day}",
        f"{log}/access.log:3: AccessToken …{old[-6:]}, key t1, expired {gone}",
        f"{log}/access.log:4: AccessToken …{good[-6:]}, key t1, expires {day}",
        f"{log}/older.log.gz:3: AccessToken …{good[-6:]}, key t1, expires {day}",
    ]
    assert told == "Tokens: 2, places: 4, unreadable files and folders: 0.\n"


def test_nothing_found_is_success(tmp_path, capsys):
    (tmp_path / "clean.txt").write_text("eyJ nothing")

    assert scan(tmp_path / "clean.txt") == 0
    assert capsys.readouterr().out == ""


def test_links_and_pipes_in_a_folder_are_left_alone(tmp_path, capsys):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text(token_until(1))
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(outside / "file")
    (folder / "linked").symlink_to(outside)
    (folder / "round").symlink_to(folder)
    os.mkfifo(folder / "pipe")

    assert scan(folder) == 0
    assert scan(folder / "link") == 1
    assert capsys.readouterr().out.count("\n") == 1


def test_what_cannot_be_read_is_told_and_the_rest_is_scanned(tmp_path, capsys):
    packed = gzip.compress(os.urandom(5000))
    (tmp_path / "cut.gz").write_bytes(packed[:2000])
    (tmp_path / "odd\nname\udcff.gz").write_bytes(packed[:-8] + b"12345678")
    (tmp_path / "last").write_text(token_until(1))

    assert scan(tmp_path / "missing", tmp_path) == 1
    out, told = capsys.readouterr()
    assert f"{tmp_path}/last:1: AccessToken" in out
    assert f"{tmp_path}/missing: No such file or directory\n" in told
    assert f"{tmp_path}/cut.gz: Compressed file ended" in told
    assert f"{tmp_path}/odd\\nname\\xff.gz: CRC check failed" in told
    assert told.endswith("Tokens: 1, places: 1, unreadable files and folders: 3.\n")


def test_what_could_not_be_read_is_not_called_clean(tmp_path, capsys):
    assert scan(tmp_path / "missing") == 2


def test_found_tokens_are_disabled_with_the_place_as_the_reason(
    dora, carol, issue, tmp_path, capsys
):
    token, secret = issue(dora)
    other, _ = issue(carol)
    before, second = issue(dora, name="before")
    before.disable(by=Actor.system())
    log = tmp_path / "access.log"
    log.write_text(f"\n{secret}\n{secret}\n{second}\n{token_until(1)}\n")

    assert scan(log, "--disable") == 1

    token.refresh_from_db()
    other.refresh_from_db()
    out = capsys.readouterr().out
    event = TokenEvent.objects.get(verb="disabled", token_id=token.pk)
    assert token.disabled_at is not None
    assert token.disabled_reason == f"Found by scan_for_tokens in {log}:2"[:200]
    assert (event.cause, event.actor_id) == (token.disabled_reason, None)
    assert other.disabled_at is None
    assert out.count(f"  Disabled token {token.pk}: test (…{token.hint}) of Dora.\n") == 1
    assert f"  Token {before.pk} was disabled already.\n" in out
    assert "  It is not in this database, so it opens nothing here.\n" in out
    assert AccessToken.objects.filter(disabled_at=None).count() == 1


def test_without_disable_no_query_is_made_and_nothing_changes(
    dora, issue, tmp_path, django_assert_num_queries
):
    token, secret = issue(dora)
    (tmp_path / "file").write_text(secret)

    with django_assert_num_queries(0):
        assert scan(tmp_path) == 1

    token.refresh_from_db()
    assert token.disabled_at is None


def test_it_runs_where_no_database_answers_and_reads_standard_input(tmp_path):
    secret = token_until(1)
    keys = os.environ["WEIYU_TOKEN_KEYS"]
    done = subprocess.run(
        [sys.executable, "manage.py", "scan_for_tokens", "-"],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "weiyu_site.settings",
            "WEIYU_DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",
            "WEIYU_TOKEN_KEYS": keys,
        },
        cwd=ROOT, input=f"\n{secret}\n", capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stdout.startswith(f"-:2: AccessToken …{secret[-6:]}, key t1, expires ")
    assert secret not in done.stdout + done.stderr
