"""The simulation of a token agrees with what real requests get, and leaves no trace."""

from __future__ import annotations

import random
import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.actor import Actor
from tests.tokens.test_verification import claims, signed
from tokens.diagnostics import pasted
from tokens.diagnostics.cookie_modes import (
    dropped_cookie_mode,
    frame_cookie_mode,
    is_same_site,
)
from tokens.diagnostics.simulator import Question, Simulation, Use, Verdict, simulate
from tokens.errors import Refused
from tokens.models import AccessToken, RefusedCalls, TokenEvent
from tokens.origins.domains import Origin
from tokens.scopes import ROLE_SCOPES
from tokens.signing.digests import digest_of
from tokens.verification import refused_counter
from tokens.verification.call import Call

ADDRESS = "203.0.113.9"
OWN = Origin("https", "testserver", 443)


def simulated(secret: str, page: str = "", **more) -> Simulation:
    question = Question(ADDRESS, OWN, Origin.parse(page) if page else None, **more)
    return simulate(pasted.read(secret), question)


def verdict(simulation: Simulation, kind: str, target: str = "", scheme: str = "") -> Verdict:
    found = [
        one
        for one in simulation.verdicts
        if one.use.kind == kind
        and target in ("", one.use.target)
        and scheme in ("", one.use.scheme)
    ]
    assert len(found) == 1
    return found[0]


def test_each_rule_says_why_it_lets_a_token_pass(carol, issue):
    token, secret = issue(carol, name="CRM", domains=["*.example.com"], networks=["203.0.113.0/24"])

    simulation = simulated(secret, "https://crm.example.com/page?x=1", scope="tickets:read")

    assert simulation.steps[0].sentence == (
        f"It is signed by this server and stands here as “CRM (…{token.hint})” of Carol."
    )
    found = verdict(simulation, "api-page")
    assert (found.outcome, [step.rule for step in found.steps]) == (
        "works",
        ["status", "person", "network", "page", "scope"],
    )
    assert [step.sentence for step in found.steps[1:]] == [
        "Carol is active.",
        "203.0.113.9 lies in the listed network 203.0.113.0/24.",
        "https://crm.example.com is allowed by the entry “*.example.com”.",
        "Role and token have the permission “tickets:read”.",
    ]


def test_the_rule_that_refuses_is_the_last(carol, issue):
    _, secret = issue(carol, domains=["crm.example.com"])

    found = verdict(simulated(secret, "https://evil.example.com"), "link")

    assert (found.outcome, found.refusal.cause) == ("refused", "domain-not-allowed")
    assert [(step.rule, step.passes) for step in found.steps] == [
        ("status", True),
        ("person", True),
        ("network", True),
        ("page", False),
    ]
    assert found.sentence.startswith(
        "This page may not use the token. The page seen was: https://evil"
    )


@pytest.mark.parametrize(
    ("rule", "secret"),
    [
        ("form", "hello"),
        ("key", signed(claims(), kid="t9")),
        ("signature", signed(claims(), key=b"z" * 48)),
        ("row", signed(claims())),
        ("clock", signed(claims(iat=int(time.time()) + 9999))),
    ],
)
def test_what_is_no_token_here_is_refused_everywhere(db, rule, secret):
    simulation = simulated(secret)

    assert (simulation.token, simulation.verdicts) == (None, ())
    cause = "token-not-yet-valid" if rule == "clock" else "token-invalid"
    assert (simulation.refusal.cause, simulation.refusal.rule) == (cause, rule)


def test_a_simulation_leaves_no_trace(carol, issue, monkeypatch):
    monkeypatch.setattr(refused_counter.refused_calls, "_counts", {})
    token, secret = issue(carol, domains=["crm.example.com"], networks=["10.0.0.0/8"])
    before = AccessToken.objects.values().get()

    for text in (secret, "nonsense", signed(claims())):
        simulated(text, "https://evil.example.com")
    refused_counter.refused_calls.write()

    assert AccessToken.objects.values().get() == before
    assert [event.verb for event in TokenEvent.objects.all()] == ["made"]
    assert RefusedCalls.objects.count() == 0
    # The next real refusal is written, so none was held back on account of the simulation.
    Client().get(f"/agent/auth/login?accessToken={secret}")
    assert TokenEvent.objects.denials().count() == 1
    assert token.hint not in repr(pasted.read(secret))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("{}", ""),
        (" {}\n", ""),
        ("Bearer {}", ""),
        ("bearer: {}", ""),
        ("https://desk.example.com/agent/auth/login?accessToken={}", "agent"),
        ("https://desk.example.com/admin/auth/login/?next=/admin/&accessToken={}", "admin"),
        ("/agent/auth/login?lang=en&amp;access_token={}", "agent"),
        ("http://desk.example.com/agent/auth/login?ACCESSTOKEN={}", "agent"),
    ],
)
def test_the_token_is_found_in_what_people_paste(text, target):
    found = pasted.read(text.format("aa.bb-_.cc"))

    assert (found.secret, found.target) == ("aa.bb-_.cc", target)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("https://desk.example.com/agent/auth/login", "token-missing"),
        ("https://desk.example.com/agent/auth/login?accessToken=a&accessToken=b", "token-doubled"),
    ],
)
def test_an_address_holds_exactly_one_token(text, cause):
    with pytest.raises(Refused, match=cause):
        pasted.read(text)


@pytest.mark.parametrize(
    ("page", "own", "target", "mode"),
    [
        ("https://crm.example.com", "https://desk.example.com", "agent", "partitioned"),
        ("https://shop.other.org", "https://desk.example.com", "admin", "partitioned"),
        ("http://crm.example.com", "https://desk.example.com", "agent", "partitioned"),
        ("http://crm.example.com", "http://desk.example.com", "admin", "frame"),
        ("http://shop.other.org", "http://desk.example.com", "agent", "storage"),
        ("http://shop.other.org", "http://desk.example.com", "admin", "new-tab"),
        ("https://crm.example.com", "http://desk.example.com", "agent", "blocked"),
        ("https://crm.example.com", "http://localhost:8000", "agent", "storage"),
    ],
)
def test_the_cookie_mode_of_a_frame_follows_from_the_addresses(page, own, target, mode):
    assert frame_cookie_mode(Origin.parse(page), Origin.parse(own), target=target) == mode


@pytest.mark.parametrize(
    ("page", "own", "target", "mode"),
    [
        ("https://shop.other.org", "https://desk.example.com", "agent", "dropped"),
        ("https://shop.other.org", "https://desk.example.com", "admin", "dropped-new-tab"),
        # Such a browser is no different in a frame of the same domain, nor over http.
        ("https://crm.example.com", "https://desk.example.com", "admin", ""),
        ("http://crm.example.com", "https://desk.example.com", "admin", ""),
        ("http://shop.other.org", "http://desk.example.com", "admin", ""),
    ],
)
def test_a_browser_without_partitioned_cookies_is_told_apart(page, own, target, mode):
    assert dropped_cookie_mode(Origin.parse(page), Origin.parse(own), target=target) == mode


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.example.com", "https://b.example.com:8443", True),
        ("https://example.com", "https://b.example.com", True),
        ("https://a.example.com", "http://a.example.com", False),
        ("https://a.example.co.uk", "https://b.example.co.uk", True),
        ("https://one.co.uk", "https://two.co.uk", False),
        ("https://one.github.io", "https://two.github.io", False),
        ("https://one.com.mx", "https://two.com.mx", False),
        ("http://10.0.0.1", "http://11.0.0.1", False),
        ("http://localhost:8000", "http://localhost:9000", True),
        ("http://localhost", "http://127.0.0.1", False),
        ("http://[::1]", "http://[::1]:8000", True),
    ],
)
def test_one_site_is_told_by_the_names(one, other, same):
    assert is_same_site(Origin.parse(one), Origin.parse(other)) is same


# --- The simulation and the server agree ---------------------------------------------------------

PAGES = [
    "", "https://crm.example.com", "http://crm.example.com", "https://crm.example.com:8443",
    "https://a.b.example.com", "https://evil-example.com", "https://bücher.example",
    "http://10.1.2.3:3000",
]  # fmt: skip
DOMAINS = [
    [], ["crm.example.com"], ["*.example.com"], ["https://crm.example.com"], [".example.com:*"],
    ["bücher.example", "10.1.2.3:3000"],
]  # fmt: skip
NETWORKS = [[], ["203.0.113.0/24"], ["10.0.0.0/8", "2001:db8::/32"]]
ADDRESSES = ["203.0.113.9", "10.9.9.9", "2001:db8::7", "198.51.100.1"]


def random_token(people, issue, choose: random.Random) -> str:
    """Return a token of some person with some lists, which may have come to an end."""
    person = choose.choice(people)
    rights = sorted(ROLE_SCOPES[person.role])
    token, secret = issue(
        person,
        scopes=choose.sample(rights, choose.randint(0, len(rights))),
        domains=choose.choice(DOMAINS),
        networks=choose.choice(NETWORKS),
        allow_missing_referrer=choose.random() < 0.3,
    )
    match choose.randint(0, 9):
        case 0:
            token.disable(by=Actor.system())
        case 1:
            ended = int(timezone.now().timestamp()) - 60
            secret = signed(claims(exp=ended, jti=str(choose.random())))
            AccessToken.objects.filter(pk=token.pk).update(digest=digest_of(secret))
        case 2:
            over = timezone.now() - timedelta(minutes=2)
            AccessToken.objects.filter(pk=token.pk).update(grace_until=over)
        case 3:
            secret = signed(claims(jti=str(choose.random())), key=b"z" * 48)
    return secret


def real_cause(use: Use, secret: str) -> str:
    """Make the use as a real request; return why it was refused, "" where it was not."""
    cache.clear()
    is_secure = use.scheme == "https"
    headers = {"Accept": "application/json", "Upgrade-Insecure-Requests": "1"}
    page = use.call.page
    client = Client(REMOTE_ADDR=use.call.address)
    if use.call.kind == "api":
        path = f"/api/{FAMILIES[use.scope]}/list" if use.scope else "/api/user/profile"
        headers |= {"Authorization": f"Bearer {secret}"} | ({"Origin": page} if page else {})
    else:
        path = f"/{use.target}/auth/login?accessToken={secret}"
        headers |= {"Referer": f"{page}/some/page?x=1"} if page else {}
        if is_secure:
            headers["Sec-Fetch-Dest"] = "iframe" if use.kind == "frame" else "document"
    answer = client.get(path, secure=is_secure, headers=headers)
    assert answer.status_code in (200, 303, 401, 403), answer.content
    return answer.json()["code"] if answer.status_code > 400 else ""


FAMILIES = {
    f"{family}:read": family for family in ("tickets", "messages", "users", "settings", "tokens")
}


@pytest.mark.parametrize("seed", range(4))
def test_the_simulation_says_what_a_real_request_gets(seed, alice, carol, dora, bob, issue):
    choose = random.Random(seed)
    people = [alice, carol, dora, bob]
    causes: set[str] = set()
    for _ in range(12):
        secret = random_token(people, issue, choose)
        bob.is_active = choose.random() < 0.3
        bob.save()
        page = choose.choice(PAGES)
        question = Question(
            choose.choice(ADDRESSES),
            Origin(choose.choice(["http", "https"]), "testserver", 443),
            Origin.parse(page) if page else None,
            choose.choice(["", *FAMILIES]),
        )

        simulation = simulate(pasted.read(secret), question)

        if simulation.refusal:
            anything = Use("api-server", Call("api", question.address))
            assert real_cause(anything, secret) == simulation.refusal.cause
            causes.add(simulation.refusal.cause)
        for found in simulation.verdicts:
            expected = found.refusal.cause if found.refusal else ""
            assert real_cause(found.use, secret) == expected, (found.use, found.steps)
            causes.add(expected)
        bob.is_active = True
        bob.save()
    assert len(causes) > 3, "the random cases must not all be alike"
