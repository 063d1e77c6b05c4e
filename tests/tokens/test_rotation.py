"""Rotation: one successor, a grace for the old token, and a mark on what is used after it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone

import configuration.values
from accounts.actor import Actor
from accounts.models import User
from records.errors import Conflict
from tests.tickets.together import together
from tokens.errors import Refused
from tokens.models import AccessToken, TokenEvent
from tokens.models.states import condition_of
from tokens.verification.call import Call
from tokens.verification.verify import check, verify

API = Call("api", "203.0.113.9", "https://crm.example.com")
HOUR = timedelta(hours=1)


@pytest.fixture
def by(dora) -> Actor:
    return Actor(dora)


def refusal_of(secret: str, call: Call = API) -> Refused:
    with pytest.raises(Refused) as refusal:
        verify(secret, call)
    return refusal.value


def cause_of(secret: str, call: Call = API) -> str:
    return refusal_of(secret, call).cause


def age(token: AccessToken, by: timedelta) -> AccessToken:
    """Let the time pass for a token: all its moments lie further back."""
    moments = {
        name: getattr(token, name) - by
        for name in ("created_at", "expires_at", "grace_until")
        if getattr(token, name)
    }
    AccessToken.objects.filter(pk=token.pk).update(**moments)
    return AccessToken.objects.select_related("user").get(pk=token.pk)


def about(moment, other) -> bool:
    return abs(moment - other) < timedelta(seconds=5)


def test_the_successor_is_like_the_old_token_and_begins_anew(carol, issue, by):
    old, _ = issue(
        carol,
        name="CRM",
        description="of the shop",
        scopes=["tickets:read", "login:agent"],
        domains=["crm.example.com"],
        networks=["203.0.113.0/24"],
        allow_missing_referrer=True,
        days=20,
    )
    old = age(old, timedelta(days=15))

    new, secret = old.rotate(by=by)

    alike = ("user", "name", "description", "scopes", "domains", "networks", "family")
    assert {name: getattr(new, name) for name in alike} == {
        name: getattr(old, name) for name in alike
    }
    assert new.allow_missing_referrer
    assert new.expires_at - new.created_at == timedelta(days=20)
    assert about(new.created_at, timezone.now())
    assert (new.pk != old.pk, new.digest != old.digest, new.handle != old.handle) == (True,) * 3
    assert verify(secret, API) == new
    old.refresh_from_db()
    assert old.successor == new
    assert new.predecessor == old
    assert about(old.grace_until, timezone.now() + 24 * HOUR)


def test_both_tokens_are_good_during_the_grace_and_then_the_new_one_alone(carol, issue, by):
    old, old_secret = issue(carol, domains=["crm.example.com"])
    new, new_secret = old.rotate(by=by, grace=HOUR)

    assert verify(old_secret, API) == old
    assert verify(new_secret, API) == new

    age(old, HOUR)

    assert cause_of(old_secret) == "token-rotated"
    assert verify(new_secret, API) == new


def test_without_grace_the_old_token_ends_at_once(carol, issue, by):
    old, secret = issue(carol)

    old.rotate(by=by, grace=timedelta(0))

    refusal = refusal_of(secret)
    assert (refusal.cause, refusal.status) == ("token-rotated", 401)
    assert "successor" in refusal.message


@pytest.mark.parametrize("grace", [timedelta(seconds=-1), timedelta(days=7, seconds=1)])
def test_a_grace_is_at_most_seven_days(grace, carol, issue, by):
    old, _ = issue(carol)

    with pytest.raises(ValidationError) as refusal:
        old.rotate(by=by, grace=grace)

    assert refusal.value.error_dict["grace_seconds"][0].code == "out_of_range"
    assert AccessToken.objects.get().grace_until is None


def test_the_usual_grace_is_configured(carol, issue, by):
    configuration.values.suppose({"token_grace_hours": 3})
    old, _ = issue(carol)

    old.rotate(by=by)

    assert about(old.grace_until, timezone.now() + 3 * HOUR)


def test_a_grace_ends_with_the_token_at_the_latest(carol, issue, by):
    old, _ = issue(carol, days=1)

    old.rotate(by=by, grace=timedelta(days=7))

    assert old.grace_until == old.expires_at


def test_a_successor_lives_no_longer_than_tokens_may(carol, issue, by):
    old, _ = issue(carol, days=300)
    configuration.values.suppose({"token_longest_days": 90})

    new, _ = old.rotate(by=by)

    assert new.expires_at - new.created_at <= timedelta(days=90)
    assert about(new.expires_at, timezone.now() + timedelta(days=90))


def test_a_repeat_returns_the_same_successor_without_its_secret(carol, issue, by):
    old, _ = issue(carol)
    new, _ = old.rotate(by=by, grace=HOUR)
    until = old.grace_until

    again = AccessToken.objects.get(pk=old.pk).rotate(by=by, grace=7 * 24 * HOUR)

    assert again == (new, None)
    assert AccessToken.objects.count() == 2
    assert AccessToken.objects.get(pk=old.pk).grace_until == until
    assert TokenEvent.objects.filter(verb="rotated").count() == 1


def test_a_successor_can_be_rotated_in_its_turn(carol, issue, by):
    first, _ = issue(carol)
    second, _ = first.rotate(by=by)

    third, _ = second.rotate(by=by)

    assert {first.family, second.family} == {third.family}
    assert AccessToken.objects.filter(family=first.family).count() == 3


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"disabled_at": timezone.now()}, "token-disabled"),
        ({"expires_at": timezone.now() - HOUR}, "token-expired"),
    ],
)
def test_a_token_that_ended_is_not_rotated(change, code, carol, issue, by):
    old, _ = issue(carol)
    AccessToken.objects.filter(pk=old.pk).update(**change)

    with pytest.raises(Conflict) as refusal:
        old.rotate(by=by)

    assert refusal.value.code == code
    assert AccessToken.objects.get().successor is None
    assert not TokenEvent.objects.filter(verb="rotated").exists()


def test_the_token_of_a_deactivated_person_is_not_rotated(carol, issue, by):
    old, _ = issue(carol)
    User.objects.filter(pk=carol.pk).update(is_active=False)

    with pytest.raises(Conflict) as refusal:
        old.rotate(by=by)

    assert refusal.value.code == "user-inactive"
    assert AccessToken.objects.count() == 1


def test_a_successor_has_nothing_that_the_role_has_lost(dora, carlos, issue, by):
    old, _ = issue(dora, scopes=["settings:read", "tickets:read"])
    User.objects.filter(pk=dora.pk).update(role=User.Role.AGENT)

    new, _ = old.rotate(by=Actor(carlos))

    assert new.scopes == ["tickets:read"]


def test_a_rotation_whose_successor_is_gone_is_told(carol, issue, by):
    old, _ = issue(carol)
    new, _ = old.rotate(by=by)
    new.remove(by=by)

    with pytest.raises(Conflict) as refusal:
        old.rotate(by=by)

    assert refusal.value.code == "successor-deleted"
    assert AccessToken.objects.count() == 1


def test_ending_the_old_token_leaves_the_successor_alone(carol, issue, by):
    old, old_secret = issue(carol)
    new, new_secret = old.rotate(by=by)

    old.disable(by=by, reason="lost")

    assert cause_of(old_secret) == "token-disabled"
    assert verify(new_secret, API) == new
    old.remove(by=by)
    assert verify(new_secret, API) == new
    assert AccessToken.objects.get().family == new.family


def test_a_rotation_is_in_the_audit_of_both(carol, dora, issue, by):
    old, _ = issue(carol)
    new, _ = old.rotate(by=by, grace=HOUR)

    rotated = TokenEvent.objects.get(verb="rotated")
    assert (rotated.token_id, rotated.actor_id) == (old.pk, dora.pk)
    assert rotated.details == {
        "successor": new.pk,
        "grace_until": old.grace_until.isoformat(),
    }
    made = TokenEvent.objects.get(verb="made", token_id=new.pk)
    assert made.details == {"predecessor": old.pk}


# --- What is used after the grace ---------------------------------------------------------------


def test_the_first_use_after_the_grace_is_marked_once(carol, issue, by):
    old, secret = issue(carol)
    old.rotate(by=by, grace=timedelta(0))

    cause_of(secret)
    marked = AccessToken.objects.get(pk=old.pk).used_after_rotation_at
    cause_of(secret, Call("api", "198.51.100.7"))

    assert about(marked, timezone.now())
    assert AccessToken.objects.get(pk=old.pk).used_after_rotation_at == marked
    event = TokenEvent.objects.get(verb="reused")
    assert (event.token_id, event.address, event.origin) == (
        old.pk, "203.0.113.9", "https://crm.example.com",
    )  # fmt: skip


def test_use_during_the_grace_and_later_clicks_of_a_session_are_no_such_use(carol, issue, by):
    old, secret = issue(carol)
    old.rotate(by=by, grace=HOUR)
    verify(secret, API)
    old = age(old, HOUR)

    with pytest.raises(Refused) as refusal:
        check(old, Call("session", "203.0.113.9"))

    assert refusal.value.cause == "token-rotated"
    assert AccessToken.objects.get(pk=old.pk).used_after_rotation_at is None
    assert not TokenEvent.objects.filter(verb="reused").exists()


def test_nothing_else_is_revoked_by_such_a_use(carol, issue, by):
    old, old_secret = issue(carol)
    new, new_secret = old.rotate(by=by, grace=timedelta(0))

    cause_of(old_secret)

    assert verify(new_secret, API) == new


def test_a_disabled_token_says_so_first(carol, issue, by):
    old, secret = issue(carol)
    old.rotate(by=by, grace=timedelta(0))
    old.disable(by=by)

    assert cause_of(secret) == "token-disabled"
    assert not TokenEvent.objects.filter(verb="reused").exists()


# --- States -------------------------------------------------------------------------------------


def test_a_row_and_the_database_agree_on_every_state(carol, carlos, issue):
    now = timezone.now()
    rows = {
        "active": {},
        "expiring": {"expires_at": now + 2 * HOUR},
        "expired": {"expires_at": now - HOUR},
        "grace": {"grace_until": now + HOUR},
        "rotated": {"grace_until": now - HOUR},
        "disabled": {"disabled_at": now},
    }
    both = {
        "expired": {"expires_at": now - HOUR, "grace_until": now - HOUR},
        "disabled": {"expires_at": now - HOUR, "grace_until": now - HOUR, "disabled_at": now},
    }
    gone = [("user-inactive", rows[state]) for state in ("active", "expiring", "grace")]
    gone += [(state, rows[state]) for state in ("expired", "rotated", "disabled")]
    for person, cases in ((carol, [*rows.items(), *both.items()]), (carlos, gone)):
        for state, change in cases:
            token, _ = issue(person, name=state)
            AccessToken.objects.filter(pk=token.pk).update(**change)
    carlos.is_active = False
    carlos.save()

    counts = {"active": 1, "expiring": 1, "grace": 1, "rotated": 2, "expired": 3, "disabled": 3}
    counts["user-inactive"] = 3
    for state in AccessToken.State.values:
        found = AccessToken.objects.filter(condition_of(state)).order_by("pk")
        assert [token.name for token in found] == [state] * counts[state]
        assert {token.state.value for token in found} == {state}


def test_a_token_in_grace_is_good_and_is_not_about_to_be_missed(carol, issue, by):
    old, _ = issue(carol, days=2)
    new, _ = old.rotate(by=by, grace=HOUR)

    assert set(AccessToken.objects.active()) == {old, new}
    assert set(AccessToken.objects.expiring()) == {new}

    age(old, HOUR)

    assert set(AccessToken.objects.active()) == {new}


def test_a_token_ends_with_its_grace(carol, issue, by):
    old, _ = issue(carol)
    assert old.ends_at == old.expires_at

    old.rotate(by=by, grace=HOUR)

    assert old.ends_at == old.grace_until


# --- Through a token ----------------------------------------------------------------------------


def test_a_token_rotates_itself_and_gains_no_time(dora, issue):
    own, _ = issue(dora, scopes=["tokens:write"], days=10)
    own = age(own, timedelta(days=9))

    new, secret = own.rotate(by=Actor(dora, token_id=own.pk))

    assert secret
    assert new.expires_at == own.expires_at


def test_a_token_rotates_a_narrower_one_and_ends_no_later_than_itself(dora, issue):
    maker, _ = issue(dora, scopes=["tokens:write", "tickets:read"], days=5)
    old, _ = issue(dora, scopes=["tickets:read"], days=30)

    new, _ = old.rotate(by=Actor(dora, token_id=maker.pk))

    assert new.expires_at == maker.expires_at
    assert TokenEvent.objects.get(verb="rotated").through_token_id == maker.pk


def test_a_token_rotates_nothing_beyond_itself(dora, carol, issue):
    maker, _ = issue(dora, scopes=["tokens:write", "tickets:read"], domains=["crm.example.com"])
    by = Actor(dora, token_id=maker.pk)
    wider = {
        "scopes": issue(dora, scopes=["tickets:write"], domains=["crm.example.com"])[0],
        "domains": issue(dora, scopes=["tickets:read"])[0],
        "person": issue(carol, scopes=["tickets:read"], domains=["crm.example.com"])[0],
    }

    for token in wider.values():
        with pytest.raises(PermissionDenied):
            token.rotate(by=by)

    assert AccessToken.objects.count() == 4
    assert not TokenEvent.objects.filter(verb="rotated").exists()


def test_a_token_in_grace_makes_none_that_outlives_it(dora, issue, by):
    old, _ = issue(dora, scopes=["tokens:write"])
    old.rotate(by=by, grace=HOUR)
    through = Actor(dora, token_id=old.pk)

    with pytest.raises(PermissionDenied):
        AccessToken.objects.issue(user=dora, name="longer", by=through, scopes=[], days=1)

    AccessToken.objects.issue(user=dora, name="shorter", by=through, scopes=[], days=1 / 48)


def test_a_token_that_is_gone_makes_nothing(dora, issue):
    maker, _ = issue(dora, scopes=["tokens:write"])
    by = Actor(dora, token_id=maker.pk)
    maker.remove(by=Actor(dora))

    with pytest.raises(PermissionDenied):
        AccessToken.objects.issue(user=dora, name="orphan", by=by, scopes=[], days=1)

    assert AccessToken.objects.count() == 0


def test_a_token_deletes_nothing_beyond_itself(dora, carol, issue):
    maker, _ = issue(dora, scopes=["tokens:write"])
    foreign, _ = issue(carol)

    with pytest.raises(PermissionDenied):
        foreign.remove(by=Actor(dora, token_id=maker.pk))

    assert AccessToken.objects.filter(pk=foreign.pk).exists()
    maker.remove(by=Actor(dora, token_id=maker.pk))
    assert not AccessToken.objects.filter(pk=maker.pk).exists()


# --- Versions -----------------------------------------------------------------------------------


def test_each_change_by_people_makes_a_version_and_use_does_not(carol, issue, by):
    token, secret = issue(carol)
    versions = [token.version]
    for change in (
        lambda: token.edit(by=by, name="New"),
        lambda: token.edit(by=by, name="New"),
        lambda: token.disable(by=by),
        lambda: token.enable(by=by),
        lambda: verify(secret, API),
        lambda: token.rotate(by=by),
        lambda: token.rotate(by=by),
    ):
        change()
        versions.append(AccessToken.objects.get(pk=token.pk).version)

    assert versions == [1, 2, 2, 3, 4, 4, 5, 5]


def test_who_read_an_older_version_changes_nothing(carol, issue, by):
    token, _ = issue(carol)
    token.edit(by=by, name="New")

    for change in (
        lambda: token.edit(by=by, expected_version=1, name="Newer"),
        lambda: token.disable(by=by, expected_version=1),
        lambda: token.rotate(by=by, expected_version=1),
        lambda: token.remove(by=by, expected_version=1),
    ):
        with pytest.raises(Conflict) as refusal:
            change()
        assert refusal.value.code == "stale-version"

    assert AccessToken.objects.get().version == 2


# --- At once ------------------------------------------------------------------------------------


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_of_eight_rotations_at_once_one_makes_the_successor(carol, dora, issue):
    old, _ = issue(carol)

    results = together(
        lambda _: AccessToken.objects.get(pk=old.pk).rotate(by=Actor(dora)), range(8)
    )

    assert not [result for result in results if isinstance(result, Exception)]
    assert len({successor.pk for successor, _ in results}) == 1
    assert [secret is None for _, secret in results].count(False) == 1
    assert AccessToken.objects.filter(family=old.family).count() == 2
    assert TokenEvent.objects.filter(verb="rotated").count() == 1


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_of_a_rotation_and_a_disabling_at_once_neither_is_lost(carol, dora, issue):
    by = Actor(dora)
    for _ in range(5):
        old, _secret = issue(carol)

        rotated, disabled = together(
            lambda verb, pk=old.pk: getattr(AccessToken.objects.get(pk=pk), verb)(by=by),
            ["rotate", "disable"],
        )

        old.refresh_from_db()
        assert disabled is True
        assert old.disabled_at is not None
        if isinstance(rotated, Conflict):
            assert (rotated.code, old.successor) == ("token-disabled", None)
        else:
            assert old.successor == rotated[0]


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_of_many_first_uses_at_once_one_is_marked(carol, dora, issue):
    old, secret = issue(carol)
    old.rotate(by=Actor(dora), grace=timedelta(0))

    results = together(lambda _: verify(secret, API), range(6))

    assert {result.cause for result in results} == {"token-rotated"}
    assert TokenEvent.objects.filter(verb="reused").count() == 1
