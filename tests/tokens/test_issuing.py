from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.actor import Actor
from tokens.models import AccessToken, TokenEvent


def claims_of(secret: str) -> tuple[dict, dict]:
    header, payload, _signature = secret.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload))


def test_a_token_has_the_shape_of_the_guide(dora, issue):
    token, secret = issue(dora)

    header, payload = claims_of(secret)
    assert header == {"alg": "HS384", "kid": "t1", "typ": "JWT"}
    assert payload["sub"] == '{"platform":"bytedesk","username":"dora@example.com"}'
    assert payload["exp"] - payload["iat"] == 30 * 24 * 60 * 60
    assert token.expires_at.timestamp() == payload["exp"]


def test_only_a_digest_and_a_hint_are_kept(dora, issue):
    token, secret = issue(dora)

    kept = " ".join(str(column) for column in AccessToken.objects.filter(pk=token.pk).values())
    assert secret not in kept
    assert secret.rpartition(".")[2] not in kept
    assert token.hint == secret[-6:]


def test_two_tokens_of_one_moment_differ(dora, issue):
    assert issue(dora)[1] != issue(dora)[1]


def test_the_default_scopes_leave_out_what_is_ticked_by_hand(dora, issue):
    token, _ = issue(dora)

    assert token.scopes == [
        "login:admin", "login:agent", "messages:read", "messages:write", "settings:read",
        "statistics:read", "tickets:read", "tickets:write", "users:read",
    ]  # fmt: skip


def test_a_token_cannot_exceed_the_role(carol, issue):
    with pytest.raises(ValidationError) as refusal:
        issue(carol, scopes=["users:write"])

    assert "scopes" in refusal.value.message_dict
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize("days", [0, -1, 100_000])
def test_a_life_outside_the_limits_is_refused(carol, issue, days):
    with pytest.raises(ValidationError):
        issue(carol, days=days)


def test_nobody_deactivated_gets_a_token(carol, issue):
    carol.is_active = False
    carol.save()

    with pytest.raises(ValidationError):
        issue(carol)


def test_making_editing_and_ending_leave_audit_rows(dora, carol, issue):
    token, _ = issue(carol, domains=["crm.example.com"])
    dora_now = Actor(user=dora)

    token.edit(by=dora_now, domains=["b.example.com"], name="New")
    token.disable(by=dora_now, reason="lost laptop")
    token.disable(by=dora_now)
    token.enable(by=dora_now)
    number = token.pk
    token.remove(by=dora_now)

    rows = TokenEvent.objects.filter(token_id=number).order_by("id")
    assert [row.verb for row in rows] == ["made", "edited", "disabled", "enabled", "deleted"]
    assert rows[1].details["changes"]["domains"] == [["crm.example.com"], ["b.example.com"]]
    assert rows[2].cause == "lost laptop"
    assert {row.actor_id for row in rows[1:]} == {dora.pk}


def test_an_audit_row_can_be_neither_changed_nor_deleted(carol, issue):
    issue(carol)

    with pytest.raises(TypeError):
        TokenEvent.objects.all().delete()
    with pytest.raises(TypeError):
        TokenEvent.objects.update(verb="login")
    with pytest.raises(TypeError):
        TokenEvent.objects.get().delete()


def test_an_expiry_is_only_shortened(carol, issue):
    token, _ = issue(carol)
    by = Actor.system()

    token.edit(by=by, expires_at=timezone.now() + timedelta(days=2))
    with pytest.raises(ValidationError):
        AccessToken.objects.get(pk=token.pk).edit(
            by=by, expires_at=timezone.now() + timedelta(days=3)
        )


@pytest.mark.parametrize(
    "wider",
    [
        {"scopes": ["tickets:write"]},
        {"domains": []},
        {"domains": ["other.example.com"]},
        {"networks": []},
        {"days": 20},
        {"allow_missing_referrer": True},
    ],
)
def test_rights_never_grow_through_a_token(dora, issue, wider):
    narrow = {
        "scopes": ["tickets:read", "tokens:write"],
        "domains": ["crm.example.com"],
        "networks": ["203.0.113.0/24"],
        "days": 10,
    }
    maker, _ = issue(dora, **narrow)
    by = Actor(user=dora, token_id=maker.pk)

    with pytest.raises(PermissionDenied):
        issue_by(dora, by, **{**narrow, "days": 9, **wider})

    assert AccessToken.objects.count() == 1
    issue_by(dora, by, **{**narrow, "days": 9, "scopes": ["tickets:read"]})


def test_networks_do_not_open_a_way_past_domains(dora, issue):
    """With networks listed, a program may show no page; with domains alone it may not."""
    maker, _ = issue(dora, scopes=["tokens:write"], domains=["crm.example.com"])
    by = Actor(user=dora, token_id=maker.pk)
    like = {"scopes": [], "domains": ["crm.example.com"], "days": 9}

    with pytest.raises(PermissionDenied):
        issue_by(dora, by, **like, networks=["0.0.0.0/0"])

    assert AccessToken.objects.count() == 1
    issue_by(dora, by, **like)


def test_a_token_makes_none_for_somebody_else(dora, carol, issue):
    maker, _ = issue(dora, scopes=["tokens:write", "tickets:read"])

    with pytest.raises(PermissionDenied):
        issue_by(carol, Actor(user=dora, token_id=maker.pk), scopes=["tickets:read"], days=1)


def test_whom_a_login_link_let_in_makes_none_for_the_tokens_person(dora, carol, issue):
    maker, _ = issue(dora, scopes=["tokens:write", "tickets:read"])

    with pytest.raises(PermissionDenied):
        issue_by(dora, Actor(user=carol, token_id=maker.pk), scopes=["tickets:read"], days=1)

    assert AccessToken.objects.count() == 1


def issue_by(user, by, **settings):
    return AccessToken.objects.issue(user=user, name="made by a token", by=by, **settings)
