"""Chromium itself, asked what tests/tokens/browsers.py says that browsers do."""

from __future__ import annotations

import pytest

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.tokens.browsers import DEFAULT_PORTS, BrowserOrigin, may_frame, origin_of
from tokens.origins.domains import Origin, parse

pytestmark = [pytest.mark.browser, pytest.mark.once]

ADDRESSES = [
    "https://example.com",
    "HTTPS://EXAMPLE.com:443/a?b#c",
    "http://example.com:443",
    "http://example.com:080",
    "https://example.com.",
    "https://example.com..",
    "https://a..b",
    "https://.example.com",
    "https://",
    "https://example.com@evil.com",
    "https://evil.com\\@example.com",
    "https:\\\\example.com\\x",
    "https:example.com",
    "https:/example.com",
    "https:///example.com",
    "https://a:b@c@example.com:8443",
    "https://example.com:",
    "https://example.com:0",
    "https://example.com:65535",
    "https://example.com:65536",
    "https://example.com:8x",
    "https://example.com:-1",
    "https://example.com:٣",
    "ftp://example.com",
    "file:///example.com",
    "javascript:alert(1)",
    "null",
    "ht\ntps://exam\tple.com",
    "https://exam ple.com",
    "https://ex%61mple.com",
    "https://example.com%2eevil.com",
    "https://example.com%40evil.com",
    "https://a_b.example.com",
    "https://-a-.example.com",
    "https://a--b.example.com",
    "https://straße.de",
    "https://STRASSE.de",
    "https://STRAẞE.de",
    "https://faß.example",
    "https://xn--fa-hia.example",
    "https://XN--FA-HIA.example",
    "https://exаmple.com",
    "https://i❤.ws",
    "https://xn--i-7iq.ws",
    "https://xn--.com",
    "https://xn--a.com",
    "https://xn--a-.com",
    "https://xn--example-.com",
    "https://a--b.straße.de",
    "https://_dmarc.straße.de",
    "https://例え。テスト",
    "https://ＥＸＡＭＰＬＥ．com",
    "https://exam\u00adple.com",
    "https://x\u200cy.com",
    "https://नी\u200d.com",
    "https://\u0301a.com",
    "https://אב.com",
    "https://0a.אב.com",
    "https://אa.com",
    "https://a.٣.com",
    "https://٣.com",
    "https://a.אב",
    "https://127.א",
    "https://Σας.gr",
    "https://İstanbul.com",
    "https://127.1",
    "https://0x7f.1",
    "https://0177.0.0.01",
    "https://127.0.0.1.",
    "https://127.0.0.1..",
    "https://4294967295",
    "https://4294967296",
    "https://256.1.1.1",
    "https://1.2.3.4.5",
    "https://1_0.5",
    "https://-0.1",
    "https://0o7.1",
    "https://0x0x5",
    "https://0x",
    "https://a.0x",
    "https://a.0xg",
    "https://09.1",
    "https://a.09",
    "https://１２７.0.0.1",
    "https://[::1]",
    "https://[0:0::1]:8443",
    "https://[2001:DB8:0:0:1:0:0:1]",
    "https://[1:0:0:2:0:0:0:3]",
    "https://[1:2:3:0:5:6:7:8]",
    "https://[::ffff:1.2.3.4]",
    "https://[::1.2.3]",
    "https://[::01.2.3.4]",
    "https://[::1%25eth0]",
    "https://[::1]x",
    "https://[::1",
    "https://[1:2:3:4:5:6:7::]",
    "https://[12345::]",
]
# Where Chromium accepts what the standard refuses: none of it can be registered as a name.
LAXER = {
    "https://exam ple.com",
    "https://xn--.com",
    "https://xn--a.com",
    "https://xn--a-.com",
    "https://xn--example-.com",
    "https://[::01.2.3.4]",
}
FRAMED = [
    ("example.com", "https://example.com"),
    ("example.com", "http://example.com"),
    ("example.com", "https://EXAMPLE.com:443"),
    ("example.com", "https://example.com."),
    ("example.com.", "https://example.com"),
    ("example.com", "https://www.example.com"),
    ("example.com", "https://evil-example.com"),
    ("example.com", "https://example.com.evil.com"),
    ("example.com", "https://example.com@evil.com"),
    ("example.com", "https://example.com:8443"),
    ("example.com:8443", "https://example.com:8443"),
    ("example.com:8443", "https://example.com"),
    ("example.com:*", "https://example.com:8443"),
    ("http://example.com:*", "https://example.com:8443"),
    ("http://example.com", "https://example.com"),
    ("https://example.com", "http://example.com"),
    ("http://example.com:80", "https://example.com"),
    ("example.com:80", "https://example.com"),
    ("https://example.com:80", "https://example.com"),
    ("http://example.com:443", "https://example.com"),
    ("http://example.com:8080", "https://example.com:8080"),
    ("*.example.com", "https://a.b.example.com"),
    ("*.example.com", "https://a_b.example.com"),
    ("*.example.com", "https://example.com"),
    ("*.example.com", "https://evilexample.com"),
    ("*.example.com", "https://www.example.com."),
    (".example.com", "https://example.com"),
    ("*.example.com:*", "http://a.example.com:77"),
    ("straße.de", "https://straße.de"),
    ("strasse.de", "https://straße.de"),
    ("i❤.ws", "https://xn--i-7iq.ws"),
    ("example.com", "https://exаmple.com"),
    ("127.0.0.1:8000", "http://127.1:8000"),
    ("0x7f.1", "https://127.0.0.1"),
    ("localhost:3000", "http://localhost:3000"),
    ("-a.example.com", "https://-a.example.com"),
    ("a_b.example.com", "https://a_b.example.com"),
    ("[::1]", "https://[::1]"),
]


@pytest.fixture(scope="module")
def page(playwright):
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(10_000)
    yield context.new_page()
    browser.close()


def test_the_yardstick_reads_addresses_as_chromium_does(page):
    read = page.evaluate(
        """addresses => addresses.map(address => {
             try {
               const url = new URL(address);
               return [url.protocol.slice(0, -1), url.hostname, url.port];
             } catch { return null; }
           })""",
        ADDRESSES,
    )

    chromium = dict(zip(ADDRESSES, map(as_origin, read), strict=True))
    ours = {address: origin_of(address) for address in ADDRESSES}
    differing = {address for address in ADDRESSES if ours[address] != chromium[address]}
    assert {address: chromium[address] for address in differing - LAXER} == {}
    assert {ours[address] for address in differing} <= {None}


def as_origin(read: list[str] | None) -> BrowserOrigin | None:
    if not read or read[0] not in DEFAULT_PORTS:
        return None
    scheme, host, port = read
    return BrowserOrigin(scheme, host, int(port) if port else DEFAULT_PORTS[scheme])


def test_pages_frame_us_in_chromium_where_the_yardstick_and_the_matcher_say_so(page):
    answers = {}
    sources: list[str] = []

    def answer(route):
        if route.request.url.endswith("/framed"):
            headers = {"Content-Security-Policy": f"frame-ancestors {' '.join(sources)}"}
            route.fulfill(content_type="text/html", headers=headers, body="Weiyu")
        else:
            scheme = route.request.url.partition(":")[0]
            frame = f'<iframe src="{scheme}://desk.weiyu.test/framed"></iframe>'
            route.fulfill(content_type="text/html", body=frame)

    page.route("**/*", answer)
    for entry, address in FRAMED:
        domains = parse(entry)
        sources[:] = [source for domain in domains for source in domain.csp_sources()]
        page.goto(address)
        shown = page.frames[1].url.endswith("/framed")
        origin = Origin.parse(page.evaluate("origin"))
        matched = any(domain.matches(origin) for domain in domains)
        matched = matched and all(domain.can_frame for domain in domains)
        answers[entry, address] = (shown, may_frame(sources, origin_of(address)), matched)

    assert {case: answer for case, answer in answers.items() if len(set(answer)) > 1} == {}
    assert sum(shown for shown, *_ in answers.values()) == 22
