"""Calls made up from the description, sent to the real server: no 5xx, nothing undescribed.

Each run takes another seed, and says which: `SEED=… make fuzz` sends the same calls again.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from rest.views import rendered_schema
from tests.server import serving_demo

pytestmark = [pytest.mark.server, pytest.mark.once]
CASES = int(os.environ.get("FUZZ_CASES", "1500"))
SEED = os.environ.get("SEED") or str(secrets.randbelow(10**9))
# Half of a few are made on the edges of what is described, which repeats itself; many find more.
PHASES = "fuzzing" if CASES < 5000 else "coverage,fuzzing,stateful"
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance",
)  # fmt: skip


def test_no_made_up_call_gets_an_answer_that_is_not_described(prepared, tmp_path):
    description = json.loads(rendered_schema("json"))
    (tmp_path / "openapi.json").write_text(json.dumps(description))
    operations = sum(map(len, description["paths"].values()))
    print(f"\nSeed {SEED}: SEED={SEED} CASES={CASES} make fuzz")

    with serving_demo(tmp_path, prepared) as demo:
        mine = requests.get(f"{demo.url}/api/user/profile", headers=demo.headers, timeout=30)
        said = fuzz(
            tmp_path, f"--url={demo.url}", f"--header=Authorization: Bearer {demo.token}",
            f"--max-examples={6 * CASES // (5 * operations)}",
            token=mine.json()["token"]["id"],
        )  # fmt: skip
        still = requests.get(f"{demo.url}/api/tickets/list", headers=demo.headers, timeout=30)
        log = demo.log()

    print(said)
    assert int(re.search(r"(\d+) generated", said)[1]) >= CASES, said
    # What ended the token would have turned all further calls into 401.
    assert still.status_code == 200, still.text
    assert "Traceback" not in log


def fuzz(folder: Path, *options: str, token: int) -> str:
    done = subprocess.run(
        [
            Path(sys.executable).parent / "schemathesis", "run", "openapi.json",
            f"--phases={PHASES}", f"--checks={','.join(CHECKS)}", f"--seed={SEED}",
            "--continue-on-failure", "--suppress-health-check=all", "--warnings=off",
            "--no-color", *options,
        ],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parent),
            "SCHEMATHESIS_HOOKS": "fuzz_hooks",
            "FUZZ_TOKEN": str(token),
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
