"""The Chinese catalogue: every text has its translation, and the compiled one is the same."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from django.conf import settings

pytestmark = pytest.mark.once
ROOT = settings.BASE_DIR
CATALOGUE = Path("weiyu_site/locale/zh_Hans/LC_MESSAGES/django.po")
NO_TEXTS = {".git", ".venv", "data", "tests", "benchmarks", "node_modules"}
# %(name)s and %s, {name}, and tags.
FIXED_PARTS = re.compile(r"%(?:\(\w+\))?[a-zA-Z%]|\{\w*\}|</?\w[^>]*>")


def written(root: Path = ROOT) -> Catalog:
    with (root / CATALOGUE).open("rb") as file:
        return read_po(file, locale="zh_Hans")


def texts(catalogue: Catalog) -> dict[tuple[str, ...], Message]:
    """Return the entries by context and English text, without the head of the catalogue."""
    return {(entry.context or "", *forms(entry.id)): entry for entry in catalogue if entry.id}


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Return the forms of a text for one and for many, which Chinese does not tell apart."""
    return (text,) if isinstance(text, str) else tuple(text)


def test_every_text_has_its_translation():
    lacking = [key for key, entry in texts(written()).items() if not all(forms(entry.string or ""))]

    assert lacking == [], "Translate them in django.po, then run make messages."


def test_no_translation_is_a_guess():
    guessed = [key for key, entry in texts(written()).items() if entry.fuzzy]

    assert guessed == [], "Correct them in django.po and take the mark “fuzzy” away."


def test_translations_keep_placeholders_and_tags():
    differing = [
        (key, translation)
        for key, entry in texts(written()).items()
        for translation in forms(entry.string)
        if sorted(FIXED_PARTS.findall(translation)) != sorted(FIXED_PARTS.findall(key[-1]))
    ]

    assert differing == []


def test_the_compiled_catalogue_is_made_from_the_written_one():
    now = BytesIO()
    write_mo(now, written())
    now.seek(0)

    compiled = read_mo(BytesIO((ROOT / CATALOGUE).with_suffix(".mo").read_bytes()))

    assert {key: entry.string for key, entry in texts(compiled).items()} == {
        key: entry.string for key, entry in texts(read_mo(now)).items()
    }, "Run make messages and commit both files."


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs GNU gettext (apt install gettext)")
def test_the_catalogue_holds_the_texts_of_the_program_and_no_others(tmp_path):
    copy = tmp_path / "weiyu"
    shutil.copytree(ROOT, copy, ignore=lambda _folder, names: NO_TEXTS.intersection(names))

    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "--settings", "weiyu_site.settings"],
        cwd=copy,
        check=True,
        capture_output=True,
    )

    collected, committed = texts(written(copy)).keys(), texts(written()).keys()
    assert (collected - committed, committed - collected) == (set(), set()), "Run make messages."


def test_texts_are_marked_by_names_that_are_collected():
    renamed = [
        f"{file.relative_to(ROOT)}: {name.name} as {name.asname}"
        for file in program_files(ROOT)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for name in node.names
        if name.asname not in {None, "_"}
    ]

    assert renamed == [], "xgettext looks for the functions by their own names, and for “_”."


def program_files(folder: Path) -> list[Path]:
    rooms = [room for room in folder.iterdir() if room.is_dir() and room.name not in NO_TEXTS]
    return [file for room in rooms for file in room.rglob("*.py")]
