"""The samples of the guide, run as a reader would run them: against the real server.

A fence whose info string has a second word is a sample that runs: `bash curl` is a pasted
command, `bash curl 409` one that is answered by this status, `python run`, `js run` and `ts run`
are whole programs. They find the server and the token in the environment, as the guide says.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests import people
from tests.server import Weiyu
from tokens.scopes import Scope

pytestmark = pytest.mark.server
ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "guide").glob("*.md"))
NODE_CLIENTS = ROOT / "tests" / "clients"
FENCE = re.compile(r"^```(\w+) (\w+)(?: (\d{3}))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# What the guide's samples have in the place of the reader's own ids.
TICKET_IN_GUIDE = re.compile(r'(?<=/api/tickets/)7(?=["/])|(?<="ticket": )7|(?<=\bticket=)7')
TOKEN_IN_GUIDE = re.compile(r'(?<=/api/tokens/)7(?=["/])')


@dataclass(frozen=True)
class Sample:
    page: str
    kind: str
    status: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.kind}"


def samples(kind: str) -> Iterator[Sample]:
    for page in PAGES:
        for language, mode, status, text in FENCE.findall(page.read_text(encoding="utf-8")):
            if f"{language} {mode}" == kind:
                yield Sample(page.stem, kind, status, text)


@pytest.fixture(scope="session")
def reader(desk: Weiyu, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody who reads the guide, with a curl that shows the status."""
    home = tmp_path_factory.mktemp("reader")
    (home / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}"\n')
    return {
        "PATH": os.environ["PATH"],
        "CURL_HOME": str(home),
        "DESK": desk.url,
        "TOKEN": desk.issue(people.ADMINISTRATOR, scope=Scope.values),
    }


@pytest.fixture
def ticket(reader: dict[str, str]) -> str:
    return made(reader, "tickets", {"title": "From the guide", "content": "Number seven."})


@pytest.fixture
def token(reader: dict[str, str]) -> str:
    return made(reader, "tokens", {"name": "From the guide"})


def made(reader: dict[str, str], family: str, fields: dict[str, str]) -> str:
    """Return the id of a new object."""
    answer = requests.post(
        f"{reader['DESK']}/api/{family}/create",
        json=fields,
        headers={"Authorization": f"Bearer {reader['TOKEN']}"},
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_work_when_pasted_one_after_the_other(page, reader, ticket, token):
    for sample in samples("bash curl"):
        if sample.page != page.stem:
            continue
        command = TICKET_IN_GUIDE.sub(ticket, sample.text)
        command = TOKEN_IN_GUIDE.sub(token, command)

        done = run(["bash", "-c", command], reader)

        status = done.rpartition("\n")[2]
        assert status == (sample.status or "200"), f"{command}\n{done}"


def test_the_python_programs_run(reader):
    for sample in samples("python run"):
        said = run([sys.executable, "-c", sample.text], reader)

        assert f"I am {people.ADMINISTRATOR}" in said
        assert "Somebody was faster: stale-version" in said


@pytest.mark.node
def test_the_javascript_programs_run(reader, tmp_path):
    node = needed("node")
    for sample in samples("js run"):
        program = tmp_path / "sample.mjs"
        program.write_text(sample.text, encoding="utf-8")

        assert "Cannot sign in" in run([node, str(program)], reader)


@pytest.mark.node
def test_the_typescript_module_is_sound_and_does_what_it_says(reader, tmp_path):
    node, compiler = needed("node"), NODE_CLIENTS / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        pytest.skip("the packages of tests/clients are not installed (make test installs them)")
    (module,) = samples("ts run")
    (tmp_path / "node_modules").symlink_to(NODE_CLIENTS / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "desk.ts").write_text(module.text, encoding="utf-8")
    (tmp_path / "try.ts").write_text(TRY, encoding="utf-8")
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": STRICT}))

    run([node, str(compiler)], reader, cwd=tmp_path)
    said = run([node, "try.js"], reader, cwd=tmp_path)

    assert said.split() == ["true", "high", "true", "401", "signed-out"]


STRICT = {
    "strict": True,
    "target": "es2022",
    "module": "nodenext",
    "lib": ["es2022", "dom"],
    "types": [],
}
# What a caller of the guide's module writes; TypeScript checks it against the module's types.
TRY = """
import { connect } from "./desk.js";
declare const process: { env: Record<string, string> };

const { DESK, TOKEN } = process.env;
const desk = connect(DESK, () => TOKEN, () => console.log("never"));
const made = await desk.tickets.create({ title: "From TypeScript", content: "Typed." });
console.log((await desk.tickets.list({ limit: 5 })).some((ticket) => ticket.id === made.id));
console.log((await desk.tickets.change(made.id, { priority: "high" })).priority);
console.log((await desk.tickets.remove(made.id)).id === made.id);

let out = "signed-in";
const stranger = connect(DESK, () => "nonsense", () => { out = "signed-out"; });
await stranger.tickets.list().catch((error) => console.log(error.response.status));
console.log(out);
"""


def needed(program: str) -> str:
    found = shutil.which(program)
    if not found:
        pytest.skip(f"{program} is not installed")
    return found


def run(command: list[str], env: dict[str, str], cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, env=env, cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()
