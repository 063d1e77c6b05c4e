"""Where mails go and who they come from, by one address."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from weiyu_site import env


@pytest.mark.parametrize(
    ("address", "means"),
    [
        ("", None),
        ("smtp://mail.example.com", ("mail.example.com", 25, "", "", "smtp", "")),
        ("smtp+tls://mail.example.com", ("mail.example.com", 587, "", "", "smtp+tls", "")),
        (
            "smtps://desk%40example.com:p%40ss%3Aw@mail.example.com:2465",
            ("mail.example.com", 2465, "desk@example.com", "p@ss:w", "smtps", "desk@example.com"),
        ),
        (
            "smtp+tls://key:secret@mail.example.com?from=help@example.com",
            ("mail.example.com", 587, "key", "secret", "smtp+tls", "help@example.com"),
        ),
    ],
)
def test_one_address_says_it_all(address, means, monkeypatch):
    monkeypatch.setenv("WEIYU_EMAIL_URL", address)

    assert env.mail_server("WEIYU_EMAIL_URL") == means


@pytest.mark.parametrize(
    "address",
    [
        "mail.example.com",
        "http://mail.example.com",
        "smtp://",
        "smtp://mail.example.com:many",
        "smtp://mail.example.com?from=nobody",
    ],
)
def test_a_wrong_address_is_named(address, monkeypatch):
    monkeypatch.setenv("WEIYU_EMAIL_URL", address)

    with pytest.raises(ImproperlyConfigured, match="WEIYU_EMAIL_URL must read smtp"):
        env.mail_server("WEIYU_EMAIL_URL")
