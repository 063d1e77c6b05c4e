"""The ring of token keys from an operator's chair: a new key in, an old one out."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys

import pytest
import requests
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.actor import Actor
from tests import people
from tests.server import ROOT, Weiyu
from tokens.models import AccessToken
from weiyu_site import env
from weiyu_site.launch import keys


def rotate(capsys, *typed: str) -> tuple[str, str]:
    call_command("rotate_token_keys", *typed)
    return capsys.readouterr()


def kids(text: str) -> list[str]:
    return [part.partition(":")[0] for part in text.strip().split(",")]


def key_of(kid: str) -> str:
    return f"{kid}:{base64.b64encode(kid.encode() * 48).decode()}"


def test_a_new_key_comes_first_and_the_old_ones_stay(db, settings, capsys, monkeypatch):
    out, _ = rotate(capsys)

    monkeypatch.setenv("WEIYU_TOKEN_KEYS", out.strip())
    ring = env.token_keys("WEIYU_TOKEN_KEYS")
    new, *old = ring
    assert out.count("\n") == 1
    assert new not in settings.TOKEN_KEYS
    assert len(ring[new]) == 48
    assert {kid: ring[kid] for kid in old} == settings.TOKEN_KEYS
    assert old == list(settings.TOKEN_KEYS)


def test_it_tells_what_each_key_signs_and_never_shows_a_key_there(dora, issue, capsys):
    token, _ = issue(dora)
    issue(dora, days=2)
    disabled, _ = issue(dora, days=20)
    disabled.disable(by=Actor.system())
    AccessToken.objects.filter(pk=issue(dora, days=3)[0].pk).update(kid="")
    AccessToken.objects.filter(pk=issue(dora, days=4)[0].pk).update(kid="gone")

    out, told = rotate(capsys)

    last = f"{token.expires_at:%Y-%m-%d %H:%M} UTC"
    assert f"  t1: 2 active tokens, the last until {last}\n" in told
    assert "  t2: no active token\n" in told
    assert "  made before keys were noted: 1 active token, the last until" in told
    assert "  gone, no longer in the ring: 1 active token, the last until" in told
    assert f"After {last}, when the last of them expires: rotate_token_keys --drop t1" in told
    for part in out.strip().split(","):
        assert part.partition(":")[2] not in told


def test_a_name_is_never_given_to_a_second_key(db, dora, issue, monkeypatch):
    names = iter(["t1", "old", "new"])
    monkeypatch.setattr(keys.secrets, "token_hex", lambda size: next(names))

    ring = keys.with_new_key({"t1": b"1" * 48}, taken={"old"})

    assert list(ring) == ["new", "t1"]


def test_a_key_that_signed_active_tokens_stays_without_force(dora, issue, capsys):
    token, _ = issue(dora)
    AccessToken.objects.filter(pk=issue(dora, days=2)[0].pk).update(kid="")

    with pytest.raises(CommandError, match=r"2 active tokens signed by t1, or perhaps by it") as no:
        call_command("rotate_token_keys", "--drop", "t1")

    assert f"{token.expires_at:%Y-%m-%d %H:%M} UTC" in str(no.value)
    assert capsys.readouterr().out == ""


def test_with_force_it_goes_and_says_how_many_stop(dora, issue, capsys):
    issue(dora)

    out, told = rotate(capsys, "--drop", "t1", "--force")

    assert kids(out) == ["t2"]
    assert "1 active token will stop working." in told
    assert "From then on what t1 signed is refused as not valid, and t2 signs." in told


def test_a_key_whose_tokens_have_ended_goes_without_force(dora, issue, capsys):
    token, _ = issue(dora)
    AccessToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())

    out, _ = rotate(capsys, "--drop", "t1")

    assert kids(out) == ["t2"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (["--drop", "t9"], "The ring has no key 't9'; it has t1, t2."),
        (["--force"], "--force belongs to --drop."),
        (["--write"], "stands in the environment itself"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_is_printed(db, typed, sentence, capsys):
    with pytest.raises(CommandError, match=sentence):
        call_command("rotate_token_keys", *typed)

    assert capsys.readouterr().out == ""


def test_the_only_key_stays(db, settings, capsys):
    settings.TOKEN_KEYS = {"t1": b"1" * 48}

    with pytest.raises(CommandError, match="t1 is the only key"):
        call_command("rotate_token_keys", "--drop", "t1", "--force")

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kid", ["", "a b", "a" * 65, "ü", "a/b"])
def test_a_name_that_no_row_could_hold_stops_the_start(kid, monkeypatch):
    monkeypatch.setenv("WEIYU_TOKEN_KEYS", key_of("x").replace("x:", f"{kid}:"))

    with pytest.raises(ImproperlyConfigured, match="must list kid:base64 pairs"):
        env.token_keys("WEIYU_TOKEN_KEYS")


def test_the_file_that_is_named_is_written_and_keeps_its_group_and_mode(
    db, settings, tmp_path, monkeypatch, capsys
):
    file = tmp_path / "token_keys"
    file.write_text(keys.ring_text(settings.TOKEN_KEYS))
    file.chmod(0o644)
    link = tmp_path / "link"
    link.symlink_to(file)
    monkeypatch.delenv("WEIYU_TOKEN_KEYS")
    monkeypatch.setenv("WEIYU_TOKEN_KEYS_FILE", str(link))

    out, told = rotate(capsys, "--write")

    assert out == ""
    assert f"Done: {link} holds the new value." in told
    assert list(env.token_keys("WEIYU_TOKEN_KEYS"))[1:] == list(settings.TOKEN_KEYS)
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert link.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "token_keys"]


def test_a_file_that_cannot_be_replaced_stays_as_it_was(db, tmp_path, monkeypatch, capsys):
    file = tmp_path / "token_keys"
    file.write_text("as it was")
    monkeypatch.delenv("WEIYU_TOKEN_KEYS")
    monkeypatch.setenv("WEIYU_TOKEN_KEYS_FILE", str(file))
    monkeypatch.setattr(os, "fchown", refuse)

    with pytest.raises(CommandError, match=r"cannot be replaced \(Not yours\)"):
        call_command("rotate_token_keys", "--write")

    assert file.read_text() == "as it was"
    assert [path.name for path in tmp_path.iterdir()] == ["token_keys"]
    assert capsys.readouterr().out == ""


def refuse(*arguments: object) -> None:
    raise PermissionError(1, "Not yours")


def test_the_secrets_of_make_run_are_written_too(db, settings, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("WEIYU_DATA_DIR", str(tmp_path))
    for name in keys.MAKERS:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    keys.ensure()
    settings.TOKEN_KEYS = env.token_keys("WEIYU_TOKEN_KEYS")
    kept = [
        line for line in (tmp_path / "secrets.env").read_text().splitlines() if "KEYS" not in line
    ]

    out, _ = rotate(capsys, "--write")

    lines = (tmp_path / "secrets.env").read_text().splitlines()
    (written,) = set(lines) - set(kept)
    assert out == ""
    assert [line for line in lines if line != written] == kept
    assert kids(written.removeprefix("WEIYU_TOKEN_KEYS="))[1:] == list(settings.TOKEN_KEYS)
    assert stat.S_IMODE((tmp_path / "secrets.env").stat().st_mode) == 0o600


def status_of(weiyu: Weiyu, secret: str) -> int:
    call = requests.get(
        f"{weiyu.url}/api/user/profile", headers={"Authorization": f"Bearer {secret}"}, timeout=20
    )
    return call.status_code


def kid_of(secret: str) -> str:
    from jwt import get_unverified_header

    return get_unverified_header(secret)["kid"]


@pytest.mark.server
@pytest.mark.once
def test_the_whole_ceremony_on_a_running_server(serving, tmp_path):
    """As docs/operating.md tells it: a new key, a restart, the old one out, a restart."""
    ring = tmp_path / "token_keys"
    with serving(tmp_path) as weiyu:
        ring.write_text(weiyu.env["WEIYU_TOKEN_KEYS"])
        ring.chmod(0o600)
        weiyu.env = {name: value for name, value in weiyu.env.items() if "TOKEN_KEYS" not in name}
        weiyu.env["WEIYU_TOKEN_KEYS_FILE"] = str(ring)
        weiyu.restart()
        old = weiyu.issue(people.AGENT)

        weiyu.manage("rotate_token_keys", "--write")
        assert status_of(weiyu, old) == 200
        weiyu.restart()
        new = weiyu.issue(people.AGENT)
        signing, former = kids(ring.read_text())
        assert (kid_of(old), kid_of(new)) == (former, signing)
        assert (status_of(weiyu, old), status_of(weiyu, new)) == (200, 200)

        before = ring.read_text()
        refused = subprocess.run(
            [sys.executable, "manage.py", "rotate_token_keys", "--drop", former, "--write"],
            env=dict(weiyu.env), cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "1 active token signed by t1" in refused.stderr
        assert ring.read_text() == before

        weiyu.manage("rotate_token_keys", "--drop", former, "--force", "--write")
        weiyu.restart()
        assert kids(ring.read_text()) == [signing]
        assert (status_of(weiyu, old), status_of(weiyu, new)) == (401, 200)
