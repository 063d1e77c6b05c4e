"""A POST that is sent twice under one key is done once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User, Workgroup
from accounts.views import WorkgroupViewSet
from rest.models import StoredAnswer

KEY = {"Idempotency-Key": "order-1042"}


def create(client, name="Billing", headers=KEY, path="/api/workgroups/create"):
    return client.post(path, {"name": name}, headers=headers)


def test_the_first_answer_is_given_again(dora, as_user):
    client = as_user(dora)

    first, second = create(client), create(client)

    assert first.status_code == second.status_code == 200
    assert second.json() == first.json()
    assert second["ETag"] == first["ETag"]
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    assert Workgroup.objects.count() == 1


def test_nobody_guesses_a_body_by_its_digest(dora, as_user, settings):
    """Bodies hold passwords: a copy of the database alone must not tell which."""
    create(as_user(dora))
    settings.SECRET_KEY = "another-" + "0" * 50
    create(as_user(dora), headers={"Idempotency-Key": "another"}, name="Billing 2")
    first, second = StoredAnswer.objects.order_by("id")

    assert first.rights != second.rights
    assert first.fingerprint != second.fingerprint


def test_the_rest_form_keeps_status_and_location(dora, as_user):
    client = as_user(dora)

    first, second = (create(client, path="/api/workgroups") for _ in range(2))

    assert first.status_code == second.status_code == 201
    assert second["Location"] == first["Location"]


def test_the_same_body_written_otherwise_is_the_same(dora, as_user):
    client = as_user(dora)
    bodies = [b'{"name":"A","description":"B"}', b'{ "description": "B", "name": "\\u0041" }']

    answers = [
        client.generic("POST", "/api/workgroups/create", body, "application/json", headers=KEY)
        for body in bodies
    ]

    assert answers[0].json() == answers[1].json()


def test_another_body_under_the_same_key_is_refused(dora, as_user):
    client = as_user(dora)
    create(client)

    response = create(client, name="Other")

    assert response.status_code == 409
    assert response.json()["code"] == "idempotency-key-reused"
    assert Workgroup.objects.count() == 1


def test_keys_belong_to_the_person_and_the_credential(dora, bearer, as_user):
    person = User.objects.create_user("dan@example.com", role=User.Role.ADMINISTRATOR)
    callers = [
        as_user(dora),
        as_user(person),
        bearer(dora, scopes=["users:write"]),
        bearer(dora, scopes=["users:write"]),
    ]

    for number, caller in enumerate(callers):
        response = create(caller, name=f"Group {number}")
        assert response.status_code == 200, response.content
        assert "Idempotency-Replayed" not in response
    assert Workgroup.objects.count() == 4


def test_a_refusal_is_not_kept(dora, as_user):
    client = as_user(dora)
    Workgroup.objects.create(name="Billing")
    assert create(client).status_code == 400
    assert not StoredAnswer.objects.exists()

    Workgroup.objects.all().delete()

    assert create(client).status_code == 200


def test_after_a_day_the_key_is_new(dora, as_user):
    client = as_user(dora)
    create(client)
    StoredAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))

    response = create(client, name="Other")

    assert response.status_code == 200
    assert "Idempotency-Replayed" not in response
    assert StoredAnswer.objects.count() == 1


def test_what_is_gone_is_not_shown_again(dora, as_user):
    client = as_user(dora)
    first = create(client)
    client.delete(f"/api/workgroups/{first.json()['id']}")

    assert create(client).status_code == 404
    assert not Workgroup.objects.exists()


def test_an_answer_is_not_given_again_under_other_rights(dora, issue):
    row, secret = issue(dora, scopes=["users:write"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    first = create(client)

    row.scopes = ["users:write", "tickets:read"]
    row.save(update_fields=["scopes"])
    second = create(client)

    assert second.status_code == 409
    assert second.json()["code"] == "already-done"
    assert second.json()["id"] == first.json()["id"]
    row.scopes = ["tickets:read"]
    row.save(update_fields=["scopes"])
    assert create(client).status_code == 403


def test_a_secret_is_never_kept(dora, as_user, monkeypatch):
    monkeypatch.setattr(WorkgroupViewSet, "shows_secret", True, raising=False)
    client = as_user(dora)

    first = create(client, name="the-secret")
    second = create(client, name="the-secret")

    assert first.status_code == 200
    assert second.status_code == 409
    assert second.json()["code"] == "already-issued"
    assert second.json()["id"] == first.json()["id"]
    kept = StoredAnswer.objects.get()
    assert kept.body is None
    assert "the-secret" not in str(vars(kept))


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_a_key_that_cannot_be_is_refused(key, dora, as_user):
    response = create(as_user(dora), headers={"Idempotency-Key": key})

    assert response.status_code == 400
    assert response.json()["code"] == "idempotency-key-invalid"
    assert not Workgroup.objects.exists()


def test_the_answer_and_the_write_stand_or_fall_together(dora, as_user, monkeypatch):
    def fail(*_args, **_kwargs):
        raise RuntimeError("the disk is full")

    client = as_user(dora)
    client.raise_request_exception = False
    monkeypatch.setattr(StoredAnswer, "save", fail)

    assert create(client).status_code == 500
    assert not Workgroup.objects.exists()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time")
def test_of_many_at_once_one_writes_and_the_others_are_told(dora, bearer):
    together = threading.Barrier(8)
    clients = [bearer(dora, scopes=["users:write"])] * 8

    def send(client) -> tuple[int, str, str]:
        together.wait(timeout=20)
        try:
            response = create(client)
            return (
                response.status_code,
                response.json().get("code", ""),
                response.get("Retry-After", ""),
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, clients))

    assert Workgroup.objects.count() == 1
    assert (200, "", "") in answers
    assert set(answers) <= {(200, "", ""), (409, "idempotency-key-in-flight", "1")}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one writer in at a time")
def test_a_key_in_flight_is_409_with_the_time_to_wait(dora, bearer, monkeypatch):
    client = bearer(dora, scopes=["users:write"])
    is_inside, may_go_on = threading.Event(), threading.Event()
    perform = WorkgroupViewSet.perform_create

    def slowly(self, serializer):
        is_inside.set()
        assert may_go_on.wait(timeout=20)
        perform(self, serializer)

    def first():
        try:
            return create(client).status_code
        finally:
            connection.close()

    monkeypatch.setattr(WorkgroupViewSet, "perform_create", slowly)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first)
        assert is_inside.wait(timeout=20)
        second = create(client)
        may_go_on.set()
        assert running.result(timeout=20) == 200

    assert second.status_code == 409
    assert second.json()["code"] == "idempotency-key-in-flight"
    assert second["Retry-After"] == "1"
    assert create(client)["Idempotency-Replayed"] == "true"
