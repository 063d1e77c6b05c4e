"""Markdown within a line, as people who never heard of Markdown may type it.

CommonMark takes marks out of plain text: of paths (`C:\\_tmp`), formulas (`5*3*2`), names of files
(`__init__.py`) and entities (`&lt;`); it finds no end of emphasis behind the punctuation of CJK
texts, and addresses are links between angle brackets only. linkify-it-py finds none behind a CJK
letter, and takes the punctuation behind an address as a part of it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline.state_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType

# An address ends where browsers write an escape, and at punctuation that no address has.
_ADDRESS = re.compile(
    r"(?=[^\W_]|\[)[^\s<>\"`|\\^{}\x00-\x1f\x7f"
    r"\u2000-\u206f\u3000-\u303f\ufe10-\ufe6f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]"
    r"{1,2001}"
)
_LONGEST_ADDRESS = 2000
_SCHEME = re.compile(r"(?:^|[^a-z0-9.+-])(https?)$", re.IGNORECASE)
# These end a sentence, not an address.
_BEHIND = ".,;:!?'*_~"
_PAIRS = {")": "(", "]": "["}
MOST_LINKS = 200

# Scripts that leave no blanks between words: Thai to Khmer, kana, Han, Hangul.
_UNSPACED = re.compile(
    r"[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff"
    r"\ufe30-\ufe4f\uff00-\uffef\U00016fe0-\U00018d8f\U0001b000-\U0001b2ff\U00020000-\U0003ffff]"
)
# Between two words they join them to one: a path, an address, the name of a file.
_JOINTS = frozenset("./\\:-@,")


class Flanks(NamedTuple):
    can_open: bool
    can_close: bool
    length: int


class State(StateInline):
    def scanDelims(self, start: int, canSplitWord: bool) -> Flanks:  # type: ignore[override]  # noqa: N802, N803
        """Return whether a run of `*`, `_` or `~` can begin and end emphasis."""
        mark, end = self.src[start], start
        while end < self.posMax and self.src[end] == mark:
            end += 1
        behind, ahead = self._char(start - 1), self._char(end)
        left = not _is_space(ahead) and (not _is_mark(ahead) or _ends_word(behind))
        right = not _is_space(behind) and (not _is_mark(behind) or _ends_word(ahead))
        within = _is_letter(behind) and _is_letter(ahead)
        can_open = left and not within and (canSplitWord or not right or _is_mark(behind))
        can_close = right and not within and (canSplitWord or not left or _is_mark(ahead))
        if mark == "_" or end - start == 1:
            can_open = can_open and not self._joins(start - 1, -1)
            can_close = can_close and not self._joins(end, 1)
        return Flanks(can_open, can_close, end - start)

    def _char(self, place: int) -> str:
        return self.src[place] if 0 <= place < self.posMax else " "

    def _joins(self, place: int, way: int) -> bool:
        return self._char(place) in _JOINTS and _is_letter(self._char(place + way))


def _is_space(char: str) -> bool:
    return isWhiteSpace(ord(char))


def _is_mark(char: str) -> bool:
    return isMdAsciiPunct(ord(char)) or isPunctChar(char)


def _ends_word(char: str) -> bool:
    return _is_space(char) or _is_mark(char) or _UNSPACED.match(char) is not None


def _is_letter(char: str) -> bool:
    return char.isalnum() and not _UNSPACED.match(char)


class Inline(ParserInline):
    """The stock parser of what stands within a line, with our rules of flanks."""

    def parse(self, src: str, md: MarkdownIt, env: EnvType, tokens: list[Token]) -> list[Token]:
        state = State(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


def backslash(state: StateInline, silent: bool) -> bool:
    """Let a backslash stand, and the mark behind it mean nothing."""
    if state.src[state.pos] != "\\":
        return False
    end = state.pos + 1
    if end < state.posMax and isMdAsciiPunct(ord(state.src[end])):
        end += 1
    if not silent:
        state.append_pending(state.src[state.pos : end])
    state.pos = end
    return True


def link_address(state: StateInline, silent: bool) -> bool:
    """Make a link of an address that stands in the text as it is."""
    if state.linkLevel or not state.src.startswith("://", state.pos):
        return False
    scheme = _SCHEME.search(state.pending[-9:])
    found = scheme and _ADDRESS.match(state.src, state.pos + 3, state.posMax)
    if not scheme or not found:
        return False
    is_link = len(found[0]) <= _LONGEST_ADDRESS and state.env.get("links", 0) < MOST_LINKS
    # What is too much is text in one piece: it may begin anew with every letter.
    rest = f"://{_without_end(found[0]) if is_link else found[0]}"
    state.pos += len(rest)
    if silent:
        return True
    if not is_link:
        state.append_pending(rest)
        return True
    state.env["links"] = state.env.get("links", 0) + 1
    state.pending = state.pending[: -len(scheme[1])]
    state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(scheme[1] + rest)}
    state.push("text", "", 0).content = scheme[1] + rest
    state.push("link_close", "a", -1)
    return True


def _without_end(address: str) -> str:
    """Return the address without what ends the sentence around it."""
    while address[-1] in _BEHIND or _is_unpaired(address):
        address = address[:-1]
    return address


def _is_unpaired(address: str) -> bool:
    last = address[-1]
    return last in _PAIRS and address.count(last) > address.count(_PAIRS[last])
