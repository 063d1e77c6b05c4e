"""Turn what people write (Markdown) into clean HTML, or into a line of plain words."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from urllib.parse import unquote, urlsplit

import nh3
from django.template.defaultfilters import linebreaksbr
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

_TAGS = {
    "a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
# Headings of a message must not outrank those of the page around it.
_LOWERED = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}
_SCHEMES = {"http", "https", "mailto", "tel"}
# A link must not sign anybody in. Our own host has many names, so this goes for every host.
_LOGIN_PATH = re.compile(r"/(agent|admin)/(auth/)?login(/|$)")
_LOGIN_QUERY = re.compile(r"\baccess_?token=")
_INVISIBLE = re.compile(r"[\x00-\x20\x7f]")

# What the parser works on: each costs it about 10 µs, a bracket 60. A text with more is shown as it
# was typed, so that nobody's words cost their readers seconds. Of 2,500 hostile texts within these
# bounds (brackets, quotes, lists, tables, links; 50,000 characters at most) none took over 60 ms.
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

PREVIEW_LENGTH = 140
_MARKUP = re.compile(r"[*_`>#~\[\]|]+|\(https?://\S+\)")
_SPACE = re.compile(r"\s+")

_OPTIONS = {"html": False, "breaks": True, "maxNesting": MOST_NESTED}
_markdown = MarkdownIt("js-default", _OPTIONS).disable(["image"])


@lru_cache(maxsize=128)
def render(text: str) -> SafeString:
    """Return `text` (Markdown) as HTML that is safe to put into a page."""
    # As the parser does: every kind of line break is one.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _is_intricate(text):
        return _as_typed(text)
    tokens = _markdown.parse(text)
    if any(token.level >= MOST_NESTED - 1 for token in tokens):
        return _as_typed(text)
    for token in tokens:
        token.tag = _LOWERED.get(token.tag, token.tag)
    html = nh3.clean(
        _markdown.renderer.render(tokens, _markdown.options, {}),
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        attribute_filter=_without_login,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow ugc",
    )
    return mark_safe(html.strip())  # noqa: S308 (nh3 made it clean)


def preview(text: str) -> str:
    """Return the beginning of `text` (Markdown) as plain words on one line."""
    plain = _MARKUP.sub(" ", text[: PREVIEW_LENGTH * 3])
    return _SPACE.sub(" ", plain).strip()[:PREVIEW_LENGTH]


def _as_typed(text: str) -> SafeString:
    return mark_safe(f"<p>{linebreaksbr(text.strip(), autoescape=True)}</p>")  # noqa: S308


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


def leads_to_login(address: str) -> bool:
    """Return whether a browser would take `address` to a sign-in page or hand over a token."""
    plain = unquote(unquote(_INVISIBLE.sub("", address))).replace("\\", "/").lower()
    if _LOGIN_QUERY.search(plain):
        return True
    try:
        path = urlsplit(plain).path
    except ValueError:
        return True
    return bool(_LOGIN_PATH.search(posixpath.normpath(path)))
