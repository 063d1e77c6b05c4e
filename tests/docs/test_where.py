"""docs/where.md: each file that it names is there, and holds what one shall look for."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"\| (.+?) \| \[(\S+)\]\(\.\./(\S+)\) \| (.+) \|")
ROWS = [ROW.fullmatch(line) for line in (ROOT / "docs" / "where.md").read_text().splitlines()]
ANSWERS = [match.groups() for match in ROWS if match]

pytestmark = pytest.mark.once


def test_twenty_questions_are_answered():
    assert len(ANSWERS) == len({question for question, *_ in ANSWERS}) == 20


@pytest.mark.parametrize(("question", "shown", "path", "names"), ANSWERS)
def test_the_file_answers_it(question, shown, path, names):
    assert shown == path
    assert set(re.findall(r"`(\w+)`", names)) <= defined_in(ROOT / path)


def defined_in(file: Path) -> set[str]:
    """Return the classes, functions, methods and constants of a module."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names
