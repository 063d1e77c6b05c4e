"""docs/guide/errors.md names every code that the code can answer, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from records.errors import as_code

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "records", "rest", "accounts", "configuration", "tokens", "tickets", "messaging", "stats",
    "workstation", "weiyu_site",
)  # fmt: skip
# Which argument is the code.
POSITIONS = {"Refused": 0, "_refused": 0, "fail": 0, "problem": 1, "Refusal": 1, "invalid_field": 2}
PAGES_ONLY = {
    # Forms of the admin show the sentence, and no program reads them.
    "password-incorrect",
}
# What Django and REST framework say by themselves.
OF_THE_FRAMEWORKS = {
    "blank", "null", "required", "unique", "max-length", "min-length", "max-value", "min-value",
    "not-a-list", "method-not-allowed", "invalid-choice", "does-not-exist",
}  # fmt: skip


def sources() -> Iterator[ast.Module]:
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if not {"migrations", "management"} & set(path.parts):
                yield ast.parse(path.read_text(encoding="utf-8"))


def text_of(node: ast.AST | None) -> str | None:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else None


def code_in(call: ast.Call) -> str | None:
    """Return the code that a call gives to an error."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    for keyword in call.keywords:
        if keyword.arg == "code":
            return text_of(keyword.value)
    position = POSITIONS.get(name)
    return text_of(call.args[position]) if position is not None and call.args[position:] else None


def answered() -> set[str]:
    calls = (node for tree in sources() for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {as_code(code) for call in calls if (code := code_in(call))}


def written() -> set[str]:
    """Return every text in the code, as codes are spelled."""
    texts = (text_of(node) for tree in sources() for node in ast.walk(tree))
    return {as_code(text) for text in texts if text}


def documented() -> set[str]:
    """Return the codes in the tables: a column headed `code` holds them."""
    found: set[str] = set()
    column = None
    for line in (ROOT / "docs/guide/errors.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if "code" in cells:
            column = cells.index("code")
        elif not cells:
            column = None
        elif column is not None:
            found.update(re.findall(r"`([a-z0-9-]+)`", cells[column]))
    return found


def test_every_code_that_is_answered_is_explained():
    codes = answered()
    # Else it has looked at nothing.
    assert {"unavailable", "stale-reply", "code-used", "repeated-header", "no-domain"} <= codes
    assert codes - documented() - PAGES_ONLY == set()


def test_no_code_is_explained_that_nothing_answers():
    assert len(documented()) > 50
    assert documented() - written() - OF_THE_FRAMEWORKS == set()
