"""Firefox, driven by WebDriver BiDi, which it speaks itself (https://w3c.github.io/webdriver-bidi/)."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PATIENCE = 60.0
_LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
# It calls nobody, takes plain http as it is typed, and finds our names on this machine.
_QUIET = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.disable_open_during_load": False,
    "dom.security.https_first": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "",
    "toolkit.telemetry.server": "",
}


class BidiError(Exception):
    """Firefox refused a command, for the reason in the message."""


class Firefox:
    """One running Firefox with a fresh profile."""

    def __init__(self, socket: ClientConnection, process: subprocess.Popen[bytes]) -> None:
        self._socket = socket
        self._process = process
        self._number = 0

    def call(self, method: str, **parameters: Any) -> Any:
        """Send one command and return its result; events in between are of no interest."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=PATIENCE))
            if answer.get("id") == self._number:
                if answer["type"] == "error":
                    raise BidiError(f"{method}: {answer['error']}: {answer['message']}")
                return answer["result"]

    def tabs(self) -> list[str]:
        return [tree["context"] for tree in self.call("browsingContext.getTree")["contexts"]]

    def prefer(self, name: str, value: int) -> None:
        """Change a preference as the page of settings does: what opens from now on follows it."""
        windows = self.call("browsingContext.getTree", **{"moz:scope": "chrome"})["contexts"]
        self.call(
            "script.evaluate",
            expression=f"Services.prefs.setIntPref({json.dumps(name)}, {value})",
            target={"context": windows[0]["context"]},
            awaitPromise=False,
        )

    def new_tab(self) -> str:
        return str(self.call("browsingContext.create", type="tab")["context"])


@contextlib.contextmanager
def running(
    folder: Path, preferences: Mapping[str, Any], hosts: tuple[str, ...]
) -> Iterator[Firefox]:
    """Yield a Firefox that knows `hosts` on this machine; its process is gone afterwards."""
    profile = folder / "firefox"
    profile.mkdir()
    wanted = {**_QUIET, "network.dns.localDomains": ",".join(hosts), **preferences}
    lines = (
        f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in wanted.items()
    )
    (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
    log = folder / "firefox.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                str(FIREFOX), "--headless", "--no-remote", "--new-instance",
                "--profile", str(profile), "--remote-debugging-port", "0",
                "--remote-allow-system-access",
            ],
            stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        with connect(f"{_address(process, log)}/session", max_size=None) as socket:
            firefox = Firefox(socket, process)
            wishes = {"alwaysMatch": {"acceptInsecureCerts": True}}
            firefox.call("session.new", capabilities=wishes)
            yield firefox
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if found := _LISTENS.search(log.read_text(encoding="utf-8", errors="replace")):
            return found[1]
        time.sleep(0.1)
    raise RuntimeError(f"Firefox did not start:\n{log.read_text(errors='replace')}")
