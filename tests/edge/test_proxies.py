"""Who calls: only trusted proxies are believed, and addresses have one spelling."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weiyu_site.edge import proxies
from weiyu_site.edge.proxies import find_caller, parse_address

TRUSTED = [ipaddress.ip_network(n) for n in ("10.0.0.0/8", "fd00::/8", "127.0.0.1/32")]


def caller(peer, forwarded_for="", proto="", trusted=TRUSTED):
    return find_caller(
        peer, "http", forwarded_for=forwarded_for, forwarded_proto=proto, trusted=trusted
    )


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        ("203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2", "1.2.3.4"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "1.2.3.4, unknown, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "'; DROP TABLE", "10.0.0.1"),
        ("10.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("10.0.0.1", "1.2.3.4:5678", "1.2.3.4"),
        ("::ffff:10.0.0.1", "::ffff:1.2.3.4", "1.2.3.4"),
        ("fd00::1%eth0", "2001:DB8::0007", "2001:db8::7"),
        ("::ffff:203.0.113.9", "1.2.3.4", "203.0.113.9"),
        ("testclient", "1.2.3.4", "testclient"),
        ("", "1.2.3.4", ""),
    ],
)
def test_the_right_most_untrusted_hop_calls(peer, forwarded_for, address):
    assert caller(peer, forwarded_for, "https" if forwarded_for else "").address == address


def test_nobody_is_believed_without_trust():
    assert caller("127.0.0.1", "1.2.3.4", "https", trusted=[]) == ("127.0.0.1", "http")


@pytest.mark.parametrize(
    ("forwarded_for", "proto", "scheme"),
    [
        ("1.2.3.4", "https", "https"),
        ("1.2.3.4", "HTTPS", "https"),
        ("1.2.3.4", "wss", "http"),
        ("1.2.3.4, 10.0.0.2", "https, http", "https"),
        ("6.6.6.6, 1.2.3.4", "https, http", "http"),
        ("1.2.3.4", "https, http", "http"),
        ("", "https", "https"),
        ("1.2.3.4", "", "http"),
    ],
)
def test_the_scheme_is_the_one_of_the_same_hop(forwarded_for, proto, scheme):
    assert caller("10.0.0.1", forwarded_for, proto).scheme == scheme


@given(st.ip_addresses())
def test_every_spelling_of_an_address_is_read_as_itself(address):
    expected = getattr(address, "ipv4_mapped", None) or address
    bracketed = f"[{address}]" if address.version == 6 else str(address)

    assert parse_address(str(address)) == expected
    assert parse_address(f"{bracketed}:443") == expected
    assert parse_address(f'"{bracketed}"') == expected


@given(st.text(max_size=60))
def test_rubbish_never_fails(text):
    parse_address(text)
    caller("10.0.0.1", text, text)


def test_what_is_too_long_for_an_address_is_not_kept():
    before = proxies._parse_address.cache_info().currsize

    assert parse_address("1" * 60_000) is None
    assert proxies._parse_address.cache_info().currsize == before
