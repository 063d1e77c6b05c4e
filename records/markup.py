"""Turn what people write (Markdown) into clean HTML, and into a line of plain words.

Both are made when a text is written and kept with it: records/rendered.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import nh3
from django.template.defaultfilters import linebreaksbr
from markdown_it import MarkdownIt
from markdown_it.token import Token

from records.addresses import leads_to_login
from records.inline_markdown import Inline, backslash, link_address

# Raise it with every change of what comes out: what was kept is made again (`rerender`).
VERSION = 1

_TAGS = {
    "a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
# Headings of a message must not outrank those of the page around it.
_LOWERED = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}
_SCHEMES = {"http", "https", "mailto", "tel"}
# Each runs from right to left, or not, as its own letters do; a list goes as one.
_TURNING = {"p", "h3", "h4", "h5", "h6", "ul", "ol", "td", "th"}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
for _tag in _TURNING:
    _ATTRIBUTES.setdefault(_tag, set()).add("dir")

# What the parser works on: each costs it about 10 µs, a bracket 60. A text with more is shown as it
# was typed, so that nobody's words cost their readers seconds. Of 2,500 hostile texts within these
# bounds (brackets, quotes, lists, tables, links; 50,000 characters at most) none took over 0.2 s.
_MARKS = re.compile(r"[\[\]*_~`<>|&#\\!\n]|(?:[-+]|\d[.)])(?=\s)")
MOST_MARKS = 2000
MOST_BRACKETS = 200
# It stops at these, too, for about 2 µs.
_STOPS = re.compile(r"[$%+:=@^{}\-]")
MOST_STOPS = 10_000
# Rows are filled up to the widest one, and each line is tried against every quote around it.
MOST_CELLS = 5000
_QUOTED = re.compile(r"[\s>*+\-\d.)]*")
# Deeper, the parser leaves words out.
MOST_NESTED = 20
# Addresses grow when they are made ASCII. This is three times what a text of that length needs.
MOST_HTML = 150_000

PREVIEW_LENGTH = 140
_SPACE = re.compile(r"\s+")

_OPTIONS = {"html": False, "breaks": True, "maxNesting": MOST_NESTED}
_markdown = MarkdownIt("js-default", _OPTIONS)
_markdown.inline = Inline()
_markdown.inline.ruler.at("escape", backslash)
_markdown.inline.ruler.at("linkify", link_address)
# They would take words away: a definition, the line under a heading, an entity.
_markdown.disable(["image", "reference", "lheading", "entity"])


class Rendered(NamedTuple):
    """A text as HTML that is safe to put into a page, and its beginning as plain words."""

    html: str
    preview: str


def render(text: str) -> Rendered:
    """Return what is kept of `text` (Markdown) beside it."""
    # As the parser does: every kind of line break is one.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _is_intricate(text):
        return _as_typed(text)
    tokens = _markdown.parse(text)
    if any(token.level >= MOST_NESTED - 1 for token in tokens):
        return _as_typed(text)
    _dress(tokens)
    html = nh3.clean(
        _markdown.renderer.render(tokens, _markdown.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_without_login,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow ugc",
    )
    if len(html) > MOST_HTML:
        return _as_typed(text)
    # A line across the page has no words, and somebody sent it all the same.
    return Rendered(html.strip(), _first_words(_words(tokens)) or _first_words([text]))


def _as_typed(text: str) -> Rendered:
    html = f'<p dir="auto">{linebreaksbr(text.strip(), autoescape=True)}</p>'
    return Rendered(html, _first_words([text]))


def _dress(tokens: Sequence[Token]) -> None:
    """Lower the headings, and let every paragraph have its own direction."""
    lists = 0
    for token in tokens:
        token.tag = _LOWERED.get(token.tag, token.tag) if "heading" in token.type else token.tag
        if token.tag in {"ul", "ol"}:
            lists -= token.nesting < 0
        if token.nesting > 0 and token.tag in _TURNING and not lists:
            token.attrSet("dir", "auto")
        if token.tag in {"ul", "ol"}:
            lists += token.nesting > 0


def _words(tokens: Sequence[Token]) -> Iterator[str]:
    for token in tokens:
        if token.children:
            yield from _words(token.children)
        elif token.type in {"text", "code_inline", "code_block", "fence"}:
            yield token.content
        elif token.block or token.tag == "br" or token.type == "softbreak":
            yield " "


def _first_words(parts: Sequence[str] | Iterator[str]) -> str:
    found = ""
    for part in parts:
        # Blanks count once, so that a preview begins where the words do.
        found = _SPACE.sub(" ", found + part[: PREVIEW_LENGTH * 10]).lstrip()
        if len(found) > PREVIEW_LENGTH:
            break
    return found[:PREVIEW_LENGTH].rstrip()


def _is_intricate(text: str) -> bool:
    if text.count("[") > MOST_BRACKETS or len(_MARKS.findall(text)) > MOST_MARKS:
        return True
    if len(_STOPS.findall(text)) > MOST_STOPS:
        return True
    lines = text.split("\n")
    return max(_width(line) for line in lines) * len(lines) > MOST_CELLS


def _width(line: str) -> int:
    """Return how many cells the line has, or how many quotes it opens."""
    quoted = _QUOTED.match(line)
    return max(line.count("|"), quoted[0].count(">") if quoted else 0)


def _without_login(tag: str, attribute: str, value: str) -> str | None:
    return None if attribute == "href" and leads_to_login(value) else value
