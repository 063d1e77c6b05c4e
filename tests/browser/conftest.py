"""Chromium, our server over http and https, and pages of other sites that link to and frame it.

Host names end in `.test` and are mapped to 127.0.0.1 inside the browser: `desk.weiyu.test` is ours,
`crm.weiyu.test` another host of the same site, `shop.other.test` another site.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.browser.cookie_proxy import handler_for
from tests.browser.web_server import serving
from tests.server import Process, Weiyu, free_port

OURS = "desk.weiyu.test"
SAME_SITE = "crm.weiyu.test"
OTHER_SITE = "shop.other.test"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# Milliseconds; only what fails waits so long.
PATIENCE = 30_000
FLAGS = [
    "--host-resolver-rules=MAP *.test 127.0.0.1",
    "--ignore-certificate-errors",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]


@dataclass(frozen=True)
class Desk:
    """Our server, as the browser reaches it."""

    weiyu: Weiyu
    secure: str
    plain: str

    def url(self, scheme: str) -> str:
        return self.secure if scheme == "https" else self.plain


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for every host of these tests: (certificate, key)."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, OURS)])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host) for host in _hosts()]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(built.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


def _hosts() -> tuple[str, ...]:
    return OURS, SAME_SITE, OTHER_SITE


@pytest.fixture(scope="session")
def desk(weiyu: Weiyu, certificate: tuple[Path, Path]) -> Iterator[Desk]:
    """The real server on two ports, one of them with TLS, on the same data."""
    port = free_port()
    # Our own command speaks plain HTTP: TLS is the proxy's.
    tls = Process(
        command=[
            sys.executable, "-m", "uvicorn", "weiyu_site.asgi:application", "--no-proxy-headers",
            "--host", "127.0.0.1", "--port", str(port),
            "--ssl-certfile", str(certificate[0]), "--ssl-keyfile", str(certificate[1]),
        ],
        env=weiyu.env,
        log_path=weiyu.data_dir / "tls.log",
        port=port,
    )  # fmt: skip
    tls._answers = lambda: _tls_answers(port)  # type: ignore[method-assign]
    tls.start()
    try:
        yield Desk(weiyu, f"https://{OURS}:{port}", f"http://{OURS}:{weiyu.port}")
    finally:
        tls.stop()


def _tls_answers(port: int) -> bool:
    done = subprocess.run(
        ["curl", "-skf", f"https://127.0.0.1:{port}/healthz"], capture_output=True, check=False
    )
    return done.returncode == 0


class OtherSite:
    """A web server of somebody else, over http and https, whose pages the test writes."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.ports = ports
        self.pages: dict[str, str] = {}
        self.redirects: dict[str, str] = {}

    def url(self, scheme: str, host: str, path: str) -> str:
        return f"{scheme}://{host}:{self.ports[scheme]}{path}"


@pytest.fixture(scope="session")
def other_site(certificate: tuple[Path, Path]) -> Iterator[OtherSite]:
    site = OtherSite({})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            page = site.pages.get(path, "")
            if target := site.redirects.get(path):
                self.send_response(302)
                self.send_header("Location", target)
            else:
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *arguments: object) -> None:
            pass

    with serving(Handler) as plain, serving(Handler, certificate) as secure:
        site.ports |= {"http": plain, "https": secure}
        yield site


@pytest.fixture(scope="session")
def desk_without_cookies(desk: Desk, certificate: tuple[Path, Path]) -> Iterator[Desk]:
    """Our server as it is for a browser that keeps no cookie in frames of other sites."""
    plain, secure = (
        handler_for(urlsplit(url).port, tls=url == desk.secure) for url in (desk.plain, desk.secure)
    )
    with serving(plain) as port, serving(secure, certificate) as secure_port:
        yield Desk(desk.weiyu, f"https://{OURS}:{secure_port}", f"http://{OURS}:{port}")


@pytest.fixture(scope="module")
def playwright() -> Iterator[object]:
    """Playwright, for one module: while it lives, its event loop runs in the tests' own thread."""
    from playwright.sync_api import expect, sync_playwright

    if not CHROMIUM:
        pytest.skip("Chromium is not installed")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def chromium(playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable]:
    """Return a function that gives the module's Chromium, with or without third-party cookies."""
    with contextlib.ExitStack() as stack:

        @functools.cache
        def running(*, third_party_cookies: bool):
            profile = tmp_path_factory.mktemp("chromium")
            prefer(profile, third_party_cookies=third_party_cookies)
            # Only a lasting profile reads these settings, and what is opened in it shares them.
            lasting = playwright.chromium.launch_persistent_context(
                profile, executable_path=CHROMIUM, args=FLAGS
            )
            stack.callback(lasting.close)
            return lasting.browser

        yield running


@pytest.fixture
def browse(chromium: Callable) -> Iterator[Callable[..., object]]:
    """Return a function that opens an empty profile: `browse(third_party_cookies=False)`."""
    with contextlib.ExitStack() as stack:

        def open_profile(*, third_party_cookies: bool = True, **options):
            context = chromium(third_party_cookies=third_party_cookies).new_context(
                ignore_https_errors=True, locale="en-US", **options
            )
            context.set_default_timeout(PATIENCE)
            stack.callback(context.close)
            return context

        yield open_profile


def prefer(profile: Path, *, third_party_cookies: bool) -> None:
    """Write the setting "block third-party cookies" as a person would leave it."""
    folder = profile / "Default"
    folder.mkdir(parents=True)
    blocked = not third_party_cookies
    preferences = {
        "profile": {"block_third_party_cookies": blocked, "cookie_controls_mode": int(blocked)}
    }
    (folder / "Preferences").write_text(json.dumps(preferences), encoding="utf-8")
