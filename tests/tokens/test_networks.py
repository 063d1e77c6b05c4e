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


@pytest.mark.parametrize("text", ["203.0.113.1/24", "example.com", "1.2.3.4/33"])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(ValidationError):
        networks.parse_all([text])
