"""The workstation in Chromium: what only a browser can show."""

from __future__ import annotations

import itertools
import json
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import expect

from tests import people
from tests.browser.conftest import OTHER_SITE

pytestmark = [pytest.mark.server, pytest.mark.browser]

_number = itertools.count(1)


@pytest.fixture
def make_ticket(desk):
    """Return a function that puts a ticket on the server and returns its id."""

    def make(title: str, words: str = "", times: int = 1) -> int:
        script = f"""
from accounts.actor import Actor
from accounts.models import User
from messaging.models import Conversation
from tickets.models import Ticket
alice = User.objects.get(username={people.CUSTOMER!r})
for _ in range({times}):
    ticket = Ticket.objects.open_for(by=Actor(alice), title={title!r}, content="It burns.")
if {words!r}:
    Conversation.objects.for_ticket(ticket).post(by=Actor(alice), content={words!r})
print(ticket.pk)
"""
        return int(desk.weiyu.manage("shell", "--no-imports", "-c", script))

    return make


@pytest.fixture
def signed_in(desk, browse):
    """Return a function that opens a page of an agent's browser; it fails on any script error."""
    troubles: list[str] = []

    def open_page(path: str, base: str = desk.plain, **options):
        secret = desk.weiyu.issue(people.AGENT)
        page = browse(**options).new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: troubles.append(line.text) if is_trouble(line) else None)
        page.goto(f"{base}/agent/auth/login?accessToken={secret}")
        page.goto(base + path)
        return page

    yield open_page
    assert troubles == []


def is_trouble(line) -> bool:
    # The browser and htmx write down each call that found no server or nothing there, and over
    # http that one policy has no meaning; all else is ours.
    noise = (
        "Failed to load resource",
        "htmx:sendError",
        "htmx:afterRequest",
        "Response Status Error Code 404",
        "Cross-Origin-Opener-Policy",
        "htmx:oobErrorNoTarget",
    )
    return line.type in {"error", "warning"} and not any(word in line.text for word in noise)


def title_of(page) -> str:
    return page.locator("#ticket-title").inner_text()


def test_a_click_opens_and_back_and_forward_work(make_ticket, signed_in):
    first, second = make_ticket("The first of two"), make_ticket("The second of two")
    page = signed_in("/agent/tickets?tab=unassigned&q=of two")

    page.click(f"[data-ticket='{first}']")
    expect(page.locator("#ticket-title")).to_have_text("The first of two")
    page.click(f"[data-ticket='{second}']")
    expect(page.locator("#ticket-title")).to_have_text("The second of two")
    expect(page.locator("#rows a[aria-current]")).to_have_attribute("data-ticket", str(second))
    assert f"/agent/tickets/{second}?tab=unassigned" in page.url

    page.go_back()
    expect(page.locator("#ticket-title")).to_have_text("The first of two")
    page.go_back()
    expect(page.locator("#ticket-title")).to_have_count(0)
    page.go_forward()
    expect(page.locator("#ticket-title")).to_have_text("The first of two")
    page.reload()
    expect(page.locator("#ticket-title")).to_have_text("The first of two")


def test_a_reply_a_note_and_a_status_appear_without_a_new_page(make_ticket, signed_in):
    ticket = make_ticket("Answer me", words="Is anybody there?")
    page = signed_in(f"/agent/tickets/{ticket}?tab=all")
    page.evaluate("window.same = true")

    page.fill("#words", "I am **here**")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".bubble strong")).to_have_text("here")
    expect(page.locator("#words")).to_have_value("")
    expect(page.locator(f"#row-{ticket} .row-words")).to_contain_text("I am here")
    page.click("label:has([name=internal][value='1'])")
    page.fill("#words", "Only us")
    page.click("[data-send]")
    expect(page.locator(".is-note .bubble")).to_have_text("Only us")
    page.select_option("[data-status]", "pending")
    expect(page.locator(f"#row-{ticket} .status")).to_have_text("Pending")

    assert page.evaluate("window.same") is True


def test_what_is_typed_survives_other_tickets_a_reload_and_a_new_tab(make_ticket, signed_in):
    ticket, other = make_ticket("A draft"), make_ticket("Not a draft")
    page = signed_in(f"/agent/tickets/{ticket}?tab=unassigned&q=draft")

    page.fill("#words", "Half a sentence")
    page.click("label:has([name=internal][value='1'])")
    page.fill("#words", "Half a note")
    page.click(f"[data-ticket='{other}']")
    expect(page.locator("#ticket-title")).to_have_text("Not a draft")
    expect(page.locator("#words")).to_have_value("")
    page.click(f"[data-ticket='{ticket}']")
    expect(page.locator("#words")).to_have_value("Half a sentence")
    page.reload()
    expect(page.locator("#words")).to_have_value("Half a sentence")
    page.click("label:has([name=internal][value='1'])")
    expect(page.locator("#words")).to_have_value("Half a note")
    tab = page.context.new_page()
    tab.goto(page.url)
    expect(tab.locator("#words")).to_have_value("Half a sentence")


def test_no_server_says_so_keeps_the_words_and_sends_them_once(make_ticket, signed_in):
    ticket = make_ticket("Off and on")
    page = signed_in(f"/agent/tickets/{ticket}")

    page.context.set_offline(True)
    page.fill("#words", "Once only")
    page.click("[data-send]")
    expect(page.locator("#trouble")).to_contain_text("cannot be reached")
    expect(page.locator("#words")).to_have_value("Once only")
    page.context.set_offline(False)
    page.click("#trouble-retry")

    expect(page.locator(".from-team .bubble")).to_have_text("Once only")
    expect(page.locator("#trouble")).to_be_hidden()
    expect(page.locator("#words")).to_have_value("")


def test_an_answer_that_was_lost_on_its_way_back_is_not_sent_twice(make_ticket, signed_in, desk):
    ticket = make_ticket("Lost on the way")
    # Playwright's own call does not know the browser's host names.
    page = signed_in(f"/agent/tickets/{ticket}", base=desk.weiyu.url)

    def lose(route):
        route.fetch()
        route.abort()

    page.route("**/reply", lose)
    page.fill("#words", "Once only")
    page.click("[data-send]")
    expect(page.locator("#trouble")).to_be_visible()
    page.unroute("**/reply")
    page.click("#trouble-retry")

    expect(page.locator("#words")).to_have_value("")
    expect(page.locator(".from-team .bubble")).to_have_count(1)


def test_a_colleague_who_was_faster_is_shown_before_anything_is_sent(make_ticket, signed_in, desk):
    ticket = make_ticket("Two at once")
    page = signed_in(f"/agent/tickets/{ticket}")
    desk.weiyu.manage(
        "shell",
        "--no-imports",
        "-c",
        f"""
from accounts.actor import Actor
from accounts.models import User
from messaging.models import Conversation
from tickets.models import Ticket
dora = User.objects.get(username={people.ADMINISTRATOR!r})
Conversation.objects.for_ticket(Ticket.objects.get(pk={ticket})).post(
    by=Actor(dora), content="I was faster")
""",
    )

    page.fill("#words", "Me too")
    page.click("[data-send]")
    expect(page.locator("#alert")).to_contain_text("newer messages")
    expect(page.locator("#timeline")).to_contain_text("I was faster")
    expect(page.locator("#words")).to_have_value("Me too")
    page.click("#alert button")

    expect(page.locator(".from-team .bubble")).to_have_text(["I was faster", "Me too"])
    expect(page.locator("#words")).to_have_value("")


def test_a_disabled_token_says_why_and_the_draft_comes_back(make_ticket, desk, browse):
    ticket = make_ticket("Cut off")
    secret = desk.weiyu.issue(people.AGENT, name="cut-off")
    page = browse().new_page()
    page.goto(f"{desk.plain}/agent/auth/login?accessToken={secret}")
    page.goto(f"{desk.plain}/agent/tickets/{ticket}")
    desk.weiyu.manage("disable_access_token", "--hint", secret[-6:])

    page.fill("#words", "Not lost")
    page.click("[data-send]")
    expect(page.get_by_role("heading", name="The token was disabled")).to_be_visible()
    page.goto(f"{desk.plain}/agent/login?next=/agent/tickets/{ticket}")
    page.fill("#username", people.AGENT)
    page.fill("#password", people.PASSWORD)
    page.keyboard.press("Enter")

    expect(page.locator("#words")).to_have_value("Not lost")


def test_everything_can_be_done_by_keys(make_ticket, signed_in):
    make_ticket("By keys alone 1")
    ticket = make_ticket("By keys alone 2")
    page = signed_in("/agent/tickets?tab=unassigned&q=keys alone")

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-title")).to_be_focused()
    assert title_of(page) == "By keys alone 2"
    page.keyboard.press("i")
    expect(page.locator("[data-take]")).to_have_count(0)
    page.keyboard.press("n")
    page.keyboard.type("noted: e i r")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".is-note .bubble")).to_have_text("noted: e i r")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    expect(page.locator("[data-status] option[selected]")).to_have_text("Resolved")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.click("#single-keys")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#search")).not_to_be_focused()
    assert f"/agent/tickets/{ticket}" in page.url


def posts_of(page) -> list[str]:
    """Return a list that fills with what the page's controls send, as "/priority low"."""
    sent: list[str] = []

    def note(request) -> None:
        if request.method == "POST" and "/tickets/" in request.url:
            name = request.url.rpartition("/")[2]
            sent.extend(f"{name} {value}" for value in parse_qs(request.post_data).get(name, [""]))

    page.on("request", note)
    return sent


def hold(page, address: str) -> list:
    """Return a list in which calls to an address wait until `let_go`."""
    held: list = []
    page.route(address, lambda route: held.append(route))
    return held


def let_go(page, held: list) -> None:
    while not held:
        page.wait_for_timeout(50)
    held.pop().continue_()


def test_a_control_saves_once_the_choice_is_made_and_keeps_the_focus(make_ticket, signed_in):
    page = signed_in(f"/agent/tickets/{make_ticket('Chosen by keys')}")
    sent = posts_of(page)
    assignee, priority = page.locator("#assignee"), page.locator("#priority")
    expect(page.locator("#words")).to_be_visible()

    # A name is typed, with a pause in it; E is also the key that resolves.
    assignee.focus()
    page.keyboard.press("c")
    page.wait_for_timeout(500)
    page.keyboard.press("e")
    assert sent == []
    with page.expect_response("**/assignee"):
        page.keyboard.press("Enter")
    expect(page.locator(".events li").last).to_contain_text(people.AGENT)
    expect(assignee).to_be_focused()
    page.keyboard.press("e")
    page.keyboard.press("Escape")

    # The arrows pass options; leaving the control saves where they stopped.
    priority.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    with page.expect_response("**/priority"):
        page.keyboard.press("Tab")
    expect(page.locator("#priority.is-high")).to_be_visible()
    expect(assignee).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(assignee.locator("option:checked")).to_have_text(people.AGENT)
    # Typed on, by somebody who did not notice.
    page.keyboard.press("e")
    page.wait_for_timeout(300)

    assert len(sent) == 2
    assert sent[1] == "priority high"
    # Taking it up was all that was done to it.
    expect(page.locator("[data-status] option[selected]")).to_have_text("Open")


def test_what_follows_at_once_is_neither_lost_nor_refused_nor_taken_for_a_key(
    make_ticket, signed_in
):
    page = signed_in(f"/agent/tickets/{make_ticket('Two at once by one')}")
    sent = posts_of(page)
    held = hold(page, "**/priority")

    page.select_option("#priority", "urgent")
    page.select_option("#status", "pending")
    page.fill("#tags", "vip")
    page.keyboard.press("Enter")
    let_go(page, held)

    expect(page.locator("#tags")).to_have_value("vip")
    expect(page.locator("[data-status] option[selected]")).to_have_text("Pending")
    expect(page.locator(".events li").last).to_contain_text("vip")
    expect(page.locator("#tags")).to_be_focused()
    assert sorted(sent) == ["priority urgent", "status pending", "tags vip"]
    assert page.inner_text("#alert") == ""
    # A click leaves the focus on what was clicked, also where the answer takes it away.
    page.click("#take")
    expect(page.locator("#assignee")).to_be_focused()
    page.fill("#words", "Done")
    page.click("#send-resolved")
    expect(page.locator(".bubble").last).to_have_text("Done")
    expect(page.locator("#words")).to_be_focused()


def test_the_answer_of_one_ticket_changes_nothing_beside_another(make_ticket, signed_in):
    first, second = make_ticket("The slow of two"), make_ticket("The open of two")
    page = signed_in(f"/agent/tickets/{first}?tab=all&q=of two")
    held = hold(page, "**/priority")

    page.select_option("#priority", "urgent")
    page.click(f"[data-ticket='{second}']")
    expect(page.locator("#ticket-title")).to_have_text("The open of two")
    let_go(page, held)
    expect(page.locator(f"#row-{first} .priority.is-urgent")).to_be_visible()

    expect(page.locator("#ticket-title")).to_have_text("The open of two")
    expect(page.locator("#priority")).to_have_value("medium")


def test_what_is_typed_the_moment_a_page_is_there_counts(signed_in):
    page = signed_in("/agent/tickets")
    page.evaluate(
        """document.addEventListener("htmx:afterSwap", () => queueMicrotask(() => {
            const field = document.querySelector("[name=customer]");
            field.value = "alice";
            field.dispatchEvent(new Event("input", { bubbles: true }));
        }), { once: true })"""
    )

    page.click("a[href*='tickets/new']")

    expect(page.locator("#customers")).to_contain_text(people.CUSTOMER)


def test_the_list_goes_on_while_one_scrolls(make_ticket, signed_in):
    make_ticket("One of very many", times=70)
    page = signed_in("/agent/tickets?tab=unassigned&q=very many")
    expect(page.locator("#rows .row")).to_have_count(30)

    for _ in range(8):
        page.evaluate(
            "(box => (box.scrollTop = box.scrollHeight))(document.querySelector('#list-body'))"
        )
        page.wait_for_timeout(150)

    expect(page.locator("#rows .row")).to_have_count(70)


def test_search_keeps_its_field_and_stands_in_the_address(make_ticket, signed_in):
    ticket = make_ticket("A needle in the hay")
    page = signed_in("/agent/tickets?tab=all")

    page.locator("#search").press_sequentially("needle in")
    expect(page.locator("#rows .row")).to_have_count(1)
    page.click(f"[data-ticket='{ticket}']")
    expect(page.locator("#ticket-title")).to_have_text("A needle in the hay")
    page.fill("#search", "nothing like it")
    expect(page.locator("#list-body .empty")).to_be_visible()

    expect(page.locator("#search")).to_be_focused()
    expect(page.locator("#ticket-title")).to_have_text("A needle in the hay")
    assert f"/agent/tickets/{ticket}?tab=all&q=nothing+like+it" in page.url


@pytest.mark.parametrize("width", [390, 1100, 1440])
def test_no_width_scrolls_sideways_and_every_pane_can_be_reached(width, make_ticket, signed_in):
    ticket = make_ticket("W" * 120, words="verylongword" * 40)
    page = signed_in(
        "/agent/tickets?tab=unassigned&q=WWW", viewport={"width": width, "height": 700}
    )

    page.click(f"[data-ticket='{ticket}']")
    expect(page.locator("#words")).to_be_in_viewport()
    if width < 1280:
        page.click(".panel-button")
    expect(page.locator("#context h2").first).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    if width < 1280:
        page.click(".context-close")
    if width < 900:
        expect(page.locator("#list")).to_be_hidden()
        page.click("[data-back]")
        expect(page.locator("#rows .row").first).to_be_in_viewport()


def test_a_new_ticket_for_a_customer(signed_in):
    page = signed_in("/agent/tickets?tab=all")

    page.click("a[href='/agent/tickets/new']")
    page.fill("#customer", "alice")
    page.check(".customer input")
    page.fill("#new-ticket-title", "By telephone")
    page.fill("#new-ticket-content", "They called.")
    page.click(".new-form [type=submit]")

    expect(page.locator("#ticket-title")).to_have_text("By telephone")


def test_what_was_resized_breaks_no_policy_when_the_answer_takes_its_place(signed_in):
    page = signed_in("/agent/tickets/new")
    page.fill("#new-ticket-title", "For nobody")
    page.evaluate("document.querySelector('#new-ticket-content').style.height = '300px'")
    page.fill("#new-ticket-content", "The customer is missing.")

    page.click(".new-form [type=submit]")

    # The browser of these tests fails them on a broken policy.
    expect(page.locator(".new-form .alert")).to_contain_text("Choose the customer")


def test_a_bar_shows_while_a_ticket_is_on_its_way(make_ticket, signed_in):
    ticket = make_ticket("A slow one")
    page = signed_in("/agent/tickets?tab=all&q=A slow one")
    held = hold(page, f"**/agent/tickets/{ticket}?**")
    bar = "getComputedStyle(document.querySelector('#pane'), '::before').opacity"
    assert page.evaluate(bar) == "0"

    page.click(f"[data-ticket='{ticket}']")
    for _ in range(100):
        if page.evaluate(bar) == "1":
            break
        page.wait_for_timeout(100)
    assert page.evaluate(bar) == "1"
    let_go(page, held)

    expect(page.locator("#ticket-title")).to_have_text("A slow one")
    assert page.evaluate(bar) == "0"


def test_what_was_deleted_meanwhile_is_said_to_be_gone(make_ticket, signed_in, desk):
    ticket = make_ticket("Gone in a moment")
    page = signed_in("/agent/tickets?tab=unassigned&q=Gone in a moment")
    desk.weiyu.manage(
        "shell", "--no-imports", "-c",
        "from accounts.actor import Actor; from tickets.models import Ticket\n"
        f"Ticket.objects.get(pk={ticket}).delete_softly(by=Actor.system())",
    )  # fmt: skip

    page.click(f"[data-ticket='{ticket}']")

    expect(page.locator("#trouble-text")).to_contain_text("This is not there any more")
    page.click("#trouble-retry")
    expect(page.locator("#rows .row")).to_have_count(0)


def test_the_first_paint_is_small(desk, signed_in, make_ticket):
    make_ticket("A small page")
    page = signed_in("/agent/tickets?tab=all")
    sizes = page.evaluate(
        "performance.getEntries().filter(entry => entry.encodedBodySize)"
        ".map(entry => [entry.name, entry.encodedBodySize])"
    )

    assert sum(size for _, size in sizes) < 100_000, json.dumps(sizes)


@pytest.mark.parametrize("third_party_cookies", [True, False])
def test_an_answer_from_a_frame_of_another_site(
    third_party_cookies, make_ticket, desk, browse, other_site
):
    ticket = make_ticket("In a frame")
    secret = desk.weiyu.issue(people.AGENT)
    src = f"{desk.secure}/agent/auth/login?accessToken={secret}&next=/agent/tickets/{ticket}"
    other_site.pages["/crm"] = (
        f'<!doctype html><iframe id="desk" width="1000" height="600" src="{src}"></iframe>'
    )
    page = browse(third_party_cookies=third_party_cookies).new_page()
    page.goto(other_site.url("https", OTHER_SITE, "/crm"))
    frame = page.frame_locator("#desk")

    frame.locator("#words").fill("From the frame")
    frame.locator("[data-send]").click()
    expect(frame.locator(".from-team .bubble")).to_have_text("From the frame")
    frame.locator("select[name=availability]").select_option("BUSY")
    expect(frame.locator(".availability.is-busy")).to_be_visible()
    frame.locator(".me summary").click()
    frame.locator(".me-card button").click()

    expect(frame.get_by_role("heading", name="You are signed out")).to_be_visible()
