"""Do what docs/operating.md says on empty machines, command by command: `make install-check`.

What is run is read from the page. Only what the page leaves open is filled in (PLACEHOLDERS), and
packages come from the caches of tests/install/machine.py, since the machines have no network.
`--short` leaves out what takes a second machine, an upgrade or a proxy.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.install.machine import ROOT, Failed, Machine, commit, git, machine, publish

PAGE = ROOT / "docs" / "operating.md"
# Caddy makes the certificates of such a name itself.
HOST = "desk.localhost"
URL = f"https://{HOST}"
PERSON = "ann@example.com"
PASSWORD = "correct-horse-battery"
PLACEHOLDERS = {
    "ADDRESS": "file:///srv/weiyu",
    "PREVIOUS": "HEAD~1",
    "PASSWORD=…": f"PASSWORD={PASSWORD}",
    "desk.example.com": HOST,
}
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/srv/wheels"}
BACKUP = "/var/backups/weiyu"
AS_JSON = ["-H", "Content-Type: application/json"]
CADDYS_ROOT = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"
GIF = bytes.fromhex("47494638396101000100800100ff0000ffffff2c00000000010001000002024401003b")


def commands(heading: str, *, before: str = "") -> list[str]:
    """Return the blocks of commands under a heading, or those up to some words of it."""
    page = PAGE.read_text(encoding="utf-8")
    (section,) = re.findall(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", page, re.MULTILINE | re.DOTALL
    )
    section = section.partition(before)[0] if before else section
    blocks = re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)
    return ["".join(line[4:] for line in block.splitlines(True)) for block in blocks]


def follow(desk: Machine, heading: str, *, before: str = "") -> None:
    """Do on the machine what the page says under a heading."""
    blocks = commands(heading, before=before)
    if not blocks:
        raise Failed(f"{PAGE.name} has no commands under {heading!r}.")
    for block in blocks:
        for word, value in PLACEHOLDERS.items():
            block = block.replace(word, value)
        desk.run(block, **OFFLINE)


@contextmanager
def step(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)


@contextmanager
def new_machine() -> Iterator[Machine]:
    began = time.monotonic()
    with machine() as desk:
        (desk.shared / "weiyu").mkdir()
        publish(desk.shared / "weiyu")
        desk.run("git config --global --add safe.directory '*' 2>/dev/null || true")
        print(f"{time.monotonic() - began:6.1f} s  an empty Debian 12 is booted", flush=True)
        try:
            yield desk
        except Exception:
            print(desk.run("journalctl --no-pager --lines=40 --output=cat --unit=weiyu"))
            raise


class Api:
    """Calls of the machine's own server by a token, past any proxy."""

    def __init__(self, desk: Machine, secret: str) -> None:
        self.desk, self.secret = desk, secret
        self.credential = ["-H", f"Authorization: Bearer {secret}"]

    def __call__(self, path: str, *options: str, status: int = 200) -> str:
        answer = call(self.desk, f"/api/{path}", *self.credential, *options)
        expect(answer, status, path)
        return answer.rpartition("\n")[0]


def call(desk: Machine, path: str, *options: str) -> str:
    """Return what the server answers, with the status on a line of its own at the end."""
    host = ["-H", f"Host: {HOST}", "-H", "X-Forwarded-Proto: https"]
    return desk.curl("-w", "\n%{http_code}", *host, *options, f"http://127.0.0.1:8000{path}")


def expect(answer: str, status: int, what: str) -> None:
    body, _, found = answer.rpartition("\n")
    if found != str(status):
        raise Failed(f"{what} answered {found} and not {status}:\n{body[:2000]}")


def is_ready(desk: Machine) -> None:
    expect(call(desk, "/readyz"), 200, "/readyz")


def administrator_signs_in(desk: Machine) -> None:
    form = ["--data-urlencode", f"username={PERSON}", "--data-urlencode", f"password={PASSWORD}"]
    answer = call(desk, "/admin/login/?next=/admin/", "-i", "-H", f"Origin: {URL}", *form)
    expect(answer, 302, "the login")
    # curl keeps no cookies of https for itself here.
    cookie = "; ".join(re.findall(r"^set-cookie: ([^;]+)", answer, re.MULTILINE | re.IGNORECASE))
    front = call(desk, "/admin/", "-H", f"Cookie: {cookie}")
    expect(front, 200, "the admin")
    assert PERSON in front, front


def timed_work_runs(desk: Machine) -> None:
    desk.run("systemctl start weiyu-due-work.service")
    assert "enabled" in desk.run("systemctl is-enabled weiyu weiyu-due-work.timer")


def install(desk: Machine) -> Api:
    with step("installed as under “On Debian 12”, with the first administrator"):
        follow(desk, "On Debian 12", before="What Django would warn of")
    with step("/readyz is 200, timed work runs, the administrator signs in by password"):
        is_ready(desk)
        timed_work_runs(desk)
        administrator_signs_in(desk)
    with step("a token made by the command writes a ticket and a picture by the API"):
        api = Api(desk, issue(desk))
        api("tickets/create", *AS_JSON, "--data", '{"title": "Before the fire", "content": "火"}')
        picture = desk.shared / "picture.gif"
        picture.write_bytes(GIF)
        api("user/profile", "-X", "PATCH", "-F", f"avatar=@{picture};type=image/gif")
    return api


def issue(desk: Machine, options: str = "") -> str:
    command = f"/opt/weiyu/deploy/manage.sh issue_access_token --user {PERSON} --name check"
    return desk.run(f"{command} {options}").strip()


def everything_is_there(desk: Machine, secret: str) -> None:
    is_ready(desk)
    api = Api(desk, secret)
    titles = [ticket["title"] for ticket in json.loads(api("tickets/list"))]
    assert titles == ["Before the fire"], titles
    picture = json.loads(api("user/profile"))["avatar"].removeprefix(URL)
    expect(call(desk, picture, "-o", "/dev/null", *api.credential), 200, "the picture")
    administrator_signs_in(desk)


def write_after_the_backup(api: Api) -> None:
    api("tickets/create", *AS_JSON, "--data", '{"title": "After it", "content": "x"}')


def restore_in_place(desk: Machine, api: Api) -> None:
    write_after_the_backup(api)
    with step("restored as under “On the machine itself”; nothing of after the backup is there"):
        follow(desk, "On the machine itself", before="SQLite has two companions")
        everything_is_there(desk, api.secret)


def carry_backup(desk: Machine, away: Path) -> None:
    desk.run(f"mkdir /srv/backup && cp {BACKUP}/* /srv/backup/")
    (desk.shared / "backup").rename(away)


def upgrade_and_go_back(desk: Machine, api: Api) -> None:
    source = desk.shared / "weiyu"
    manifest = source / "pyproject.toml"
    manifest.write_text(manifest.read_text() + "\n# A newer version.\n")
    commit(source, "A newer version.")
    newer = git(source, "rev-parse", "HEAD")
    with step("upgraded as under “Upgrading”"):
        follow(desk, "Upgrading", before="In containers")
        assert desk.run("git -C /opt/weiyu rev-parse HEAD") == newer
        everything_is_there(desk, api.secret)
    write_after_the_backup(api)
    with step("gone back as under “The way back”"):
        follow(desk, "The way back")
        desk.run("runuser -u postgres -- dropdb --if-exists weiyu_before")
        follow(desk, "On the machine itself", before="SQLite has two companions")
        assert desk.run("git -C /opt/weiyu rev-parse HEAD") != newer
        everything_is_there(desk, api.secret)


def change_the_token_keys(desk: Machine, api: Api) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"prints the new value. On Debian, as root:\n\n((?:       .*\n)+)", page)
    with step("the token keys are changed; tokens of before work on"):
        desk.run("\n".join(line.strip() for line in block.splitlines()))
        desk.run("systemctl restart weiyu; /opt/weiyu/deploy/install.sh units")
        everything_is_there(desk, api.secret)


def put_a_proxy_in_front(desk: Machine, api: Api) -> None:
    with step("Caddy in front of it ends TLS, and tells the caller's address and scheme"):
        follow(desk, "Caddy")
        root = desk.shared / "root.crt"
        desk.run(
            f"until test -s {CADDYS_ROOT}; do sleep 0.5; done; cat {CADDYS_ROOT} > /srv/root.crt"
        )
        here = ["--resolve", f"{HOST}:443:127.0.0.1", "--resolve", f"{HOST}:80:127.0.0.1"]
        # Its certificate comes a moment after its root.
        tls = [
            "--cacert",
            str(root),
            "-w",
            "\n%{http_code}",
            *here,
            "--retry-all-errors",
            "--retry",
            "5",
        ]
        # Over plain http it would not be sent.
        answer = desk.curl(*tls, "-i", f"{URL}/agent/login")
        assert "strict-transport-security" in answer.lower(), answer
        forged = ["-H", "X-Forwarded-For: 203.0.113.9", f"{URL}/api/tickets/list"]
        for network, status in (("127.0.0.0/8", 200), ("203.0.113.0/24", 403)):
            secret = issue(desk, f"--network {network}")
            answer = desk.curl(*tls, "-H", f"Authorization: Bearer {secret}", *forged)
            expect(answer, status, f"a call with a token of {network}")
        hops = desk.curl(*tls, "-o", "/dev/null", f"http://{HOST}/")
        expect(hops, 308, "plain http")
        desk.run("systemctl stop caddy")


def restore_elsewhere(backup: Path, secret: str) -> None:
    with new_machine() as desk, step("restored as under “On a new machine”"):
        desk.run(f"mkdir -p {BACKUP}")
        backup.rename(desk.shared / "backup")
        desk.run(f"cp /srv/backup/* {BACKUP}/")
        follow(desk, "On a new machine")
        everything_is_there(desk, secret)


def rehearse(*, short: bool) -> None:
    with new_machine() as desk:
        api = install(desk)
        with step("backed up as under “Backups”"):
            follow(desk, "Backups", before="In containers")
        if not short:
            put_a_proxy_in_front(desk, api)
            upgrade_and_go_back(desk, api)
            change_the_token_keys(desk, api)
            away = desk.shared.parent.parent / f"{desk.shared.parent.name}-backup"
            carry_backup(desk, away)
        else:
            restore_in_place(desk, api)
    if not short:
        restore_elsewhere(away, api.secret)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.install", description=__doc__)
    parser.add_argument("--short", action="store_true")
    given = parser.parse_args()
    began = time.monotonic()
    # Whoever ends it leaves nothing behind either.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        rehearse(short=given.short)
    except Failed as error:
        print(error)
        return 1
    print(f"{time.monotonic() - began:6.1f} s  in all; the machines are gone again", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
