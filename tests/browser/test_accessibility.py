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
SCREENS = [
    pytest.param({"viewport": {"width": 1440, "height": 900}}, id="wide and light"),
    pytest.param(
        {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}, id="narrow and dark"
    ),
]
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

    def complaints(screen: dict, addresses: list[str], *, login: str = "") -> list[str]:
        # The policy would keep axe itself out.
        page = browse(bypass_csp=True, **screen).new_page()
        if login:
            page.goto(f"{desk.plain}/{login}")
            page.fill("[name=username]", people.ADMINISTRATOR)
            page.fill("[name=password]", people.PASSWORD)
            with page.expect_navigation():
                page.click("button[type=submit]")
        found = []
        for address in addresses:
            page.goto(f"{desk.plain}/{address}", wait_until="networkidle")
            page.evaluate(axe)
            found += [f"{address}: {said}" for said in page.evaluate(RUN, RULES)]
        return found

    return complaints


RUN = """async (rules) => {
  // What passes need not be described.
  const only = { runOnly: rules, resultTypes: ["violations"] };
  const found = await axe.run(only);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`);
}"""


@pytest.mark.parametrize("screen", SCREENS)
def test_the_admin_keeps_nobody_out(screen, look, ids):
    pages = [f"admin/{path.format(**ids)}" for path in ADMIN]

    assert look(screen, pages, login="admin/login/") == []


@pytest.mark.parametrize("screen", SCREENS)
def test_the_workstation_keeps_nobody_out(screen, look, ids):
    pages = [f"agent/{path.format(**ids)}" for path in AGENT]

    assert look(screen, pages, login="agent/login") == []


@pytest.mark.parametrize("screen", SCREENS)
def test_the_pages_before_it_keep_nobody_out(screen, look):
    assert look(screen, OPEN) == []
