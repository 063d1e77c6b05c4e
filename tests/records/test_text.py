"""What is kept and what is compared, as every name, tag and search is."""

from __future__ import annotations

import re
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from records.text import (
    LONGEST_COMPARED,
    MOST_MARKS,
    NameValidator,
    compared,
    is_visible,
    kept,
    kept_name,
)

DECOMPOSED = unicodedata.normalize("NFD", "Vertrieb Süd")
INVISIBLE = "\u200b\u3164\ufeff\u00ad\u2060\u115f\uffa0\u2800\u180e\u034f\u200e\U000e0041 \t"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("müller", "MÜLLER"),
        ("привет", "ПРИВЕТ"),
        ("café", "cafe\u0301"),
        ("ABC123", "ＡＢＣ１２３"),
        ("ＶＩＰ", "vip"),
        ("Straße", "STRASSE"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("ﬁx", "FIX"),
        ("ｶﾞ", "ガ"),
        ("한글", unicodedata.normalize("NFD", "한글")),
        ("Vertrieb  Süd", "vertrieb\u00a0SÜD"),
        ("co\u00adop", "coop"),
        ("a\u200bb", "ab"),
        ("❤\ufe0f", "❤"),
        ("ᾳ", "ΑΙ"),
        ("İ", "i\u0307"),
    ],
)
def test_these_are_one(one, other):
    assert compared(one) == compared(other)


@pytest.mark.parametrize(("one", "other"), [("ı", "i"), ("é", "e"), ("о", "o"), ("退款", "退")])
def test_these_are_two(one, other):
    assert compared(one) != compared(other)


@given(st.text())
def test_the_compared_form_rests_and_forgets_spelling(text):
    form = compared(text)

    assert compared(form) == form
    for spelling in (text.lower(), text.casefold(), kept(text)):
        assert compared(spelling) == form
    for normal_form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert compared(unicodedata.normalize(normal_form, text)) == form


def test_what_is_kept_looks_as_it_was_typed():
    assert kept_name(f"  {DECOMPOSED} ") == "Vertrieb Süd"
    assert kept("ＶＩＰ ﬁx") == "ＶＩＰ ﬁx"
    assert kept("  two\n\nlines  ") == "  two\n\nlines  "


@pytest.mark.parametrize("blank", [*INVISIBLE, INVISIBLE, "\x01\x1b"])
def test_what_nobody_sees_is_blank(blank):
    assert not is_visible(blank)
    assert kept_name(blank) == ""
    assert is_visible(f"{blank}x")


@pytest.mark.parametrize("text", ["x", "退", "👍", "\u0301", "。", "-", "\U000f0000"])
def test_what_leaves_ink_is_none(text):
    assert is_visible(text)


@pytest.mark.parametrize("turning", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_what_turns_other_words_is_refused_in_names(turning):
    with pytest.raises(ValidationError) as refused:
        NameValidator()(f"refund {turning} 05.1 rof")

    assert refused.value.code == "turning_character"
    assert f"U+{ord(turning):04X}" in refused.value.messages[0]


def test_names_from_right_to_left_are_names():
    NameValidator()("\u200fשלום abc\u200e \u061cمرحبا")


def test_a_name_that_compares_too_long_is_refused():
    NameValidator(18)("\ufdfa")
    with pytest.raises(ValidationError, match="at most 17"):
        NameValidator(17)("\ufdfa")


@pytest.mark.parametrize("marks", ["\u0301\u0327", "\u0344\u0323", "\u0f73\u0301"])
@pytest.mark.parametrize("normalise", [compared, kept, kept_name])
def test_a_letter_of_many_marks_costs_no_more_than_its_length(normalise, marks, monkeypatch):
    """Normal forms sort the marks of a letter, at the cost of the square of their number."""
    longest, normalize = [], unicodedata.normalize

    def counted(form, text):
        runs = re.findall(f"[{marks}\u0308\u0301\u0f71\u0f72]+", normalize("NFD", text[:200]))
        longest.append(max(map(len, runs), default=0))
        return normalize(form, text)

    monkeypatch.setattr(unicodedata, "normalize", counted)
    text = normalise(f"a{marks * 25_000}b")

    assert max(longest, default=0) <= 2 * MOST_MARKS
    assert text[-1] == "b"


def test_what_has_too_many_marks_is_kept_as_it_was_typed():
    text = "a" + "\u0301\u0327" * 40

    assert kept(text) == text
    assert compared(f"{text}b") == compared(f"{text}\u0301b")
    assert len(compared("ﷺ" * 50_000)) <= LONGEST_COMPARED


def test_no_text_costs_more_than_the_longest_that_is_compared():
    """One character stands for eighteen, so the end of a long text is left out at once."""
    assert compared("ﷺ" * (LONGEST_COMPARED + 1)) == compared("ﷺ" * LONGEST_COMPARED)
    looked_at = []

    class Watched(str):
        def __getitem__(self, place):
            looked_at.append(place)
            return str(self)[place]

        def isascii(self):
            return False

    compared(Watched("ﷺ" * 10))
    assert looked_at == [slice(None, LONGEST_COMPARED)]
