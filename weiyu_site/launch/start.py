"""Start from nothing to a site that people can sign in to: what `make run` does.

Secrets, tables, static files and demo people are made where they are missing; then the addresses
that work are printed and the site is served. Configured deployments run `weiyu_site.serve`.
"""

from __future__ import annotations

import fcntl
import hashlib
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TextIO

import django
import uvicorn
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone
from uvicorn.supervisors import ChangeReload

from records.outages import in_one_line
from weiyu_site import env, serve
from weiyu_site.launch import keys
from weiyu_site.launch.bootstrap import (
    ROOT,
    Impossible,
    listen,
    require_writable,
    say,
    wanted_address,
)
from weiyu_site.launch.collectstatic import static_files

TOKEN_NAME = "make run"
TOKEN_LIFE = timedelta(hours=24)
DEMO_ANYWHERE = "WEIYU_DEMO_ANYWHERE"
# In the data folder: one file for each start.
STARTS = "starts"
_held: list[TextIO] = []


@dataclass(frozen=True)
class Binding:
    """Where the site listens; the socket is taken before anything else is done."""

    host: str
    listener: socket.socket

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
        return ipaddress.ip_address(self.listener.getsockname()[0].partition("%")[0])

    @property
    def names(self) -> list[str]:
        """Return the hosts by which people on this machine or beside it can call the site."""
        if not self.address.is_unspecified:
            return [*dict.fromkeys([self.host, str(self.address)])]
        return ["127.0.0.1", "localhost", socket.gethostname(), *own_addresses()]

    def url(self, name: str) -> str:
        return f"http://{in_url(name)}:{self.port}"


def in_url(name: str) -> str:
    """Return a host as addresses spell it: an IPv6 address in brackets."""
    return f"[{name}]" if ":" in name else name


def own_addresses() -> list[str]:
    """Return the address that this machine would call the outside from; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return []
        address: str = probe.getsockname()[0]
        return [address]


def configure(binding: Binding) -> None:
    """Complete the environment; what the operator wrote there stays."""
    # For nobody else's eyes: the database in it holds sessions and people's data.
    keys.data_dir().mkdir(mode=0o700, parents=True, exist_ok=True)
    require_writable(keys.data_dir())
    keys.ensure()
    if not {"WEIYU_ALLOWED_HOSTS", "WEIYU_ALLOWED_HOSTS_FILE"} & os.environ.keys():
        hosts = ["localhost", "127.0.0.1", "[::1]", *map(in_url, binding.names)]
        os.environ["WEIYU_ALLOWED_HOSTS"] = ",".join(dict.fromkeys(hosts))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "weiyu_site.settings")
    django.setup()


def prepare(binding: Binding) -> None:
    """Bring tables, static files and demo people up to date."""
    from weiyu_site.demo import people

    say("Preparing the database …")
    call_command("migrate", interactive=False, verbosity=0)
    if people.are_there() or people.may_be_made():
        refuse_demo_in_public(binding)
    collect_static_files()
    if people.may_be_made():
        say("Making the demo people and tickets (only this once) …")
        call_command("seed_demo", verbosity=0)


def refuse_demo_in_public(binding: Binding) -> None:
    if binding.address.is_loopback or env.flag(DEMO_ANYWHERE, default=False):
        return
    raise Impossible(
        "This site has demo people, so it is served on this machine alone and not on"
        f" {binding.host}. To show them to others all the same:"
        f" {DEMO_ANYWHERE}=true make run HOST={binding.host}"
    )


def collect_static_files() -> None:
    """Hash and compress what the pages use, if any of it differs from the last time.

    With debug on the files come from where they are.
    """
    if settings.DEBUG:
        return
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    now = fingerprint_of_static_files()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == now:
        return
    say("Collecting the static files …")
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(now, encoding="utf-8")


def fingerprint_of_static_files() -> str:
    """Return a digest of the name, size and time of every static file."""
    digest = hashlib.sha256()
    for name, path in static_files():
        found = path.stat()
        digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def issue_token() -> str | None:
    """Return a fresh token of the demo administrator; those of starts that are over go.

    It carries every right, so that the link to the admin shows all of it.
    """
    from accounts.actor import Actor
    from tokens.models import AccessToken
    from tokens.scopes import ROLE_SCOPES
    from weiyu_site.demo import people

    folder = keys.data_dir() / STARTS
    folder.mkdir(mode=0o700, exist_ok=True)
    with locked(folder / "lock"):
        old = AccessToken.objects.filter(name=TOKEN_NAME).exclude(pk__in=running_starts(folder))
        for token in old:
            token.remove(by=Actor.system())
        administrator = people.administrator()
        if administrator is None:
            return None
        made, secret = AccessToken.objects.issue(
            user=administrator,
            name=TOKEN_NAME,
            by=Actor.system(),
            scopes=sorted(ROLE_SCOPES[administrator.role]),
            expires_at=timezone.now() + TOKEN_LIFE,
        )
        # Open, and so locked, until this process ends, however it ends.
        _held.append(locked(folder / str(made.pk)))
    return secret


def locked(path: Path) -> TextIO:
    """Return a file that nobody else can lock while it is open."""
    file = path.open("a", encoding="utf-8")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def running_starts(folder: Path) -> list[int]:
    """Return the tokens of the starts that still run; each holds the file of its token."""
    running = []
    for path in folder.glob("[0-9]*"):
        with path.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running.append(int(path.name))
            else:
                path.unlink()
    return running


def welcome(binding: Binding, secret: str | None) -> str:
    """Return what people need to begin: who can sign in, links that work, a call that works."""
    url = settings.PUBLIC_URL or binding.url(binding.names[0])
    lines = ["", f"Weiyu runs at {url} (Ctrl-C stops it)."]
    if not settings.PUBLIC_URL and binding.address.is_unspecified:
        elsewhere = [binding.url(name) for name in own_addresses()]
        lines += [f"From other machines: {address}" for address in elsewhere]
    if secret is None:
        lines += [
            "",
            f"Sign in at {url}/agent/login or {url}/admin/login/ as one of your own people.",
            "A token for them: .venv/bin/python manage.py issue_access_token --help",
        ]
    else:
        lines += [*who_can_sign_in(url), *what_works(url, secret)]
    return "\n".join([*lines, ""])


def who_can_sign_in(url: str) -> Iterator[str]:
    from weiyu_site.demo import people

    yield ""
    yield f"Who can sign in at {url}/agent/login, the administrator also at {url}/admin/login/"
    for person in people.who_can_sign_in():
        yield f"  {person.username:<24} {person.get_role_display():<14} {person.display_name}"
    password = people.known_password()
    yield f"  Password of them all: {password or 'the one that they were made with'}"


def what_works(url: str, secret: str) -> Iterator[str]:
    yield ""
    yield "Links that sign you in without a password, for 24 hours. Keep them to yourself:"
    yield f"  Workstation  {url}/agent/auth/login?accessToken={secret}"
    yield f"  Admin        {url}/admin/auth/login?accessToken={secret}"
    yield ""
    yield "A call of the API:"
    yield f"  curl -H 'Authorization: Bearer {secret}' '{url}/api/tickets/list?limit=3'"
    yield ""
    yield f"All calls: {url}/api/docs"


def run_server(binding: Binding, *, reload: bool) -> None:
    config = uvicorn.Config(
        serve.APPLICATION,
        host=binding.host,
        port=binding.port,
        reload=reload,
        reload_dirs=[str(ROOT)] if reload else None,
        reload_excludes=["data/*", ".venv/*", "tests/*"] if reload else None,
        **serve.OPTIONS,
    )
    server = uvicorn.Server(config)
    if reload:
        ChangeReload(config, target=server.run, sockets=[binding.listener]).run()
    else:
        server.run(sockets=[binding.listener])


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn what can be wrong with a machine or its configuration into one sentence."""
    try:
        yield
    except ImproperlyConfigured as error:
        raise Impossible(f"Weiyu cannot start: {error}") from error
    except CommandError as error:
        raise Impossible(str(error)) from error
    except DatabaseError as error:
        raise Impossible(
            f"The database cannot be used ({in_one_line(error)})."
            f" Look at WEIYU_DATABASE_URL and {keys.data_dir()}."
        ) from error
    except OSError as error:
        file = f" {error.filename}" if error.filename else ""
        raise Impossible(f"Weiyu cannot use{file or ' the disk'} ({error.strerror}).") from error


def main(arguments: list[str]) -> int:
    binding = None
    try:
        with one_sentence():
            host, port = wanted_address()
            binding = Binding(host, listen(host, port))
            configure(binding)
            prepare(binding)
            say(welcome(binding, issue_token()))
        run_server(binding, reload="--reload" in arguments)
    except KeyboardInterrupt:
        return 0
    finally:
        if binding is not None:
            binding.listener.close()
    return 0


if __name__ == "__main__":
    # `python -m` puts the current folder first; commands may come from another one.
    sys.path.insert(0, str(Path(ROOT)))
    sys.exit(main(sys.argv[1:]))
