"""The matcher, the CSP source and browsers agree, whatever stands in the list or in the address.

What is tried is put together from pieces that have fooled parsers before; a number of Hypothesis
picks them, which costs a fraction of a strategy of strategies.
"""

from __future__ import annotations

import re
from random import Random

from django.core.exceptions import ValidationError
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.tokens.browsers import BrowserOrigin, may_frame, origin_of
from tokens.admin.forms import LinesField
from tokens.origins.domains import MOST_DOMAINS, Origin, parse, parse_all

many = settings(max_examples=500)

# Letters that mapping, normalizing or the rules of a script change, join or forbid.
LETTERS = [
    *"abzAZ019-_éßẞςΣıİſKÅаеорΑ中文。．｡אבשدبی١۲❤☕🦊",
    *("\u00ad", "\u200c", "\u200d", "\u0301", "\ufe0f"),
]
LABELS = [
    *("example", "Example", "evil-example", "www", "com", "xn--strae-oqa", "straße", "STRASSE"),
    *("xn--", "xn--a", "XN--STRAE-OQA", "xn--i-7iq", "i❤", "faß", "xn--fa-hia", "a--b", "-a"),
    *("a_b", "_", "", "*", "0", "1", "127", "255", "256", "0x7f", "0x", "0x1_0", "010", "09"),
    *("1_0", "-0", "-1", "0o7", "4294967295", "4294967296", "٣", "localhost", "ex%61mple"),
]
IPV6 = [
    *("::1", "::", "1::", "2001:db8::10", "2001:DB8:0:0:1:0:0:1", "1:2:3:4:5:6:7:8", "::1%eth0"),
    *("::ffff:1.2.3.4", "::ffff:102:304", "::1.2.3", "1::2::3", "::ffff:01.2.3.4", "12345::"),
    *("64:ff9b::192.0.2.1", "0:0:0:0:0:ffff:0:0", "::0.0.0.0", "1:0:0:2:0:0:0:3", ":1"),
]
KNOWN = ["example.com", "www.example.com", "example.com.evil.com", "exаmple.com", "192.0.2.10"]
PORTS = [
    *("", "", "", ":80", ":443", ":8080", ":08080"),
    *(":", ":0", ":65536", ":٣", ":8x", ":-1"),
]
LOOK_ALIKES = [
    *("{}", "{}", "{}", "www.{}", "a.b.{}", "evil-{}", "evil{}", "{}.evil.com", "{}@evil.com"),
    *("evil.com@{}", "{}.", ".{}", "www..{}", "{}:443", "{}:80", "{}:8080", "a_b.{}", "-.{}"),
    *("xn--a.{}", "evil.com\\@{}", "evil.com#{}", "evil.com/{}", "{}%2eevil.com", "ⓦ.{}"),
]


def a_host(pick: Random) -> str:
    kind = pick.random()
    if kind < 0.2:
        return pick.choice(KNOWN)
    if kind < 0.4:
        inside = pick.choice(IPV6) if kind < 0.3 else few(pick, "0123:af.", 12)
        return f"[{inside}{pick.choice([']', ']', ']', '', ']x', '].com'])}"
    parts = [
        pick.choice(LABELS) if pick.random() < 0.7 else few(pick, LETTERS, 6)
        for _ in range(pick.randint(1, 4))
    ]
    return ".".join(parts) + pick.choice(["", "", "", ".", "..", "。"])


def few(pick: Random, letters: str | list[str], most: int) -> str:
    return "".join(pick.choice(letters) for _ in range(pick.randint(1, most)))


def an_address(seed: int) -> str:
    """An address as it may stand in a Referer, good or not."""
    pick = Random(seed)
    return "".join(
        [
            pick.choice(["https", "http", "HTTPS", "ws", "file", "javascript", " https", "ht\ttp"]),
            pick.choice(["://", "://", "://", ":", ":/", ":///", ":\\\\", "://\\"]),
            pick.choice(["", "", "", "a@", "a:b@", "example.com@", "a@b@", "a\\@", "a/@"]),
            a_host(pick) + pick.choice(PORTS),
            pick.choice(["", "/", "/crm?x=1#y", "?@evil.com", "#@evil.com", "\\@evil.com"]),
        ]
    )


def an_entry(seed: int) -> str:
    """A line as somebody may type it into the list of domains."""
    pick = Random(seed)
    return "".join(
        [
            pick.choice(["", "", "https://", "http://", "HTTPS://"]),
            pick.choice(["", "", "*.", "."]),
            a_host(pick),
            pick.choice([*PORTS, ":*"]),
        ]
    )


def an_entry_and_a_page(seed: int) -> tuple[str, str]:
    """A line of the list, and a page that is, or only looks, like one of its."""
    pick, entry = Random(seed), an_entry(seed)
    host = (entry.partition("://")[2] or entry).removeprefix("*").removeprefix(".")
    page = pick.choice(LOOK_ALIKES).format(host.removesuffix(":*"))
    page = page.upper() if pick.random() < 0.3 else page
    return entry, f"{pick.choice(['http', 'https'])}://{page}"


seeds = st.integers(0, 2**32 - 1)
# The yardstick and `idna` know the letters of different editions of Unicode: try those of both.
known_text = st.text(st.characters(exclude_categories=["Cn", "Cs"]), max_size=40)
addresses = seeds.map(an_address)
entries = seeds.map(an_entry)


def seen(origin: Origin | None) -> BrowserOrigin | None:
    return BrowserOrigin(origin.scheme, origin.host, origin.port) if origin else None


@many
@given(addresses | known_text.map("https://{}".format))
@example("https://example.com\\@evil.com")
@example("https://example.com\x85")
@example("https://[::1]evil.com")
@example("https://-0.1")
@example("https://1_0.5")
@example("https://0o7.1")
@example("https://0x0x5")
@example("https://[::ffff:1.2.3.4]")
def test_an_address_is_read_as_browsers_read_it_or_not_at_all(address):
    ours = seen(Origin.parse(address))

    assert ours is None or ours == origin_of(address)


@many
@given(addresses)
@example("https://xn--i-7iq.ws")
@example("https://i❤.ws")
@example("https://a--b.straße.de")
@example("https://_dmarc.straße.de")
@example("https://example.com.")
def test_every_origin_that_a_browser_can_send_is_read(address):
    page = origin_of(address)
    assume(page is not None)
    assume(page.host.startswith("[") or re.fullmatch(r"([a-z0-9_-]+\.)*[a-z0-9_-]+\.?", page.host))

    assert seen(Origin.parse(str(page))) == page
    assert str(Origin.parse(str(page))) == str(page)


@many
@given(seeds.map(an_entry_and_a_page) | st.tuples(entries, addresses))
@example(("http://example.com:80", "https://example.com"))
@example(("example.com:80", "https://example.com"))
@example(("https://example.com:80", "https://example.com"))
@example(("http://example.com:8080", "https://example.com:8080"))
@example(("example.com", "https://example.com."))
@example(("*.example.com", "https://www.example.com."))
@example(("*.example.com", "https://example.com"))
def test_a_page_may_use_the_token_exactly_where_browsers_let_it_frame_us(listed):
    entry, address = listed
    try:
        domains = parse(entry)
    except ValidationError:
        return
    page = origin_of(address)
    assume(page is not None)
    origin = Origin.parse(str(page))
    assume(origin is not None)

    allowed = any(domain.matches(origin) for domain in domains)
    framed = may_frame([source for domain in domains for source in domain.csp_sources()], page)
    if all(domain.can_frame for domain in domains):
        assert allowed == framed
    else:
        # Calls may come from there; browsers know no way to write it down for frames.
        assert not framed


@many
@given(entries, addresses)
@example("example.com", "https://example.com.")
@example("*.example.com", "https://evilexample.com")
def test_no_other_host_ever_matches(entry, address):
    try:
        domains = parse(entry)
    except ValidationError:
        return
    page, origin = origin_of(address), Origin.parse(address)
    assume(origin is not None)

    for domain in domains:
        below = domain.subdomains and page.host.endswith(f".{domain.host}")
        same = not domain.subdomains and page.host == domain.host
        assert not domain.matches(origin) or below or same


@many
@given(entries | st.text(max_size=30))
def test_what_is_saved_is_read_and_shown_the_same_ever_after(entry):
    try:
        domains = parse(entry)
    except ValidationError:
        return

    saved = [str(domain) for domain in domains]
    assert parse_all(saved) == domains
    assert [str(domain) for domain in parse_all(saved)] == saved
    field = LinesField(parse=parse_all, example="")
    assert field.clean(field.prepare_value(saved)) == saved
    assert not field.has_changed(saved, field.prepare_value(saved))
    for line in saved:
        assert parse(f"  {line.upper()}  ") == parse(line)


@many
@given(entries | st.text(max_size=30))
def test_a_source_never_says_more_than_one_source(entry):
    try:
        domains = parse(entry)
    except ValidationError:
        return

    for source in (source for domain in domains for source in domain.csp_sources()):
        assert source.isascii()
        assert source.isprintable()
        assert not set(source) & set(" ;,'\"\\")
        assert source.startswith(("http://", "https://"))


@given(st.lists(entries, max_size=8))
def test_a_list_keeps_its_meaning_when_it_is_saved(lines):
    try:
        domains = parse_all(lines)
    except ValidationError:
        return

    assert len(domains) <= MOST_DOMAINS
    assert parse_all([str(domain) for domain in domains]) == domains
