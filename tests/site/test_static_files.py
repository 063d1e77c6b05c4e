"""Files that pages use: no page themselves, and none that no page uses."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from whitenoise.middleware import WhiteNoiseMiddleware


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    return tmp_path_factory.mktemp("static")


@pytest.fixture
def served(collected, settings):
    """Return the addresses of what a deployment serves, and a client that asks for them."""
    settings.STATIC_ROOT = collected
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    if not any(collected.iterdir()):
        call_command("collectstatic", interactive=False, verbosity=0)
    files = WhiteNoiseMiddleware(lambda request: None).files
    return sorted(files), Client()


def test_what_no_page_uses_is_not_served(served):
    addresses, _client = served

    assert len(addresses) > 100
    assert any("swagger-ui-bundle" in address for address in addresses)
    unused = ("redoc", "oauth2", "/rest_framework/")
    assert not [address for address in addresses if any(word in address for word in unused)]
    assert not [address for address in addresses if address.endswith((".html", ".htm", ".xhtml"))]


def test_whoever_opens_a_file_as_a_page_gets_one_that_can_do_nothing(served, db):
    addresses, client = served

    for address in addresses:
        answer = client.get(address)
        policy = answer.headers.get("Content-Security-Policy", "")
        assert policy == "default-src 'none'; frame-ancestors 'none'; sandbox", address
        assert answer.headers["X-Content-Type-Options"] == "nosniff", address
        answer.close()


def test_the_page_of_the_api_finds_its_files(served, db):
    left_out = apps.get_app_config("staticfiles").ignore_patterns
    addresses, client = served

    page = client.get("/api/docs").content.decode()

    used = [part.split('"')[0] for part in page.split("/static/")[1:]]
    assert used
    assert not [name for name in used if f"/static/{name}" not in addresses]
    assert "redoc" in left_out
