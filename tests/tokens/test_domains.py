from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from tokens.origins.domains import Origin, parse, parse_all, parse_to_save
from tokens.origins.hosts import normal_host


def allows(entry: str, page: str) -> bool:
    origin = Origin.parse(page)
    return origin is not None and any(domain.matches(origin) for domain in parse(entry))


@pytest.mark.parametrize(
    ("entry", "page"),
    [
        ("example.com", "http://example.com/a?b#c"),
        ("example.com.", "https://EXAMPLE.com"),
        ("http://example.com", "https://example.com"),
        ("https://example.com", "https://example.com:443"),
        ("example.com:8080", "http://example.com:8080"),
        ("example.com:*", "https://example.com:9"),
        ("*.example.com", "https://a.b.example.com"),
        (".example.com", "https://example.com"),
        (".example.com", "https://crm.example.com"),
        ("straße.de", "https://xn--strae-oqa.de"),
        ("xn--strae-oqa.de", "https://straße.de"),
        ("127.0.0.1:8000", "http://127.1:8000"),
        ("[::1]:8000", "http://[0:0::1]:8000"),
        ("localhost:3000", "http://localhost:3000"),
    ],
)
def test_a_listed_page_may_use_the_token(entry, page):
    assert allows(entry, page)


@pytest.mark.parametrize(
    ("entry", "page"),
    [
        ("example.com", "https://evil-example.com"),
        ("example.com", "https://example.com.evil.com"),
        ("example.com", "https://example.com@evil.com"),
        ("example.com", "https://www.example.com"),
        ("example.com", "https://example.com:8443"),
        ("https://example.com", "http://example.com"),
        ("*.example.com", "https://example.com"),
        ("*.example.com", "https://evilexample.com"),
        ("*.example.com", "https://.example.com"),
        ("example.com:8080", "https://example.com"),
        ("example.com", "null"),
        ("example.com", "file:///example.com"),
        ("example.com", "https://exаmple.com"),
    ],
)
def test_a_page_that_only_looks_alike_may_not(entry, page):
    assert not allows(entry, page)


@pytest.mark.parametrize(
    ("entry", "sources"),
    [
        ("example.com", ["http://example.com", "https://example.com"]),
        ("http://example.com", ["http://example.com", "https://example.com"]),
        ("https://example.com", ["https://example.com"]),
        ("*.example.com:*", ["http://*.example.com:*", "https://*.example.com:*"]),
    ],
)
def test_the_matcher_writes_its_own_csp_source(entry, sources):
    assert [source for domain in parse(entry) for source in domain.csp_sources()] == sources


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("*", "no_domain"),
        ("null", "no_domain"),
        ("NULL", "no_domain"),
        ("https://", "no_domain"),
        ("*.com", "too_wide"),
        ("*.co.uk", "too_wide"),
        ("*.1.2.3.4", "too_wide"),
        ("a.*.example.com", "inner_wildcard"),
        ("*.*.example.com", "inner_wildcard"),
        ("ftp://example.com", "bad_scheme"),
        ("example.com/crm", "not_only_a_domain"),
        ("user@example.com", "not_only_a_domain"),
        ("example.com?x", "not_only_a_domain"),
        ("example.com; script-src *", "bad_character"),
        ("a.com,b.com", "bad_character"),
        ("exam ple.com", "bad_character"),
        ("'self'", "bad_character"),
        ("example.com:0", "bad_port"),
        ("example.com:99999", "bad_port"),
        ("example.com:٣", "bad_port"),
        ("a..com", "bad_host"),
        ("exam%70le.com", "bad_host"),
        ("1.2.3.4.5", "bad_host"),
        ("256.1.1.1", "bad_host"),
        ("[::1%eth0]", "bad_host"),
        ("a" * 300 + ".com", "bad_host"),
    ],
)
def test_what_no_browser_could_match_is_refused_with_a_sentence(entry, code):
    with pytest.raises(ValidationError) as refusal:
        parse_to_save([entry])

    assert refusal.value.code == code
    assert refusal.value.messages[0].endswith(".")


def test_a_list_is_saved_once_each_in_its_order():
    domains = parse_all(["b.com", "", " A.com ", "b.com."])

    assert [str(domain) for domain in domains] == ["b.com", "a.com"]


def test_fifty_domains_are_the_most():
    with pytest.raises(ValidationError):
        parse_all(f"d{number}.example.com" for number in range(51))


@given(st.text(max_size=40))
def test_any_text_is_parsed_stably_or_refused(text):
    try:
        domains = parse(text)
    except ValidationError:
        return

    for domain in domains:
        assert parse(str(domain)) == (domain,)
        assert not set(str(domain)) & set(" ;,'\"")


@given(st.text(max_size=60))
def test_any_origin_header_is_read_or_ignored(text):
    origin = Origin.parse(text)

    assert origin is None or normal_host(origin.host) == origin.host
