"""The files that people look for in the root of a checkout say what is so."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import weiyu_site

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
)
LINK = re.compile(r"\]\((?!https?:|/)([^)#\s]*)(?:#([^)\s]+))?\)")
EXAMPLE = (ROOT / ".env.example").read_text()
VALUES = dict(re.findall(r"^#?(WEIYU_[A-Z_]+)=(.+)$", EXAMPLE, re.MULTILINE))

pytestmark = pytest.mark.once


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_what_is_there(page):
    path = ROOT / page
    for file, heading in LINK.findall(path.read_text()):
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), file
        assert not heading or heading in anchors(target), f"{file}#{heading}"


def anchors(page: Path) -> set[str]:
    """Return the names that a Markdown page's headings have, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_the_example_environment_names_what_readme_explains():
    readme = (ROOT / "README.md").read_text()
    explained = set(re.findall(r"^\| `(WEIYU_\w+)`", readme, re.MULTILINE))
    for_trying_only = {"WEIYU_DEBUG", "WEIYU_DEMO_PASSWORD", "WEIYU_DEMO_ANYWHERE"}
    assert {name.removesuffix("_FILE") for name in VALUES} == explained - for_trying_only


def test_the_example_environment_is_accepted(tmp_path):
    """Every value, those behind a comment sign too, with secrets made as the docs say."""
    (tmp_path / "secret_key").write_text("x" * 60)
    (tmp_path / "token_keys").write_text("a:" + base64.b64encode(os.urandom(48)).decode())
    values = VALUES | {
        "WEIYU_SECRET_KEY_FILE": str(tmp_path / "secret_key"),
        "WEIYU_TOKEN_KEYS_FILE": str(tmp_path / "token_keys"),
        "WEIYU_DATA_DIR": str(tmp_path),
    }
    asked = subprocess.run(
        [sys.executable, "-c", "from weiyu_site import settings; print(settings.EMAIL_HOST)"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **values},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (asked.returncode, asked.stdout.strip()) == (0, "mail.example.com"), asked.stderr


def test_the_licence_is_the_one_that_pages_name():
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:100]
    assert "Apache License 2.0" in (ROOT / "CONTRIBUTING.md").read_text()


def test_every_place_tells_the_same_version():
    heading = re.search(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert heading[1] == f"{weiyu_site.VERSION} \N{EN DASH} {weiyu_site.RELEASED}"
    assert project["version"] == weiyu_site.VERSION
