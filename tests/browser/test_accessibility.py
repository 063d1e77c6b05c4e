"""What axe finds on the pages of both rooms, wide and light as well as narrow and dark."""

from __future__ import annotations

import contextlib
import urllib.error
import urllib.request

import pytest

from tests import people
from tests.server import ROOT

pytestmark = [pytest.mark.server, pytest.mark.browser, pytest.mark.node, pytest.mark.once]

AXE = ROOT / "tests" / "clients" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = {
    "wide and light": ({"width": 1440, "height": 900}, "light"),
    "narrow and dark": ({"width": 390, "height": 844}, "dark"),
}
ADMIN = [
    "", "tickets/ticket/", "tickets/ticket/?q=nothing-like-it", "tickets/ticket/add/",
    "tickets/ticket/{ticket}/change/", "messaging/conversation/", "accounts/user/",
    "accounts/user/add/", "accounts/workgroup/add/", "accounts/", "tokens/accesstoken/",
    "tokens/accesstoken/add/", "tokens/denial/", "accounts/workgroup/{group}/change/",
    "configuration/configurationvalue/", "password_change/",
]  # fmt: skip
AGENT = ["", "tickets?tab=all", "tickets?tab=all&q=nothing-like-it", "tickets/{ticket}"]
OPEN = ["agent/login", "admin/login/", "nothing/here", "agent/auth/login?accessToken=nonsense"]


@pytest.fixture
def ids(desk) -> dict[str, str]:
    """A ticket with a note, a workgroup with a member, and a call that was refused."""
    script = f"""
from accounts.actor import Actor
from accounts.models import User, Workgroup
from messaging.models import Conversation
from tickets.models import Ticket
by, agent = (Actor(User.objects.get(username=name)) for name in {[people.CUSTOMER, people.AGENT]!r})
ticket = Ticket.objects.open_for(by=by, title="Look at me", content="It burns.")
said = Conversation.objects.for_ticket(ticket)
said.post(by=agent, content="Call [them](https://a.example).", internal=True)
group, _ = Workgroup.objects.get_or_create(name="Support")
group.members.add(agent.user)
print(ticket.pk, group.pk)
"""
    ticket, group = desk.weiyu.manage("shell", "--no-imports", "-c", script).split()[-2:]
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(
            f"{desk.weiyu.url}/agent/auth/login?accessToken=nonsense", timeout=20
        )
    return {"ticket": ticket, "group": group}


@pytest.fixture
def look(desk, browse):
    """Return a function that opens addresses in one browser and returns what axe complains of."""
    if not AXE.exists():
        pytest.skip("axe is not installed (make client-packages)")
    axe = AXE.read_text(encoding="utf-8")

    def complaints(addresses: list[str], *, login: str = "") -> list[str]:
        # The policy would keep axe itself out.
        page = browse(bypass_csp=True).new_page()
        under_way = requests_of(page)
        if login:
            page.goto(f"{desk.plain}/{login}")
            page.fill("[name=username]", people.ADMINISTRATOR)
            page.fill("[name=password]", people.PASSWORD)
            with page.expect_navigation():
                page.click("button[type=submit]")
        found = []
        screens = [*SCREENS]
        for address in addresses:
            page.goto(f"{desk.plain}/{address}")
            page.evaluate(axe)
            while under_way:
                page.wait_for_timeout(20)
            for screen in screens:
                size, color_scheme = SCREENS[screen]
                page.set_viewport_size(size)
                page.emulate_media(color_scheme=color_scheme)
                found += [f"{address}, {screen}: {said}" for said in page.evaluate(RUN, RULES)]
            # The next one begins as this one ends.
            screens.reverse()
        return found

    return complaints


def requests_of(page) -> set:
    """Return a set that always has the requests of the page that are under way."""
    under_way: set = set()
    page.on("request", lambda request: under_way.add(request))
    for end in ("requestfinished", "requestfailed"):
        page.on(end, lambda request: under_way.discard(request))
    return under_way


# What passes need not be described, and a colour that is still changing is none of the page's.
RUN = """async (rules) => {
  const changing = document.getAnimations().filter((one) => one instanceof CSSTransition);
  await Promise.allSettled(changing.map((one) => one.finished));
  const found = await axe.run({ runOnly: rules, resultTypes: ["violations"] });
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
}"""


def test_the_admin_keeps_nobody_out(look, ids):
    pages = [f"admin/{path.format(**ids)}" for path in ADMIN]

    assert look(pages, login="admin/login/") == []


def test_the_workstation_keeps_nobody_out(look, ids):
    pages = [f"agent/{path.format(**ids)}" for path in AGENT]

    assert look(pages, login="agent/login") == []


def test_the_pages_before_it_keep_nobody_out(look):
    assert look(OPEN) == []
