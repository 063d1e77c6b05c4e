"""One site, as browsers draw its borders: by the list of public suffixes, private part included."""

from __future__ import annotations

import pytest

from tokens.diagnostics.cookie_modes import is_same_site
from tokens.origins.domains import Origin


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.shop.com.tw", "https://b.shop.com.tw", True),
        ("https://one.com.tw", "https://two.com.tw", False),
        ("https://one.gov.cn", "https://two.gov.cn", False),
        ("https://d1.cloudfront.net", "https://d2.cloudfront.net", False),
        ("https://one.azurewebsites.net", "https://www.one.azurewebsites.net", True),
        ("https://cloudfront.net", "https://cloudfront.net:8443", True),
        ("https://one.foo.ck", "https://two.foo.ck", False),
        ("https://a.www.ck", "https://b.www.ck", True),
        ("https://a.公司.cn", "https://b.公司.cn", False),
        ("https://one.com.de", "https://two.com.de", False),
        # It only looks like a country's second level.
        ("https://a.go.de", "https://b.go.de", True),
        ("http://10.1.0.1", "http://10.2.0.1", False),
    ],
)
def test_one_site_ends_where_strangers_begin(one, other, same):
    assert is_same_site(Origin.parse(one), Origin.parse(other)) is same
