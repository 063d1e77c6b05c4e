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


LONG_TITLE = f"""
from accounts.actor import Actor
from accounts.models import User
from tickets.models import Ticket
alice = User.objects.get(username={people.CUSTOMER!r})
Ticket.objects.open_for(by=Actor(alice), title="W" * 199, content="Long.")
"""


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


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_keeps_the_strict_policy_and_its_width(desk, admin, width):
    desk.weiyu.issue(people.AGENT, name="W" * 120, domain=["a-long-name-of-a-host.example.com"])
    desk.weiyu.manage("shell", "--no-imports", "-c", LONG_TITLE)
    admin.set_viewport_size({"width": width, "height": 900})

    for path in PAGES:
        admin.goto(f"{desk.plain}/admin/{path}", wait_until="networkidle")
        over = admin.evaluate("document.documentElement.scrollWidth - innerWidth")
        tables = (
            "[...document.querySelectorAll('.results')].map(b => b.scrollWidth - b.clientWidth)"
        )
        assert over <= 0, path
        # On a phone tables scroll within the page.
        assert width < 1280 or max(admin.evaluate(tables), default=0) <= 0, path

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
    assert admin.is_disabled("input[value='login:agent']")
    assert admin.is_checked("input[value='tickets:write']")
    admin.click("input[name=_save]")

    secret = admin.inner_text("#snippet-token")
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", secret)
    # Whoever leaves without a copy is asked; here they stay.
    asked = []
    admin.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    admin.click(".rail a >> nth=0", no_wait_after=True)
    admin.wait_for_timeout(500)
    assert (asked, admin.inner_text("#snippet-token")) == (["beforeunload"], secret)
    admin.click("[data-copy=snippet-token]")
    admin.wait_for_selector("[data-copy=snippet-token].tool-done")
    admin.reload()  # which sends the form again
    assert "This form was sent already" in admin.content()
    assert "/change/" in admin.url
    assert secret not in admin.content()
    assert broken_policies(admin) == []


def test_a_list_is_filtered_by_menus_names_and_periods(desk, admin):
    desk.weiyu.issue(people.AGENT, name="Hers alone")
    admin.goto(f"{desk.plain}/admin/tokens/accesstoken/")

    admin.click(".filter-menu summary:has-text('Person')")
    admin.click(".filter-form .select2-selection")
    admin.fill(".select2-search__field", people.AGENT)
    admin.click(f".select2-results__option:has-text('{people.AGENT}')")
    admin.click(".filter-menu[open] .tool")
    admin.wait_for_url("**/?user__id__exact=*")
    assert admin.locator("#result_list tbody tr").count() >= 1
    people_shown = set(admin.locator("#result_list .field-person").all_inner_texts())
    assert people_shown == {people.AGENT}
    admin.click(".filter-menu summary:has-text('State')")
    admin.keyboard.press("Escape")
    assert admin.locator(".filter-menu[open]").count() == 0
    admin.click(".filter-menu summary:has-text('State')")
    admin.click(".filter-menu[open] a:has-text('Disabled')")
    admin.wait_for_url("**user__id__exact=*")

    admin.goto(f"{desk.plain}/admin/tokens/tokenevent/?verb__exact=made")
    admin.click(".filter-menu summary:has-text('When')")
    admin.fill("[name=at__gte]", "2001-01-01")
    admin.fill("[name=at__lt]", "2001-01-02")
    admin.click(".filter-menu[open] .tool")
    admin.wait_for_url("**at__lt=2001-01-02")
    assert "verb__exact=made" in admin.url
    assert "Nothing matches" in admin.inner_text("#changelist")
    assert broken_policies(admin) == []
