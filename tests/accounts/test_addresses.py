from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from accounts.addresses import throttle_address


def test_a_whole_line_counts_as_one_caller():
    assert throttle_address("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::"
    assert throttle_address("2001:db8:1:2::9") == "2001:db8:1:2::"
    assert throttle_address("2001:db8:1:3::9") == "2001:db8:1:3::"
    assert throttle_address("192.0.2.1") == "192.0.2.1"


def test_an_ipv4_address_inside_ipv6_is_itself():
    assert throttle_address("::ffff:192.0.2.1") == "192.0.2.1"


@given(st.text(max_size=60))
def test_what_is_no_address_is_unknown(text):
    assert throttle_address(f"x{text}") == "unknown"
