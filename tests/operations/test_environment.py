"""What the environment may say, and the sentence for what it may not."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.server import ROOT
from weiyu_site import env

NAME = "WEIYU_TRIED"


def read_hosts(name: str) -> list[str]:
    return env.hosts(name, ("localhost",))


def read_database(name: str) -> str:
    return env.database(name, "sqlite:///weiyu.sqlite3")["ENGINE"].rpartition(".")[2]


@pytest.mark.parametrize(
    ("read", "value", "means"),
    [
        (read_hosts, "desk.example.com, .example.org", ["desk.example.com", ".example.org"]),
        (read_hosts, "[::1],127.0.0.1,build_1", ["[::1]", "127.0.0.1", "build_1"]),
        (read_hosts, "*", ["*"]),
        (env.origins, "https://desk.example.com", ["https://desk.example.com"]),
        (env.origins, "http://*.example.com:8080", ["http://*.example.com:8080"]),
        (env.origins, "", []),
        (env.origin, "https://desk.example.com/", "https://desk.example.com"),
        (env.origin, "http://[::1]:8000", "http://[::1]:8000"),
        (env.origin, "", ""),
        (read_database, "postgres://ann:secret@db.example.com:5433/weiyu", "postgresql"),
        (read_database, "postgresql:///weiyu", "postgresql"),
        (read_database, "sqlite:////srv/weiyu.sqlite3", "sqlite3"),
        (env.redis, "redis://:secret@cache:6379/0", "redis://:secret@cache:6379/0"),
        (env.redis, "unix:///run/redis.sock", "unix:///run/redis.sock"),
        (env.redis, "", ""),
    ],
)
def test_an_address_is_taken(read, value, means, monkeypatch):
    monkeypatch.setenv(NAME, value)

    assert read(NAME) == means


HOSTS = "must list host names without scheme, port or path"
ORIGINS = "must list origins such as https://desk.example.com"
ORIGIN = "must be a whole address without a path"
DATABASE = "must read postgres://user:password@host/name or sqlite:////path/to/file"
REDIS = "must read redis://host:6379/0"


@pytest.mark.parametrize(
    ("read", "value", "sentence"),
    [
        (read_hosts, "http://desk.example.com", HOSTS),
        (read_hosts, "desk.example.com:8000", HOSTS),
        (read_hosts, "desk.example.com/", HOSTS),
        (read_hosts, "a.example.com b.example.com", HOSTS),
        (read_hosts, "::1", HOSTS),
        (env.origins, "desk.example.com", ORIGINS),
        (env.origins, "https://desk.example.com/", ORIGINS),
        (env.origins, "https://a.example.com https://b.example.com", ORIGINS),
        (env.origin, "desk.example.com", ORIGIN),
        (env.origin, "https://desk.example.com/x/", ORIGIN),
        (env.origin, "https://desk.example.com?x", ORIGIN),
        (env.origin, "https://ann@desk.example.com", ORIGIN),
        (env.origin, "https://desk.example.com:many", ORIGIN),
        (env.origin, "ftp://desk.example.com", ORIGIN),
        (read_database, "secret", DATABASE),
        (read_database, "", DATABASE),
        (read_database, "mysql://ann:secret@db.example.com/weiyu", DATABASE),
        (read_database, "postgres://ann:secret@db.example.com", DATABASE),
        (read_database, "postgres://ann:secret@db.example.com:many/weiyu", DATABASE),
        (env.redis, "secret", REDIS),
        (env.redis, "cache:6379", REDIS),
        (env.redis, "http://:secret@cache", REDIS),
        (env.redis, "redis://:secret@cache:many/0", REDIS),
    ],
)
def test_a_wrong_address_is_named_in_one_sentence(read, value, sentence, monkeypatch):
    monkeypatch.setenv(NAME, value)

    with pytest.raises(ImproperlyConfigured) as refusal:
        read(NAME)

    said = str(refusal.value)
    assert said.startswith(f"{NAME} {sentence}")
    assert "secret" not in said
    assert "\n" not in said


def test_a_command_with_a_python_without_django_says_which_to_take():
    done = subprocess.run(
        [sys.executable, "-S", "manage.py", "check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.endswith("then type .venv/bin/python manage.py …\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "written",
    [b"\xef\xbb\xbfsecret\r\n", b"secret", b"\n secret \n"],
    ids=["mark", "bare", "blank"],
)
def test_a_file_is_read_as_editors_write_it(tmp_path, monkeypatch, written):
    (tmp_path / "value").write_bytes(written)
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "value"))

    assert env.text(NAME) == "secret"


def test_a_file_that_is_no_utf_8_is_named(tmp_path, monkeypatch):
    (tmp_path / "value").write_bytes("secret".encode("utf-16"))
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "value"))

    with pytest.raises(ImproperlyConfigured, match=f"{NAME}_FILE is not text in UTF-8"):
        env.text(NAME)


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ("https://Desk.Example.com:443", "https://desk.example.com"),
        ("http://desk.example.com:80/", "http://desk.example.com"),
        ("https://desk.example.com:8443", "https://desk.example.com:8443"),
        ("http://desk.example.com:443", "http://desk.example.com:443"),
    ],
)
def test_our_own_origin_is_kept_as_browsers_say_it(value, means, monkeypatch):
    monkeypatch.setenv(NAME, value)

    assert env.origin(NAME) == means


def test_our_own_origin_may_send_forms_whatever_host_a_proxy_passes_on():
    said = subprocess.run(
        [sys.executable, "-c", "from tests.settings import *; print(CSRF_TRUSTED_ORIGINS)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "WEIYU_PUBLIC_URL": "https://desk.example.com:8443"},
    )  # fmt: skip

    assert said.stdout == "['https://desk.example.com:8443']\n"
