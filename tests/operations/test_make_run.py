"""`make run` as a person types it, from a clone in a folder of its own."""

from __future__ import annotations

import json
import re
import shlex
import socket
import stat
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.operations.conftest import PATIENCE, bare_environment
from tests.server import free_port

pytestmark = [pytest.mark.server, pytest.mark.once]

TRACEBACK = "Traceback (most recent call last)"


def curl(*arguments: str) -> str:
    done = subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def where_it_leads(link: str) -> str:
    return curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", link)


def refusal_of(run) -> str:
    """Return the one sentence of a start that was impossible."""
    said = run.end()
    assert run.process.returncode not in (0, None), said
    assert TRACEBACK not in said, said
    sentences = [line for line in said.splitlines() if not line.startswith(("make:", "  ["))]
    return sentences[-1]


def test_a_fresh_clone_becomes_a_site_that_people_can_sign_in_to(fresh):
    port = str(free_port())
    run = fresh.make("run", PORT=port).wait_until_it_serves()

    said = run.output()
    url = f"http://127.0.0.1:{port}"
    assert "Installing" in said
    assert re.search(r"\[ 1/\d+\] ", said), "no progress is shown"
    assert "admin@email.com" in said
    assert where_it_leads(run.link("agent")) == f"303 {url}/agent/"
    assert where_it_leads(run.link("admin")) == f"303 {url}/admin/"
    pasted = next(line for line in said.splitlines() if line.strip().startswith("curl "))
    tickets = json.loads(curl(*shlex.split(pasted)[1:]))
    assert [type(ticket["title"]) for ticket in tickets] == [str, str, str]
    secrets = fresh.folder / "data" / "secrets.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    assert stat.S_IMODE(secrets.parent.stat().st_mode) == 0o700
    assert run.interrupt() in (0, 130, -2)
    assert TRACEBACK not in run.output()


def test_the_password_that_is_printed_signs_in(installed):
    run = installed().wait_until_it_serves()
    password = re.search(r"Password of them all: (\S+)", run.output())[1]

    done = subprocess.run(
        [installed.folder / ".venv/bin/python", "manage.py", "shell", "--no-imports", "-c",
         "from django.contrib.auth import authenticate; import sys;"
         "from accounts.models import User;"
         "print(User.objects.get(username='lina@example.com').check_password(sys.stdin.read()))"],
        cwd=installed.folder, env=bare_environment(WEIYU_DATA_DIR=str(installed.data)),
        input=password, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.strip() == "True"


def test_debug_is_off(installed):
    run = installed().wait_until_it_serves()

    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.urlopen(run.link("agent").partition("/agent")[0] + "/nowhere", timeout=20)

    page = answer.value.read()
    assert answer.value.code == 404
    assert b"DEBUG" not in page
    assert b"URLconf" not in page


def test_the_second_start_makes_nothing_again_but_the_token(installed):
    first = installed().wait_until_it_serves()
    first.interrupt()
    secrets = (installed.data / "secrets.env").read_bytes()

    second = installed().wait_until_it_serves()

    for word in ("Installing", "Collecting", "Making"):
        assert word not in second.output()
    assert (installed.data / "secrets.env").read_bytes() == secrets
    assert second.link("agent").partition("?")[2] != first.link("agent").partition("?")[2]
    port = second.link("agent").split("/")[2].partition(":")[2]
    old = first.link("agent").partition("?")[2]
    assert where_it_leads(f"http://127.0.0.1:{port}/agent/auth/login?{old}").startswith("303")


def test_the_commands_find_the_secrets_of_the_first_start(installed):
    installed().wait_until_it_serves()

    done = subprocess.run(
        [installed.folder / ".venv/bin/python", "manage.py", "issue_access_token",
         "--user", "admin@email.com", "--name", "by hand"],
        cwd=installed.folder, env=bare_environment(WEIYU_DATA_DIR=str(installed.data)),
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)


def test_a_taken_port_is_told_before_anything_is_installed(fresh):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        said = refusal_of(fresh.make("run", PORT=str(port)))

    assert said == (
        f"Weiyu cannot listen on 127.0.0.1:{port} (Address already in use)."
        f" Stop what uses it, or take another: make run PORT={port + 1}"
    )
    assert not (fresh.folder / ".venv").exists()


@pytest.mark.parametrize("port", ["eighty", "-1", "70000", "８０"])
def test_a_port_that_is_none(fresh, port):
    assert refusal_of(fresh.make("run", PORT=port)).startswith("PORT must be a number")


def test_a_host_that_is_not_here(fresh):
    assert refusal_of(fresh.make("run", HOST="192.0.2.7")).startswith("Weiyu cannot listen on 192.")


def test_without_python(fresh, bare_path):
    said = refusal_of(fresh.make("run", PATH=bare_path))

    assert said == (
        "Weiyu needs Python 3.11 or newer and found none."
        " Install it, or name it: make run PYTHON=/path/to/python3"
    )


def test_with_a_python_that_is_not_there(fresh):
    said = refusal_of(fresh.make("run", "PYTHON=/nowhere/python3"))

    assert said.startswith("Weiyu needs Python 3.11 or newer and found none at /nowhere/python3.")


def test_an_installation_that_failed_or_was_cut_off_is_done_again(fresh):
    unreachable = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_FIND_LINKS": "",
        "PIP_NO_CACHE_DIR": "1",
        "PIP_CONFIG_FILE": "/dev/null",
    }
    said = refusal_of(fresh.make("install", **unreachable))
    assert said.startswith("The packages could not be downloaded: the package index does not")
    cut_off = fresh.make("install")
    cut_off.wait_for(r"\[10/")
    cut_off.interrupt()

    again = fresh.make("install")

    assert again.process.wait(PATIENCE) == 0, again.output()
    python = fresh.folder / ".venv/bin/python"
    subprocess.run([python, "-c", "import django, uvicorn, psycopg"], check=True)
    third = fresh.make("install")
    assert (third.process.wait(PATIENCE), third.output()) == (0, "")


def test_a_data_folder_that_cannot_be_written(installed):
    # Not even root may write there.
    said = refusal_of(installed(WEIYU_DATA_DIR="/proc/weiyu"))

    assert said.startswith("Weiyu cannot")
    assert "/proc/weiyu" in said


def test_a_wrong_setting_is_named(installed):
    said = refusal_of(installed(WEIYU_LOG_LEVEL="loud"))

    assert said == (
        "Weiyu cannot start: WEIYU_LOG_LEVEL must be one of"
        " DEBUG, INFO, WARNING, ERROR, not 'loud'."
    )


def test_a_database_that_does_not_answer(installed):
    said = refusal_of(installed(WEIYU_DATABASE_URL="postgres://nobody@127.0.0.1:9/weiyu"))

    assert said.startswith("The database cannot be used")


def test_demo_people_stay_on_this_machine(installed):
    said = refusal_of(installed(HOST="0.0.0.0"))

    assert said.startswith("This site has demo people")
    assert "WEIYU_DEMO_ANYWHERE=true" in said


def test_demo_people_go_out_when_told_so(installed):
    run = installed(HOST="0.0.0.0", WEIYU_DEMO_ANYWHERE="true").wait_until_it_serves()

    assert where_it_leads(run.link("agent")).startswith("303 http://127.0.0.1:")


def test_the_public_address_makes_the_links(installed):
    run = installed(
        WEIYU_PUBLIC_URL="https://desk.example.com", WEIYU_ALLOWED_HOSTS="desk.example.com"
    ).wait_until_it_serves()

    assert run.link("admin").startswith("https://desk.example.com/admin/auth/login?accessToken=")


def test_ctrl_c_ends_it_quietly(installed):
    run = installed().wait_until_it_serves()

    assert run.interrupt() in (0, 130, -2)
    assert TRACEBACK not in run.output()
    assert "***" not in run.output()
