from __future__ import annotations

import base64
import json
import time

import jwt
import pytest
from django.conf import settings
from django.utils import timezone

from accounts.actor import Actor
from tokens.errors import Refused
from tokens.models import AccessToken, TokenEvent
from tokens.verification.call import Call
from tokens.verification.denials import DENIALS_A_MINUTE
from tokens.verification.verify import verify

API = Call("api", "203.0.113.9")
KEY = settings.TOKEN_KEYS["t1"]


def cause_of(secret: str, call: Call = API, **more) -> str:
    with pytest.raises(Refused) as refusal:
        verify(secret, call, **more)
    return refusal.value.cause


def signed(payload: object, key: bytes = KEY, algorithm: str = "HS384", **header) -> str:
    """Return a token as a forger with our key would write it, so that only one thing is wrong."""
    head = {"alg": algorithm, "kid": "t1", "typ": "JWT", **header}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (head, payload)
    ]
    signing = jwt.get_algorithm_by_name("HS384")
    mac = signing.sign(".".join(parts).encode(), signing.prepare_key(key))
    return ".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=").decode()])


def claims(**changes) -> dict:
    now = int(time.time())
    subject = json.dumps({"platform": "bytedesk", "username": "carol@example.com"})
    return {"sub": subject, "iat": now, "exp": now + 600, "jti": "x", **changes}


def test_a_good_token_costs_one_query(carol, issue, django_assert_num_queries):
    token, secret = issue(carol)

    with django_assert_num_queries(1):
        found = verify(secret, API, scope="tickets:write")
        assert found.user.username == "carol@example.com"

    assert found == token


def hostile_tokens() -> dict[str, str]:
    good = signed(claims())
    head, payload, _signature = good.split(".")
    return {
        "empty": "",
        "word": "hello",
        "two parts": f"{head}.{payload}",
        "cut": good[:-3],
        "doubled": good + good,
        "other key": signed(claims(), key=b"z" * 48),
        "no signature": f"{head}.{payload}.",
        "alg none": signed(claims(), algorithm="none"),
        "alg HS256": jwt.encode(claims(), KEY, algorithm="HS256", headers={"kid": "t1"}),
        "alg HS512": jwt.encode(claims(), KEY + KEY, algorithm="HS512", headers={"kid": "t1"}),
        "alg lower case": signed(claims(), algorithm="hs384"),
        "unknown kid": signed(claims(), kid="t9"),
        "kid a list": signed(claims(), kid=["t1"]),
        "kid missing": signed(claims(), kid=None),
        "crit": signed(claims(), crit=["exp"]),
        "other kid": signed(claims(), kid="t2"),
        "10 kB": signed(claims(padding="x" * 10_000)),
        "non-ASCII": "é" + good,
        "NUL": good + "\0",
        "payload a list": signed([1]),
        "exp missing": signed({"sub": "{}"}),
        "exp huge": signed(claims(exp=10**30)),
        "exp text": signed(claims(exp="9999999999")),
        "exp true": signed(claims(exp=True)),
        "sub no JSON": signed(claims(sub="carol")),
        "sub a number": signed(claims(sub=7)),
        "sub deep": signed(claims(sub="[" * 3000)),
        "sub a list": signed(claims(sub="[1]")),
        "sub nameless": signed(claims(sub="{}")),
    }


@pytest.mark.parametrize("kind", hostile_tokens())
def test_a_bad_form_key_or_signature_is_refused_without_a_query(
    kind, db, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert cause_of(hostile_tokens()[kind]) == "token-invalid"


def test_a_clock_that_jumped_back_is_told_as_such(carol, issue, monkeypatch):
    _, secret = issue(carol)
    an_hour_ago = time.time() - 3600
    assert verify(secret, API)

    monkeypatch.setattr("tokens.signing.jwt.time.time", lambda: an_hour_ago)
    assert cause_of(secret) == "token-not-yet-valid"
    # Whoever has not our key learns nothing about the clock.
    assert cause_of(signed(claims(iat=int(time.time()) + 9999), key=b"z" * 48)) == "token-invalid"
    monkeypatch.setattr("tokens.signing.jwt.time.time", lambda: an_hour_ago + 3580)
    assert verify(secret, API)


def test_a_good_signature_without_a_row_is_refused(carol):
    assert cause_of(signed(claims())) == "token-invalid"


def test_an_expired_token_is_told_from_a_disabled_one(carol, issue):
    token, _ = issue(carol)
    secret = signed(claims(exp=int(time.time())))
    AccessToken.objects.filter(pk=token.pk).update(digest=digest(secret))

    assert cause_of(secret) == "token-expired"
    token.disable(by=Actor.system())
    assert cause_of(secret) == "token-disabled"


def digest(secret: str) -> str:
    from tokens.signing.digests import digest_of

    return digest_of(secret)


def test_a_row_can_expire_before_its_token(carol, issue):
    token, secret = issue(carol)
    AccessToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())

    assert cause_of(secret) == "token-expired"


def test_disabling_works_on_the_very_next_call_and_can_be_taken_back(carol, issue):
    token, secret = issue(carol)

    token.disable(by=Actor.system())
    assert cause_of(secret) == "token-disabled"

    token.enable(by=Actor.system())
    assert verify(secret, API) == token


def test_a_deactivated_person_is_refused(carol, issue):
    _, secret = issue(carol)
    carol.is_active = False
    carol.save()

    assert cause_of(secret) == "user-inactive"


def test_a_token_does_not_pass_on_to_whoever_takes_the_username(carol, carlos, issue):
    _, secret = issue(carol)
    carol.username = "gone@example.com"
    carol.save()
    carlos.username = "carol@example.com"
    carlos.save()

    assert verify(secret, API).user == carol


@pytest.mark.parametrize(
    ("kind", "page", "cause"),
    [
        ("api", None, "domain-not-allowed"),
        ("api", "null", "domain-not-allowed"),
        ("api", "https://evil.example.com", "domain-not-allowed"),
        ("api", "https://crm.example.com", None),
        ("login", None, "domain-not-allowed"),
        ("login", "https://crm.example.com/page?x=1", None),
    ],
)
def test_domains_bind_what_shows_a_page(carol, issue, kind, page, cause):
    _, secret = issue(carol, domains=["crm.example.com"])
    call = Call(kind, "203.0.113.9", page)

    if cause:
        assert cause_of(secret, call) == cause
    else:
        assert verify(secret, call)


def test_a_program_that_shows_no_page_is_told_what_programs_need(carol, bearer):
    answer = bearer(carol, domains=["crm.example.com"]).get("/api/tickets/list")

    assert answer.json()["detail"] == (
        "No page was seen. Programs show none: they need a token with allowed networks, or one "
        "without allowed domains."
    )


def test_networks_bind_every_call_and_vouch_for_programs(carol, issue):
    _, secret = issue(carol, domains=["crm.example.com"], networks=["203.0.113.0/24"])

    assert verify(secret, Call("api", "203.0.113.9"))
    assert cause_of(secret, Call("api", "198.51.100.1")) == "network-not-allowed"
    assert cause_of(secret, Call("session", "198.51.100.1")) == "network-not-allowed"
    assert cause_of(secret, Call("login", "203.0.113.9")) == "domain-not-allowed"


def test_a_link_without_a_page_passes_if_so_allowed(carol, issue):
    _, secret = issue(carol, domains=["crm.example.com"], allow_missing_referrer=True)

    assert verify(secret, Call("login", "203.0.113.9"))
    assert cause_of(secret, Call("api", "203.0.113.9")) == "domain-not-allowed"


def test_a_missing_scope_and_a_missing_role_are_told_apart(carol, issue):
    _, secret = issue(carol, scopes=["tickets:write"])

    assert verify(secret, API, scope="tickets:read")
    assert cause_of(secret, scope="messages:read") == "insufficient-scope"
    assert cause_of(secret, scope="settings:read") == "role"


def test_a_refusal_that_names_a_row_is_audited_once_a_minute(carol, issue):
    token, secret = issue(carol, domains=["crm.example.com"])

    for _ in range(3):
        cause_of(secret, Call("api", "203.0.113.9", "https://evil.example.com/path?secret=1"))

    denial = TokenEvent.objects.denials().get()
    assert (denial.token_id, denial.cause) == (token.pk, "domain-not-allowed")
    assert denial.origin == "https://evil.example.com"
    assert denial.address == "203.0.113.9"


def test_every_other_refusal_is_audited_too_but_not_without_end(carol, issue):
    _, secret = issue(carol, scopes=["tickets:read"], domains=["crm.example.com"])
    listed = "https://crm.example.com"

    cause_of(secret, Call("api", "203.0.113.9", "https://one.example"))
    cause_of(secret, Call("api", "203.0.113.9", "https://two.example"))
    cause_of(secret, Call("login", "203.0.113.9", "https://two.example"))
    cause_of(secret, Call("api", "203.0.113.10", "https://two.example"))
    cause_of(secret, Call("api", "203.0.113.9", listed), scope="messages:read")
    cause_of(secret, Call("api", "203.0.113.9", listed), scope="tickets:write")
    assert TokenEvent.objects.denials().count() == 6

    for number in range(2 * DENIALS_A_MINUTE):
        cause_of(secret, Call("api", "203.0.113.9", f"https://{number}.example"))
    assert TokenEvent.objects.denials().count() == DENIALS_A_MINUTE
