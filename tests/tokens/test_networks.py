from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from tokens.origins import networks


@pytest.mark.parametrize("address", ["203.0.113.9", "::ffff:203.0.113.9", "2001:db8::1"])
def test_an_address_inside_a_network_passes(address):
    assert networks.containing(["203.0.113.0/24", "2001:db8::/32"], address)


@pytest.mark.parametrize("address", ["203.0.114.9", "2001:db9::1", "", "localhost"])
def test_any_other_does_not(address):
    assert not networks.containing(["203.0.113.0/24", "2001:db8::/32"], address)


@pytest.mark.parametrize(
    ("text", "means", "caller"),
    [
        ("::ffff:10.0.0.1", "10.0.0.1/32", "10.0.0.1"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8", "10.9.9.9"),
        ("::ffff:0:0/96", "0.0.0.0/0", "203.0.113.9"),
        ("::/0", "::/0", "2001:db8::1"),
        ("fe80::/10", "fe80::/10", "fe80::1"),
    ],
)
def test_a_network_that_is_taken_has_callers(text, means, caller):
    assert [str(network) for network in networks.parse_all([text])] == [means]
    assert networks.containing([text], caller)


@pytest.mark.parametrize(
    "text", ["fe80::1%eth0", "fe80::%1/64", "224.0.0.1", "ff02::/16", "0.0.0.0", "::"]
)
def test_a_network_that_nobody_can_come_from_is_refused(text):
    with pytest.raises(ValidationError) as refused:
        networks.parse_all([text])

    assert refused.value.code == "bad_network"
    # One that an earlier version saved fails no call; it matches nobody, as before.
    assert not networks.containing([text, "203.0.113.0/24"], "203.0.114.1")
    assert networks.containing([text, "203.0.113.0/24"], "203.0.113.1")


@pytest.mark.parametrize("text", ["203.0.113.1/24", "example.com", "1.2.3.4/33"])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(ValidationError):
        networks.parse_all([text])
