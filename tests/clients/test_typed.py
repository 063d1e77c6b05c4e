"""Clients that others' tools write from the description: strictly typed, against the real demo."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from rest.views import rendered_schema
from tests.server import Demo

pytestmark = [pytest.mark.server, pytest.mark.node, pytest.mark.once]
HERE = Path(__file__).parent
TOOLS = HERE / "node_modules" / ".bin"
# The Python tool knows JSON, forms and bytes; a picture is the latter.
PYTHON_TOOL_CONFIG = {"content_type_overrides": {"image/webp": "application/octet-stream"}}
# In `client.py` the tool passes what `with` gives on as plain objects; all else is strict.
STRICT = """
[mypy]
strict = true
[mypy-weiyu_api_client.client]
disable_error_code = arg-type
"""
COMPILER = [
    "--strict", "--target", "es2022", "--lib", "es2022,dom,dom.iterable",
    "--module", "nodenext", "--moduleResolution", "nodenext", "--outDir", "compiled",
]  # fmt: skip


def run(command: Sequence[str | Path], folder: Path, **environment: str) -> str:
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **quiet, **environment},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def folder(node: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the description, where clients are written."""
    made = tmp_path_factory.mktemp("typed")
    (made / "openapi.json").write_bytes(rendered_schema("json"))
    return made


def surroundings(demo: Demo) -> dict[str, str]:
    picture = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(picture, "PNG")
    return {
        "WEIYU_URL": demo.url,
        "WEIYU_TOKEN": demo.token,
        "WEIYU_PICTURE": base64.b64encode(picture.getvalue()).decode(),
    }


def check(said: str) -> None:
    assert json.loads(said) == {
        "created": ["new", "high", None],
        "listed": ["new", "pending"],
        "count": True,
        "changed": ["Typed and changed", ["typed"], True],
        "late": [412, "stale-version", "Typed and changed"],
        "picture": True,
        "deleted": True,
    }


def test_the_description_has_nothing_that_redocly_warns_of(folder):
    command = [TOOLS / "redocly", "lint", "openapi.json", "--format", "json"]

    said = json.loads(run(command, folder))

    assert said["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, said["problems"]


def test_a_typescript_client(folder, node, demo):
    run(
        [
            TOOLS / "openapi-ts",
            "-i",
            "openapi.json",
            "-o",
            "generated",
            "-c",
            "@hey-api/client-fetch",
        ],
        folder,
    )
    shutil.copy(HERE / "typed_client.ts", folder)
    run([TOOLS / "tsc", *COMPILER, "typed_client.ts"], folder)

    check(run([node, "compiled/typed_client.js"], folder, **surroundings(demo)))


def test_a_python_client(folder, demo):
    (folder / "python.json").write_text(json.dumps(PYTHON_TOOL_CONFIG))
    (folder / "mypy.ini").write_text(STRICT)
    tools = Path(sys.executable).parent
    run(
        [tools / "openapi-python-client", "generate", "--path", "openapi.json",
         "--config", "python.json", "--meta", "none", "--output-path", "weiyu_api_client",
         "--fail-on-warning"],
        folder,
        PATH=f"{tools}:{os.environ['PATH']}",
    )  # fmt: skip
    shutil.copy(HERE / "typed_client.py", folder)
    run([sys.executable, "-m", "mypy", "weiyu_api_client", "typed_client.py"], folder)

    check(run([sys.executable, "typed_client.py"], folder, **surroundings(demo)))
