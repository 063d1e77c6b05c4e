from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests import people
from tests.server import Weiyu

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def desk(weiyu: Weiyu) -> Weiyu:
    """The real server with an administrator, an agent and a customer."""
    return weiyu


@pytest.fixture(scope="session")
def secret(desk: Weiyu) -> str:
    """A token of the guide's own administrator with the default scopes."""
    return desk.issue(people.ADMINISTRATOR)


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js, with the test clients' packages installed."""
    found = shutil.which("node")
    if not found:
        pytest.skip("Node.js is not installed")
    if not (HERE / "node_modules" / "axios").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, check=True)
    return found
