"""What goes on before the first package is there, and the secrets of the first start."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from weiyu_site.launch import bootstrap, keys
from weiyu_site.launch.bootstrap import Impossible


@pytest.fixture
def data(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("WEIYU_DATA_DIR", str(tmp_path))
    for name in keys.MAKERS:
        # Set first, so that what a test loads is taken out of the environment again.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path


def test_an_old_python_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))

    with pytest.raises(Impossible, match=r"needs Python 3\.11 or newer, and .* is 3\.9"):
        bootstrap.require_python()


def test_a_python_without_venv_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)

    with pytest.raises(Impossible, match="apt install python3-venv"):
        bootstrap.require_python()


def test_a_folder_that_cannot_be_written_is_refused_by_name():
    with pytest.raises(Impossible, match="cannot write into /proc/1"):
        bootstrap.require_writable(Path("/proc/1"))


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ssl: certificate verify failed", "a certificate that is not trusted here"),
        ("Failed to establish a new connection: NewConnectionError", "does not answer"),
        ("ERROR: No matching distribution found for Django==9", "No matching distribution"),
        ("", "it gave no reason"),
    ],
)
def test_what_pip_says_becomes_one_sentence(tmp_path, said, sentence):
    log = tmp_path / "install.log"
    log.write_text(said)

    assert sentence in bootstrap.why_not_installed(log)
    assert "\n" not in bootstrap.why_not_installed(log)


def test_a_moved_environment_is_not_ready(tmp_path):
    for file in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / file).write_text("Django==1\n")
    environment = bootstrap.Environment(tmp_path, "requirements.txt")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    environment.python.touch()
    environment.stamp.write_text(environment.wanted())
    assert environment.is_ready()

    moved = tmp_path.rename(tmp_path.with_name("moved"))

    assert not bootstrap.Environment(moved, "requirements.txt").is_ready()


def test_another_requirement_is_installed(tmp_path):
    (tmp_path / "requirements.txt").write_text("Django==1\n")
    environment = bootstrap.Environment(tmp_path, "requirements.txt")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    environment.python.touch()
    environment.stamp.write_text(environment.wanted())

    (tmp_path / "requirements.txt").write_text("Django==2\n")

    assert not environment.is_ready()


def test_secrets_are_made_once_and_for_their_owner_alone(data, monkeypatch):
    keys.ensure()
    first = (data / "secrets.env").read_text()
    keys.ensure()

    assert (data / "secrets.env").read_text() == first
    assert stat.S_IMODE((data / "secrets.env").stat().st_mode) == 0o600
    assert first.count("WEIYU_") == 3


def test_a_mode_that_was_lost_is_set_again(data):
    keys.ensure()
    (data / "secrets.env").chmod(0o644)

    keys.ensure()

    assert stat.S_IMODE((data / "secrets.env").stat().st_mode) == 0o600


def test_the_environment_wins_and_is_not_written_down(data, monkeypatch):
    monkeypatch.setenv("WEIYU_SECRET_KEY", "from the operator")
    monkeypatch.setenv("WEIYU_TOKEN_KEYS_FILE", "/run/secrets/keys")

    keys.ensure()

    assert os.environ["WEIYU_SECRET_KEY"] == "from the operator"
    assert "WEIYU_TOKEN_KEYS" not in os.environ
    assert "WEIYU_SECRET_KEY" not in (data / "secrets.env").read_text()
    assert "WEIYU_TOKEN_KEYS" not in (data / "secrets.env").read_text()


def test_the_file_is_no_way_to_set_anything_else(data):
    keys.ensure()
    with (data / "secrets.env").open("a") as file:
        file.write("PATH=/evil\nWEIYU_DEBUG=true\n")

    keys.load()

    assert os.environ["PATH"] != "/evil"
    assert os.environ.get("WEIYU_DEBUG") != "true"
