from __future__ import annotations

import re

import pytest

from tests import people

pytestmark = [pytest.mark.server, pytest.mark.browser]

PAGES = [
    "", "tickets/ticket/", "tickets/ticket/add/", "messaging/conversation/", "accounts/user/",
    "accounts/user/add/", "accounts/workgroup/", "accounts/workgroup/add/",
    "tokens/accesstoken/", "tokens/accesstoken/add/", "tokens/accesstoken/try/",
    "tokens/tokenevent/", "tokens/denial/", "tokens/refusedcalls/",
    "configuration/configurationvalue/", "configuration/configurationevent/", "tokens/",
    "password_change/",
]  # fmt: skip


@pytest.fixture
def admin(desk, browse):
    """A page of an administrator who signed in with the password; `complaints` fills up."""
    page = browse().new_page()
    page.complaints = []
    page.on(
        "console",
        lambda message: page.complaints.append(message.text) if message.type == "error" else None,
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(f"{desk.plain}/admin/login/")
    page.fill("#id_username", people.ADMINISTRATOR)
    page.fill("#id_password", people.PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/")
    return page


def broken_policies(page) -> list[str]:
    # Over plain http browsers ignore one header and say so; an icon may be missing.
    usual = ("Cross-Origin-Opener-Policy", "404")
    return [text for text in page.complaints if not any(word in text for word in usual)]


@pytest.mark.parametrize("width", [1440, 390])
def test_every_page_keeps_the_strict_policy_and_its_width(desk, admin, width):
    admin.set_viewport_size({"width": width, "height": 900})

    for path in PAGES:
        admin.goto(f"{desk.plain}/admin/{path}", wait_until="networkidle")
        over = admin.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, path

    assert broken_policies(admin) == []


def test_a_token_is_made_explained_copied_and_shown_once(desk, admin):
    admin.goto(f"{desk.plain}/admin/tokens/accesstoken/add/")
    admin.fill("#id_name", "Shop")
    admin.fill("#id_domains", "shop.example\nnot a domain")
    admin.wait_for_selector(".meanings .means-bad")
    explained = admin.inner_text(".field-domains .meanings")
    assert "http://shop.example and https://shop.example, not its subdomains." in explained

    admin.fill("#id_domains", "shop.example")
    admin.click(".field-user .select2-selection")
    admin.fill(".select2-search__field", people.CUSTOMER)
    admin.click(".select2-results__option:not(.loading-results)")
    # What customers lack is struck out, and only what they have is ticked.
    admin.wait_for_selector(".scope-lacking")
    assert not admin.is_checked("input[value='login:agent']")
    assert admin.is_checked("input[value='tickets:write']")
    admin.click("input[name=_save]")

    secret = admin.inner_text("#snippet-token")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", secret)
    admin.click("[data-copy=snippet-token]")
    admin.wait_for_selector("[data-copy=snippet-token].tool-done")
    admin.reload()  # which sends the form again
    assert "This form was sent already" in admin.content()
    assert secret not in admin.content()
    assert broken_policies(admin) == []
