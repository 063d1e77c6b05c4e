"""`make run` as a person types it, from a clone in a folder of its own."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.operations.conftest import PATIENCE, bare_environment, link_in, where_it_leads

pytestmark = [pytest.mark.server, pytest.mark.once]

TRACEBACK = "Traceback (most recent call last)"


def refusal_of(run) -> str:
    """Return the one sentence of a start that was impossible."""
    said = run.end()
    assert run.process.returncode not in (0, None), said
    assert TRACEBACK not in said, said
    sentences = [line for line in said.splitlines() if not line.startswith(("make:", "  ["))]
    return sentences[-1]


def test_a_fresh_clone_becomes_a_site_that_people_can_sign_in_to(begun):
    url = f"http://127.0.0.1:{begun.port}"
    assert "Installing" in begun.said
    assert re.search(r"\[ 1/\d+\] ", begun.said), "no progress is shown"
    assert "admin@email.com" in begun.said
    assert begun.leads_to == {"agent": f"303 {url}/agent/", "admin": f"303 {url}/admin/"}
    assert [type(ticket["title"]) for ticket in begun.tickets] == [str, str, str]
    assert stat.S_IMODE((begun.data / "secrets.env").stat().st_mode) == 0o600
    assert stat.S_IMODE(begun.data.stat().st_mode) == 0o700


def test_ctrl_c_ends_it_quietly(begun):
    assert begun.exit_code in (0, 130, -2)
    assert TRACEBACK not in begun.said
    assert "***" not in begun.said


def test_the_password_that_is_printed_signs_in(begun):
    password = re.search(r"Password of them all: (\S+)", begun.said)[1]

    done = subprocess.run(
        [begun.python, "manage.py", "shell", "--no-imports", "-c",
         "from django.contrib.auth import authenticate; import sys;"
         "from accounts.models import User;"
         "print(User.objects.get(username='lina@example.com').check_password(sys.stdin.read()))"],
        cwd=begun.folder, env=bare_environment(),
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


def test_the_second_start_makes_nothing_again_but_the_token(begun, installed):
    secrets = (installed.data / "secrets.env").read_bytes()

    second = installed().wait_until_it_serves()

    for word in ("Installing", "Collecting", "Making"):
        assert word in begun.said
        assert word not in second.output()
    assert (installed.data / "secrets.env").read_bytes() == secrets
    old = link_in(begun.said, "agent").partition("?")[2]
    link, _, new = second.link("agent").partition("?")
    assert old != new
    # The first start is over, and its token with it.
    assert where_it_leads(f"{link}?{old}").startswith("401")


def test_the_commands_find_the_secrets_of_the_first_start(begun):
    done = subprocess.run(
        [begun.python, "manage.py", "issue_access_token",
         "--user", "admin@email.com", "--name", "by hand"],
        cwd=begun.folder, env=bare_environment(), capture_output=True, text=True, check=True,
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
    said = refusal_of(fresh.make("run", HOST="192.0.2.7"))

    assert said.startswith("HOST=192.0.2.7 is no address of this machine.")


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
    # A few small packages of ours are enough to see it.
    packages = ("idna", "sqlparse", "asgiref", "h11", "packaging", "inflection", "mdurl", "attrs")
    requirements = fresh.folder / "requirements.txt"
    ours = [line for line in requirements.read_text().splitlines() if line.startswith(packages)]
    requirements.write_text("\n".join(ours) + "\n")
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
    cut_off.wait_for(r"\[ 1/")
    cut_off.interrupt()  # or it has just ended, on a busy machine

    again = fresh.make("install")

    assert again.process.wait(PATIENCE) == 0, again.output()
    python = fresh.folder / ".venv/bin/python"
    subprocess.run([python, "-c", "import idna, sqlparse, asgiref, attrs"], check=True)
    third = fresh.make("install")
    assert (third.process.wait(PATIENCE), third.output()) == (0, "")


def test_a_folder_that_cannot_be_written(fresh):
    # Root may write anywhere, unless it gives that up.
    before = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []
    fresh.folder.chmod(0o555)
    try:
        said = refusal_of(fresh.make("run", before=before))
    finally:
        fresh.folder.chmod(0o755)

    assert said == (
        f"Weiyu cannot write into {fresh.folder} (Permission denied)."
        " Use a folder that belongs to you and has room."
    )
    assert not (fresh.folder / ".venv").exists()


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
