"""What deploy/install.sh writes and refuses; `make install-check` runs it on a machine."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
URL = "https://desk.example.com"

pytestmark = pytest.mark.once


@pytest.fixture
def checkout(tmp_path) -> Path:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    return tmp_path


def install(checkout: Path, *steps: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "deploy/install.sh", *steps], env={"PATH": os.environ["PATH"], **env},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def settings_in(file: Path) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", file.read_text(), re.MULTILINE))


def accepted(env: dict[str, str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Let the program read such settings."""
    here = {"PATH": os.environ["PATH"], "WEIYU_DATA_DIR": str(tmp_path), **env}
    return subprocess.run(
        [sys.executable, "-c", "from weiyu_site import settings; print(settings.ALLOWED_HOSTS)"],
        cwd=ROOT, env=here, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_settings_of_containers_are_made_once_and_for_nobody_else(checkout, tmp_path):
    done = install(checkout, "container_settings", WEIYU_PUBLIC_URL=f"{URL}:8443/")
    file = checkout / ".env"

    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = settings_in(file)
    ours = {name: value for name, value in made.items() if name.startswith("WEIYU_")}
    read = accepted(ours, tmp_path)
    assert (read.returncode, read.stdout.strip()) == (0, "['desk.example.com']"), read.stderr
    # It stands in an address.
    assert re.fullmatch(r"[\w-]{32}", made["POSTGRES_PASSWORD"])

    again = install(checkout, "container_settings", WEIYU_PUBLIC_URL=URL)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert settings_in(file) == made


def test_each_installation_has_secrets_of_its_own(checkout):
    made = []
    for _ in range(2):
        install(checkout, "container_settings", WEIYU_PUBLIC_URL=URL)
        made.append(settings_in(checkout / ".env"))
        (checkout / ".env").unlink()

    for name in ("WEIYU_SECRET_KEY", "WEIYU_TOKEN_KEYS", "POSTGRES_PASSWORD"):
        assert made[0][name] != made[1][name]


def test_without_an_address_it_says_what_it_needs_and_writes_nothing(checkout):
    done = install(checkout, "container_settings")

    assert done.returncode == 1
    assert "WEIYU_PUBLIC_URL=https://desk.example.com deploy/install.sh" in done.stderr
    assert not (checkout / ".env").exists()


def test_an_installation_without_an_address_ends_before_it_begins(checkout, tmp_path):
    # Nothing that could change this machine is within its reach.
    harmless = tmp_path / "harmless"
    harmless.mkdir()
    for program in ("bash", "dirname", "id"):
        (harmless / program).symlink_to(shutil.which(program))

    done = install(checkout, PATH=str(harmless))

    assert done.returncode == 1
    assert done.stdout == ""
    assert ("WEIYU_PUBLIC_URL" if os.geteuid() == 0 else "needs root") in done.stderr


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ({}, "['desk.example.com']"),
        ({"WEIYU_PUBLIC_URL": "https://[2001:db8::1]:8443"}, "['[2001:db8::1]']"),
        ({"WEIYU_ALLOWED_HOSTS": "a.example,.b.example"}, "['a.example', '.b.example']"),
    ],
)
def test_first_settings_are_those_that_the_program_takes(checkout, tmp_path, given, hosts):
    done = install(checkout, "first_settings", **{"WEIYU_PUBLIC_URL": URL, **given})
    (tmp_path / "weiyu.env").write_text(done.stdout)
    made = settings_in(tmp_path / "weiyu.env")

    assert done.returncode == 0, done.stderr
    assert made["WEIYU_DATABASE_URL"] == "postgres://%2Fvar%2Frun%2Fpostgresql/weiyu"
    assert made["WEIYU_DATA_DIR"] == "/var/lib/weiyu"
    assert made["WEIYU_SECRET_KEY_FILE"] == "/etc/weiyu/secret_key"
    files = {"WEIYU_SECRET_KEY": "x" * 60, "WEIYU_TOKEN_KEYS": "a:" + "QUJD" * 16}
    made = {name: value for name, value in made.items() if not name.endswith("KEY_FILE")}
    made.pop("WEIYU_TOKEN_KEYS_FILE")
    read = accepted({**made, **files, "WEIYU_DATA_DIR": str(tmp_path)}, tmp_path)
    assert (read.returncode, read.stdout.strip()) == (0, hosts), read.stderr


def test_what_is_given_goes_into_the_settings_and_secrets_do_not(checkout):
    done = install(
        checkout, "first_settings", WEIYU_PUBLIC_URL=URL, WEIYU_SECRET_KEY="s" * 60,
        WEIYU_DATABASE_URL_FILE="/etc/weiyu/database_url", WEIYU_EMAIL_URL="smtp://mail:25?from=a@b.example",
    )  # fmt: skip

    assert "WEIYU_EMAIL_URL=smtp://mail:25?from=a@b.example\n" in done.stdout
    assert "WEIYU_DATABASE_URL_FILE=/etc/weiyu/database_url\n" in done.stdout
    assert "WEIYU_DATABASE_URL=" not in done.stdout
    assert "s" * 60 not in done.stdout


@pytest.mark.parametrize("sign", [" ", "$HOME", "&", "'", '"', "\\", "`id`", "\n", "~"])
def test_a_value_that_systemd_and_a_shell_read_differently_is_refused(checkout, sign):
    done = install(
        checkout, "first_settings", WEIYU_PUBLIC_URL=URL, WEIYU_EMAIL_URL=f"smtp://a{sign}b"
    )

    assert done.returncode == 1
    assert "WEIYU_EMAIL_URL" in done.stderr
    assert "WEIYU_EMAIL_URL_FILE" in done.stderr


def test_an_unknown_step_is_refused_before_anything_is_done(checkout):
    done = install(checkout, "container_settings", "format_disk", WEIYU_PUBLIC_URL=URL)

    assert done.returncode == 1
    assert "no step format_disk" in done.stderr
    assert not (checkout / ".env").exists()


def test_units_are_hardened_alike():
    units = [(ROOT / f"deploy/{name}.service").read_text() for name in ("weiyu", "weiyu-due-work")]
    server, due_work = [text[text.index("UMask=") :].partition("\n[Install]")[0] for text in units]
    assert server.strip() == due_work.strip()
    assert "ProtectSystem=strict" in server
