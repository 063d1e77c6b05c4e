from __future__ import annotations

import pytest

from accounts.actor import Actor
from messaging.models import Conversation, Message
from tickets.models import Ticket

LIST = "/api/messages/list"
CREATE = "/api/messages/create"
CONVERSATIONS = "/api/conversations/list"


def contents(response):
    assert response.status_code == 200, response.content
    return [row["content"] for row in response.json()]


def test_a_message_to_a_ticket_makes_its_conversation(ticket, carol, bearer):
    response = bearer(carol).post(
        CREATE, {"ticket": ticket.pk, "content": "**Hi** <b>", "client_id": "c1"}
    )

    assert response.status_code == 200
    answer = response.json()
    message = Message.objects.get()
    assert answer == {
        "id": message.pk,
        "conversation": message.conversation_id,
        "ticket": ticket.pk,
        "seq": 1,
        "kind": "text",
        "author": carol.pk,
        "author_name": "Carol",
        "from_team": True,
        "internal": False,
        "content": "**Hi** <b>",
        "content_html": '<p dir="auto"><strong>Hi</strong> &lt;b&gt;</p>',
        "client_id": "c1",
        "created_at": message.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "edited_at": None,
        "recalled_at": None,
        "version": 1,
        "duplicate": False,
    }
    del answer["duplicate"]
    assert bearer(carol).get(LIST, {"ticket": ticket.pk}).json() == [answer]
    assert bearer(carol).get(f"/api/messages/{message.pk}").json() == answer
    assert message.token_id is not None


def test_a_repetition_is_answered_with_the_first(conversation, alice, bearer):
    body = {"conversation": conversation.pk, "content": "Hi", "client_id": "c1"}
    client = bearer(alice)
    first = client.post(CREATE, body).json()
    again = client.post(CREATE, body)

    assert again.status_code == 200
    assert again.json() == {**first, "duplicate": True}
    reused = client.post(CREATE, {**body, "content": "Ho"})
    assert (reused.status_code, reused.json()["code"]) == (409, "client-id-reused")
    assert Message.objects.count() == 1


def test_a_stale_reply_tells_what_was_missed(conversation, alice, carol, carlos, say, as_user):
    say(conversation, alice, "Help")
    say(conversation, carol, "internal", internal=True)
    say(conversation, carol, "Done")
    body = {"conversation": conversation.pk, "content": "Me too", "seen_seq": 1}

    response = as_user(carlos).post(CREATE, body)

    assert response.status_code == 409
    problem = response.json()
    assert problem["code"] == "stale-reply"
    assert [(row["seq"], row["content"]) for row in problem["messages"]] == [(3, "Done")]
    assert Message.objects.count() == 3
    assert as_user(carlos).post(CREATE, {**body, "force": True}).status_code == 200


def test_customers_never_meet_a_note(conversation, alice, carol, say, as_user):
    say(conversation, carol, "One")
    note = say(conversation, carol, "Careful with her", internal=True)
    last = say(conversation, carol, "Two")
    client = as_user(alice)

    for query in ({"ticket": conversation.ticket_id}, {"conversation": conversation.pk}):
        rows = client.get(LIST, query).json()
        assert [(row["seq"], row["content"]) for row in rows] == [(1, "One"), (2, "Two")]
    assert contents(client.get(LIST)) == ["Two", "One"]
    assert contents(client.get(LIST, {"search": "careful"})) == []
    assert client.get(f"/api/messages/{note.pk}").status_code == 404
    assert client.get(LIST, {"internal": "true"}).json() == []
    shown = client.get(f"/api/conversations/{conversation.pk}").json()
    assert (shown["last_seq"], shown["unread"]) == (2, 2)
    assert client.get(f"/api/messages/{last.pk}").json()["seq"] == 2
    stale = client.post(
        CREATE, {"conversation": conversation.pk, "content": "Hm", "seen_seq": 1}
    ).json()
    assert [row["content"] for row in stale["messages"]] == ["Two"]
    missed = client.get(LIST, {"conversation": conversation.pk, "after_seq": 1})
    assert contents(missed) == ["Two"]


def test_customers_write_no_notes(conversation, alice, as_user):
    response = as_user(alice).post(
        CREATE, {"conversation": conversation.pk, "content": "Hm", "internal": True}
    )

    assert response.status_code == 403
    assert not Message.objects.exists()


def test_messages_are_read_upwards_and_downwards(conversation, carol, say, as_user):
    for number in range(1, 8):
        say(conversation, carol, str(number))
    client, here = as_user(carol), {"conversation": conversation.pk}

    assert contents(client.get(LIST, {**here, "after_seq": 4})) == ["5", "6", "7"]
    assert contents(client.get(LIST, {**here, "before_seq": 4, "limit": 2})) == ["3", "2"]
    assert contents(client.get(LIST, {**here, "limit": 2})) == ["1", "2"]
    assert contents(client.get(LIST, {**here, "ordering": "-seq", "limit": 1})) == ["7"]
    assert contents(client.get(LIST, {"limit": 1})) == ["7"]


@pytest.mark.parametrize(
    "query",
    ["conversation=x", "after_seq=-1", "ticket=99999999999999999999", "colour=red", "internal=x",
     f"search={'a' * 201}"],
)  # fmt: skip
def test_a_list_never_guesses(query, carol, as_user):
    assert as_user(carol).get(f"{LIST}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": " \n "}, "content"),
        ({"content": "x" * 50_001}, "content"),
        ({"content": None}, "content"),
        ({"client_id": "x" * 65}, "client_id"),
        ({"seen_seq": -1}, "seen_seq"),
        ({"internal": "perhaps"}, "internal"),
        ({"conversation": 99_999}, "conversation"),
        ({"conversation": 2**70}, "conversation"),
        ({"ticket": 1}, "conversation"),
        ({"kind": "system"}, "kind"),
        ({"author": 1}, "author"),
    ],
)
def test_bad_input_is_named_and_writes_nothing(change, field, conversation, carol, as_user):
    body = {"conversation": conversation.pk, "content": "Hi", **change}
    response = as_user(carol).post(CREATE, body)

    assert response.status_code == 400
    assert {error["field"] for error in response.json()["errors"]} == {field}
    assert not Message.objects.exists()


def test_own_messages_are_edited_and_recalled(conversation, carol, alice, say, as_user):
    message = say(conversation, carol, "Helo")
    address, client = f"/api/messages/{message.pk}", as_user(carol)

    edited = client.put(address, {"content": "Hello"}).json()
    assert (edited["content_html"], edited["version"]) == ('<p dir="auto">Hello</p>', 2)
    assert edited["edited_at"] is not None
    stale = client.put(address, {"content": "Hallo"}, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    recalled = client.post(f"{address}/recall").json()
    assert (recalled["content"], recalled["content_html"]) == ("", "")
    assert as_user(alice).get(address).json()["content"] == ""
    assert client.put(address, {"content": "Again"}).status_code == 409
    assert contents(as_user(alice).get(LIST, {"search": "hello"})) == []


def test_delete_recalls(conversation, carol, say, as_user):
    message = say(conversation, carol, "Oops")

    response = as_user(carol).delete(f"/api/messages/{message.pk}")

    assert (response.status_code, response.json()["content"]) == (200, "Oops")
    message.refresh_from_db()
    assert message.recalled_at is not None


def test_nobody_finds_out_what_somebody_has_recalled(conversation, carol, carlos, say, as_user):
    message = say(conversation, carol, "A secret")
    message.recall(by=Actor(carol))

    for guess in ("A secret", "Another"):
        response = as_user(carlos).put(f"/api/messages/{message.pk}", {"content": guess})
        assert response.status_code == 403


@pytest.mark.parametrize("verb", ["claim", "assign", "close", "reopen"])
def test_whoever_may_not_write_tickets_moves_none(verb, conversation, carol, bearer):
    client = bearer(carol, scopes=["messages:write"])

    response = client.post(f"/api/conversations/{conversation.pk}/{verb}", {"assignee": None})

    assert (response.status_code, response.json()["scope"]) == (403, "tickets:write")
    assert Ticket.objects.get().version == conversation.ticket.version


def test_a_ticket_is_not_moved_by_whoever_read_an_older_conversation(conversation, carol, as_user):
    stale = {"If-Match": '"99"'}

    response = as_user(carol).post(f"/api/conversations/{conversation.pk}/claim", headers=stale)

    assert (response.status_code, response.json()["code"]) == (412, "stale-version")
    assert Ticket.objects.get().assignee is None


@pytest.mark.parametrize(
    ("person", "status"), [("alice", 403), ("bob", 404), ("carlos", 403), (None, 401)]
)
def test_nobody_touches_the_words_of_others(
    person, status, conversation, carol, say, as_user, client, request
):
    message = say(conversation, carol, "Mine")
    if person:
        client = as_user(request.getfixturevalue(person))
    for call in (
        client.put(
            f"/api/messages/{message.pk}", {"content": "Yours"}, content_type="application/json"
        )
        if person is None
        else client.put(f"/api/messages/{message.pk}", {"content": "Yours"}),
        client.delete(f"/api/messages/{message.pk}"),
        client.post(f"/api/messages/{message.pk}/recall"),
    ):
        assert call.status_code == status

    message.refresh_from_db()
    assert (message.content, message.recalled_at, message.version) == ("Mine", None, 1)


def test_a_stranger_finds_no_conversation(conversation, chat, bob, say, alice, as_user):
    say(conversation, alice)
    client = as_user(bob)

    assert client.get(LIST).json() == []
    assert client.get(CONVERSATIONS).json() == []
    for here in (conversation, chat):
        assert client.get(f"/api/conversations/{here.pk}").status_code == 404
        assert client.get(LIST, {"conversation": here.pk}).json() == []
        body = {"conversation": here.pk, "content": "Hi"}
        assert client.post(CREATE, body).status_code == 400
        for verb in ("claim", "close", "reopen", "read"):
            assert client.post(f"/api/conversations/{here.pk}/{verb}").status_code == 404
    body = {"ticket": conversation.ticket_id, "content": "Hi"}
    assert client.post(CREATE, body).status_code == 400
    assert Message.objects.count() == 1


def test_nobody_gets_nothing(conversation, client):
    for address in (LIST, CONVERSATIONS, f"/api/conversations/{conversation.pk}"):
        assert client.get(address).status_code == 401
    assert client.post(CREATE, {}, content_type="application/json").status_code == 401


def test_tokens_need_the_right_scope(conversation, carol, bearer):
    body = {"conversation": conversation.pk, "content": "Hi"}

    assert bearer(carol, scopes=["tickets:write"]).get(LIST).status_code == 403
    reader = bearer(carol, scopes=["messages:read"])
    assert reader.get(LIST).status_code == 200
    assert reader.post(CREATE, body).status_code == 403
    assert reader.post(f"/api/conversations/{conversation.pk}/claim").status_code == 403
    assert not Message.objects.exists()


def test_a_ticket_that_goes_out_of_sight_takes_its_messages_along(
    conversation, carol, carlos, alice, say, as_user
):
    message = say(conversation, alice)
    conversation.ticket.assign(carlos, by=Actor(carol))

    client = as_user(carol)
    assert client.get(f"/api/messages/{message.pk}").status_code == 404
    assert client.get(LIST).json() == []
    assert client.get(CONVERSATIONS).json() == []


def test_deleted_tickets_take_their_messages_along(conversation, alice, dora, say, as_user):
    message = say(conversation, alice)
    conversation.ticket.delete_softly(by=Actor(dora))

    for user in (alice, dora):
        assert as_user(user).get(f"/api/messages/{message.pk}").status_code == 404
        assert as_user(user).get(CONVERSATIONS).json() == []


# --- Conversations ------------------------------------------------------------------------------


def test_a_ticket_decides_the_state_of_its_conversation(conversation, alice, carol, as_user):
    client, address = as_user(carol), f"/api/conversations/{conversation.pk}"
    shown = client.get(address).json()
    assert (shown["kind"], shown["status"], shown["title"]) == ("ticket", "queued", "No sound")
    assert (shown["requester"], shown["requester_name"]) == (alice.pk, "Alice")

    assert client.post(f"{address}/claim").json()["status"] == "open"
    ticket = Ticket.objects.get()
    assert (ticket.assignee, ticket.status) == (carol, "open")
    assert client.post(f"{address}/close").json()["status"] == "closed"
    assert client.post(f"{address}/reopen").status_code == 409
    assert Ticket.objects.get().status == "closed"


def test_a_chat_is_started_claimed_read_and_closed(alice, carol, carlos, as_user):
    started = as_user(alice).post("/api/conversations/create", {})
    assert started.status_code == 200
    chat = started.json()
    assert (chat["kind"], chat["status"], chat["requester"]) == ("chat", "queued", alice.pk)
    address = f"/api/conversations/{chat['id']}"
    as_user(alice).post(CREATE, {"conversation": chat["id"], "content": "Hi"})

    client = as_user(carol)
    assert client.get(address).json()["unread"] == 1
    assert client.post(f"{address}/claim").json()["assignee_name"] == "Carol"
    assert client.post(f"{address}/read", {"seq": 1}).json()["unread"] == 0
    assert as_user(carlos).get(address).status_code == 404
    assert client.post(f"{address}/close").json()["status"] == "closed"
    assert client.post(f"{address}/close").status_code == 409
    assert client.post(f"{address}/reopen").json()["status"] == "open"
    assigned = client.post(f"{address}/assign", {"assignee": None}).json()
    assert (assigned["status"], assigned["assignee"]) == ("queued", None)


@pytest.mark.parametrize("verb", ["claim", "close", "reopen", "assign"])
def test_customers_run_no_conversations(verb, chat, conversation, alice, as_user):
    for here in (chat, conversation):
        body = {"assignee": None} if verb == "assign" else None
        response = as_user(alice).post(f"/api/conversations/{here.pk}/{verb}", body)
        assert response.status_code in {403, 409}

    assert Conversation.objects.get(pk=chat.pk).status == "queued"
    assert Ticket.objects.get().status == "new"


def test_customers_start_chats_for_themselves_alone(alice, bob, as_user):
    response = as_user(alice).post("/api/conversations/create", {"requester": bob.pk})

    assert response.status_code == 403
    assert not Conversation.objects.exists()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"chat", "ticket", "taken"}),
        ("kind=chat", {"chat", "taken"}),
        ("status=queued", {"chat", "ticket"}),
        ("status=open,closed", {"taken"}),
        ("assignee=me", {"taken"}),
        ("assignee=none", {"chat", "ticket"}),
        ("requester={alice}", {"chat", "ticket", "taken"}),
        ("unread=true", {"ticket"}),
        ("workgroup=none", {"chat", "ticket", "taken"}),
    ],
)
def test_conversations_are_narrowed(query, names, conversation, chat, alice, carol, say, as_user):
    taken = Conversation.objects.start(by=Actor(alice))
    taken.claim(by=Actor(carol))
    say(conversation, alice)
    by_name = {"chat": chat.pk, "ticket": conversation.pk, "taken": taken.pk}

    rows = as_user(carol).get(f"{CONVERSATIONS}?{query.format(alice=alice.pk)}").json()

    assert {row["id"] for row in rows} == {by_name[name] for name in names}


@pytest.mark.parametrize("rows", [5, 50])
@pytest.mark.parametrize("person", ["alice", "carol", "dora"])
def test_lists_cost_two_queries_however_long(
    rows, person, conversation, alice, carol, say, bearer, request, django_assert_num_queries
):
    user = request.getfixturevalue(person)
    for number in range(rows):
        say(conversation, carol, str(number))
        other = Ticket.objects.open_for(by=Actor(alice), title="T", content="C")
        say(Conversation.objects.for_ticket(other), alice)
    client = bearer(user)
    client.get(LIST)

    with django_assert_num_queries(2):
        assert len(client.get(LIST).json()) == min(50, 2 * rows)
    with django_assert_num_queries(2):
        assert len(client.get(LIST, {"conversation": conversation.pk}).json()) == rows
    with django_assert_num_queries(2):
        assert len(client.get(CONVERSATIONS).json()) == min(50, rows + 1)
