"""Read stories.txt: what demo customers asked, and how it went on.

A story is a title, a line `requester | workgroup | priority | tags | end`, the text of the ticket
and the entries after it: `<` our answer, `>` the requester, `#` a note among agents.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("stories.txt")


class Turn(NamedTuple):
    sign: str
    text: str


class Story(NamedTuple):
    title: str
    requester: str
    workgroup: str
    priority: str
    tags: tuple[str, ...]
    end: str
    content: str
    entries: tuple[Turn, ...]


def read() -> list[Story]:
    """Return all stories, the oldest first."""
    return [_story(part) for part in _FILE.read_text(encoding="utf-8").split("== ")[1:]]


def _story(part: str) -> Story:
    title, facts, *body = part.strip().splitlines()
    requester, workgroup, priority, tags, end = (fact.strip() for fact in facts.split("|"))
    first_entry = next(
        (at for at, line in enumerate(body) if line[:2] in {"< ", "> ", "# "}), len(body)
    )
    return Story(
        title=title,
        requester=requester,
        workgroup=workgroup.strip("-"),
        priority=priority,
        tags=tuple(tag.strip() for tag in tags.strip("-").split(",") if tag),
        end=end,
        content="\n".join(body[:first_entry]).strip(),
        entries=tuple(_entries(body[first_entry:])),
    )


def _entries(lines: list[str]) -> Iterator[Turn]:
    return (Turn(sign=line[0], text=line[2:]) for line in lines if line)
