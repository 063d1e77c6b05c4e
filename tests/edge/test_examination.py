"""One examination: what an ASGI scope and a WSGI environ say of a request is judged alike."""

from __future__ import annotations

import ipaddress
import time
from urllib.parse import quote, unquote, unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weiyu_site.edge.application import examine_scope
from weiyu_site.edge.examination import RequestHead, examine
from weiyu_site.edge.middleware import examine_environ

TOKEN = "eyJhbGciOiJIUzM4NCIsImtpZCI6InQxIn0.eyJzdWIiOiJ4IiwiaWF0IjoxfQ.c2lnbmF0dXJl_-x"
TRUSTED = [ipaddress.ip_network("10.0.0.0/8")]


def as_scope(target, headers, peer="10.0.0.1", method="GET"):
    path, _, query = target.partition("?")
    return {
        "type": "http", "method": method, "scheme": "http", "client": (peer, 1234),
        "path": unquote(path), "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }  # fmt: skip


def as_environ(target, headers, peer="10.0.0.1", method="GET"):
    path, _, query = target.partition("?")
    keys = {name: name.upper().replace("-", "_") for name in headers}
    return {
        "REQUEST_METHOD": method, "wsgi.url_scheme": "http", "REMOTE_ADDR": peer,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"), "QUERY_STRING": query,
        **{
            key if key.startswith("CONTENT_") else f"HTTP_{key}": headers[name]
            for name, key in keys.items()
        },
    }  # fmt: skip


def verdict(examined):
    refusal = examined.refusal
    return {
        **examined._asdict(),
        "headers": sorted(examined.headers.kept),
        "request_id": len(examined.request_id),
        "body": examined.body._replace(refusal=None),
        "refusal": refusal and (refusal.status, refusal.code, refusal.close),
    }


def both(target="/x", headers=None, **more):
    """Return what both sides find, once it is known to be the same."""
    headers = {"host": "weiyu.test", **(headers or {})}
    scope, environ = as_scope(target, headers, **more), as_environ(target, headers, **more)
    asgi, wsgi = examine_scope(scope, TRUSTED), examine_environ(environ, TRUSTED)

    assert verdict(asgi) == verdict(wsgi)
    assert scope["path"].encode() == environ["PATH_INFO"].encode("latin-1")
    assert scope["query_string"].decode() == environ["QUERY_STRING"]
    assert scope["client"][0] == environ["REMOTE_ADDR"]
    assert scope["scheme"] == environ["wsgi.url_scheme"]
    assert scope["weiyu.access_tokens"] == environ["weiyu.access_tokens"]
    return asgi


@pytest.mark.parametrize(
    ("target", "headers", "refusal"),
    [
        ("/x", {}, None),
        ("/%00", {}, (400, "malformed")),
        ("/x?a=%00", {}, (400, "malformed")),
        ("/x?a=\0", {}, (400, "malformed")),
        ("/x?" + "a" * 17_000, {}, (414, "address-too-long")),
        ("/x", {"x-long": "x" * 70_000}, (431, "headers-too-large")),
        ("/x", {"content-type": "text/plain; charset=rot13"}, (415, "charset-unsupported")),
        ("/x", {"content-length": "-1"}, (400, "malformed")),
        ("/x", {"content-length": "2621440"}, None),
        ("/x", {"content-length": "2621441"}, (413, "body-too-large")),
        ("/x", {"content-length": "9" * 5000}, (413, "body-too-large")),
        ("/x", {"content-length": "0" * 5000 + "9"}, None),
        ("/healthz", {"content-length": "2621441"}, None),
        ("/healthz?a=%00", {}, (400, "malformed")),
        ("/api/user/avatar", {"content-type": "multipart/form-data; boundary=x",
                              "content-length": "4000000"}, None),
        # The address comes first, then headers, then the body.
        ("/x?" + "a" * 17_000, {"content-length": "2621441"}, (414, "address-too-long")),
        ("/x?a=%00", {"content-type": "a/b; charset=x"}, (415, "charset-unsupported")),
        ("/x?a=%00", {"content-length": "2621441"}, (400, "malformed")),
    ],
)  # fmt: skip
def test_both_sides_refuse_the_same(target, headers, refusal):
    found = both(target, headers).refusal

    assert (found and (found.status, found.code)) == refusal


def test_both_sides_clean_the_same():
    examined = both(
        f"/agent/{TOKEN}/\u00e9?a=1&accessToken={TOKEN}&b=\u00e9%20".replace("\u00e9", "\xe9"),
        {
            "referer": f"http://x.example/?token={TOKEN}", "x-note": TOKEN,
            "authorization": f"Bearer {TOKEN}", "cookie": f"a={TOKEN}", "x-real-ip": "1.2.3.4",
            "x-forwarded-for": "6.6.6.6, 1.2.3.4", "x-forwarded-proto": "https",
            "x-forwarded-host": "evil.example", "forwarded": "for=1.2.3.4",
            "transfer-encoding": "chunked", "content-type": f"text/plain; a={TOKEN}",
        },
    )  # fmt: skip

    assert examined.path.startswith("/agent/masked-token/")
    assert examined.query == "a=1&b=%E9%20"
    assert examined.access_tokens == [TOKEN]
    assert examined.caller == ("1.2.3.4", "https")
    assert dict(examined.headers.kept) == {
        b"host": b"weiyu.test",
        b"referer": b"http://x.example/?",
        b"x-note": b"masked-token",
        b"authorization": f"Bearer {TOKEN}".encode(),
        b"cookie": f"a={TOKEN}".encode(),
        b"content-type": b"text/plain; a=masked-token",
    }


@pytest.mark.parametrize(
    ("method", "path", "is_health"),
    [
        ("GET", "/healthz", True),
        ("HEAD", "/readyz", True),
        ("POST", "/healthz", False),
        ("GET", "/healthz/", False),
    ],
)
def test_health_is_asked_by_reading(method, path, is_health):
    assert both(path, method=method).is_health == is_health


@pytest.mark.parametrize(
    ("length", "expect", "is_drained"),
    [("2621440", "", False), ("2621441", "", True), ("2621441", "100-continue", False),
     ("33554433", "", False)],
)  # fmt: skip
def test_only_who_is_sending_already_is_read_to_the_end(length, expect, is_drained):
    headers = {"content-length": length, **({"expect": expect} if expect else {})}

    assert both("/x", headers).body.is_drained == is_drained


def test_a_header_that_a_server_gives_twice_is_read_once():
    environ = as_environ("/x", {"content-type": "text/plain"})
    environ["HTTP_CONTENT_TYPE"] = TOKEN

    assert examine_environ(environ, TRUSTED).refusal is None
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert "HTTP_CONTENT_TYPE" not in environ


@given(path=st.text(max_size=40), query=st.text(st.characters(max_codepoint=255), max_size=40))
def test_any_address_is_judged_alike(path, query):
    path = quote(path.encode("utf-8", "replace"))

    both(f"/{path}?{query.replace('?', '')}")


@pytest.mark.parametrize("name", ["accept-language", "origin", "x-odd"])
@given(value=st.text(st.characters(max_codepoint=255), max_size=40))
def test_any_header_is_judged_alike(name, value):
    both("/x", {name: value})


PIECES = [
    "charset", " ", "charset ", 'charset="', "charset*=", "amp;", "&amp;", "%", "%25", "%41", "eyJ",
    "eyJa.", "eyJa..", ".a", "a", "&", "?", "token=&", ",", "10.0.0.1,", "[", "a=1;",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(
    "name",
    ["content-type", "referer", "x-forwarded-for", "cookie", "x-odd"],
)
def test_a_head_costs_no_more_than_its_size(name, piece):
    for begin in ("", "a;charset", "?a=eyJ"):

        def cost(size: int, begin: str = begin) -> float:
            text = begin + piece * (size // len(piece)) + "x"
            head = RequestHead(
                "GET", "/x", "", [(name.encode(), text.encode())], "10.0.0.1", "http"
            )
            return processor_seconds(lambda: examine(head, TRUSTED))

        assert cost(60_000) < 6 * cost(15_000) + 0.01


@pytest.mark.parametrize(
    "line", [(b"cookie", b"a"), (b"a", b"b"), (b"x-forwarded-for", b"10.0.0.1")]
)
def test_headers_are_looked_at_up_to_the_limit_alone(line):
    read = 0

    def lines():
        nonlocal read
        for _ in range(1_000_000):
            read += 1
            yield line

    examined = examine(RequestHead("GET", "/x", "", lines(), "10.0.0.1", "http"), TRUSTED)

    assert (examined.refusal.status, examined.refusal.code) == (431, "headers-too-large")
    assert read == 129


def processor_seconds(work) -> float:
    """Return what a call takes of the processor, the least of a few."""
    taken = []
    for _ in range(2):
        begun = time.thread_time()
        work()
        taken.append(time.thread_time() - begun)
    return min(taken)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("//api/user/profile", "/api/user/profile"),
        ("/api///tickets//list", "/api/tickets/list"),
        ("/agent/login/", "/agent/login"),
        ("/agent/tickets/7/", "/agent/tickets/7"),
        ("/agent//tickets/7//", "/agent/tickets/7"),
        ("/f/AAAAAAAAAAAAAAAA/agent/tickets/", "/f/AAAAAAAAAAAAAAAA/agent/tickets"),
        ("/agent/", "/agent/"),
        ("/f/AAAAAAAAAAAAAAAA/agent/", "/f/AAAAAAAAAAAAAAAA/agent/"),
        ("/admin/login/", "/admin/login/"),
        ("//", "/"),
        ("//evil.example/..", "/evil.example/.."),
    ],
)
def test_slashes_too_many_mean_nothing(given, read):
    assert both(given).path == read
