from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import User
from tickets.models import Follower, Ticket

LIST = "/api/tickets/list"
CREATE = "/api/tickets/create"


def ids(response):
    assert response.status_code == 200, response.content
    return [row["id"] for row in response.json()]


def row_of(ticket):
    return Ticket.objects.values().get(pk=ticket.pk)


# --- The documented calls -----------------------------------------------------------------------


def test_title_content_and_priority_are_a_whole_ticket(dora, bearer):
    body = {"title": "New Ticket", "content": "It *broke*.", "priority": "medium"}
    response = bearer(dora).post(CREATE, body)

    assert response.status_code == 200
    answer = response.json()
    ticket = Ticket.objects.get()
    moment = ticket.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert answer == {
        "id": ticket.pk,
        "number": f"T-{100000 + ticket.pk}",
        "title": "New Ticket",
        "content": "It *broke*.",
        "priority": "medium",
        "status": "new",
        "close_reason": "",
        "requester": dora.pk,
        "requester_name": "Dora",
        "assignee": None,
        "assignee_name": None,
        "workgroup": None,
        "workgroup_name": None,
        "tags": [],
        "channel": "api",
        "language": "",
        "external_id": "",
        "external_source": "",
        "follow_up_of": None,
        "created_at": moment,
        "updated_at": moment,
        "status_changed_at": moment,
        "first_assigned_at": None,
        "first_response_at": None,
        "first_resolved_at": None,
        "resolved_at": None,
        "closed_at": None,
        "last_message_at": None,
        "waiting_since": moment,
        "reopen_count": 0,
        "reply_count": 0,
        "version": 1,
    }
    assert ticket.events.get().token_id == dora.access_tokens.get().pk


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic dXNlcjpwYXNz"}])
def test_a_ticket_that_the_team_opens_on_a_page_is_no_programs(header, carol, as_user):
    response = as_user(carol).post(CREATE, {"title": "By hand", "content": "x"}, headers=header)

    assert response.json()["channel"] == "agent"


def test_the_list_is_a_bare_array_of_the_same_objects(ticket, dora, bearer):
    client = bearer(dora)

    assert client.get(LIST).json() == [client.get(f"/api/tickets/{ticket.pk}").json()]


def test_put_takes_what_the_caller_sends_and_answers_the_object(ticket, dora, carol, bearer):
    response = bearer(dora).put(
        f"/api/tickets/{ticket.pk}", {"priority": "urgent", "assignee": carol.pk, "tags": ["VIP "]}
    )

    assert response.status_code == 200
    answer = response.json()
    assert (answer["priority"], answer["assignee_name"]) == ("urgent", "Carol")
    assert (answer["tags"], answer["status"], answer["version"]) == (["vip"], "open", 2)
    assert response["ETag"] == '"2"'


def test_the_whole_object_can_be_sent_back_and_nothing_changes(ticket, alice, dora, bearer):
    before = row_of(ticket)
    for user in (alice, dora):
        client = bearer(user)
        address = f"/api/tickets/{ticket.pk}"
        answer = client.put(address, client.get(address).json())
        assert answer.status_code == 200, answer.content

    assert row_of(ticket) == before
    assert ticket.events.count() == 1


def test_delete_answers_the_ticket_as_it_was_and_hides_it(ticket, dora, bearer):
    client = bearer(dora)
    before = client.get(f"/api/tickets/{ticket.pk}").json()
    response = client.delete(f"/api/tickets/{ticket.pk}")

    assert response.status_code == 200
    assert response.json() == before
    assert client.get(f"/api/tickets/{ticket.pk}").status_code == 404
    assert ids(client.get(LIST)) == []
    assert ids(client.get(LIST, {"deleted": "only"})) == [ticket.pk]
    assert row_of(ticket)["deleted_by_id"] == dora.pk


def test_administrators_restore(ticket, dora, carol, bearer):
    ticket.delete_softly(by=Actor(dora))

    refused = bearer(carol).post(f"/api/tickets/{ticket.pk}/restore")
    assert (refused.status_code, row_of(ticket)["deleted_by_id"]) == (403, dora.pk)
    response = bearer(dora).post(f"/api/tickets/{ticket.pk}/restore")

    assert response.status_code == 200
    assert row_of(ticket)["deleted_at"] is None


# --- Who sees what ------------------------------------------------------------------------------


def test_each_person_sees_their_own_part(
    open_ticket, sales, alice, bob, carol, carlos, dora, bearer
):
    free = open_ticket(alice)
    in_sales = open_ticket(bob, by=Actor(dora), workgroup=sales)
    carols = open_ticket(alice, by=Actor(dora), workgroup=sales, assignee=carol)
    carlos_alone = open_ticket(bob, by=Actor(dora), assignee=carlos)
    followed = open_ticket(bob, by=Actor(dora), assignee=dora)
    Follower.objects.create(ticket=followed, user=carol)

    everything = [free, in_sales, carols, carlos_alone, followed]
    for user, seen in [
        (alice, [free, carols]),
        (bob, [in_sales, carlos_alone, followed]),
        (carol, [free, carols, followed]),
        (carlos, [free, in_sales, carols, carlos_alone]),
        (dora, everything),
    ]:
        client = bearer(user)
        assert sorted(ids(client.get(LIST))) == [ticket.pk for ticket in seen], user
        for ticket in everything:
            status = client.get(f"/api/tickets/{ticket.pk}").status_code
            assert status == (200 if ticket in seen else 404)


def test_nobody_gets_nothing(ticket, client):
    for call in (client.get(LIST), client.get(f"/api/tickets/{ticket.pk}")):
        assert call.status_code == 401


WRITES = [
    ("put", "", {"title": "Mine"}),
    ("patch", "", {"status": "open"}),
    ("delete", "", None),
    *[("post", verb, None) for verb in ("resolve", "reopen", "hold", "close", "claim", "restore")],
    ("post", "assign", {"assignee": None}),
]


@pytest.mark.parametrize(("method", "verb", "body"), WRITES)
def test_a_stranger_finds_nothing_and_changes_nothing(method, verb, body, ticket, bob, bearer):
    before = row_of(ticket)
    address = f"/api/tickets/{ticket.pk}/{verb}".rstrip("/")

    response = getattr(bearer(bob), method)(address, body)

    assert response.status_code == 404
    assert row_of(ticket) == before


@pytest.mark.parametrize(("method", "verb", "body"), WRITES)
def test_without_a_token_nothing_changes(method, verb, body, ticket, client):
    before = row_of(ticket)
    address = f"/api/tickets/{ticket.pk}/{verb}".rstrip("/")

    response = getattr(client, method)(address, body, content_type="application/json")

    assert response.status_code == 401
    assert row_of(ticket) == before


@pytest.mark.parametrize(("method", "verb", "body"), WRITES)
def test_a_token_that_only_reads_changes_nothing(method, verb, body, ticket, dora, bearer):
    before = row_of(ticket)
    address = f"/api/tickets/{ticket.pk}/{verb}".rstrip("/")

    response = getattr(bearer(dora, scopes=["tickets:read"]), method)(address, body)

    assert response.status_code == 403
    assert row_of(ticket) == before


@pytest.mark.parametrize(
    ("method", "verb", "body", "status"),
    [
        ("delete", "", None, 403),
        ("post", "resolve", None, 403),
        ("post", "reopen", None, 403),
        ("post", "hold", None, 403),
        ("post", "close", None, 403),
        ("post", "claim", None, 403),
        ("post", "assign", {"assignee": None}, 403),
        ("put", "", {"status": "closed"}, 403),
        ("put", "", {"assignee": 1, "tags": ["x"], "requester": 1, "workgroup": 1}, 200),
        ("put", "", {"external_id": "1", "external_source": "crm", "close_reason": "spam"}, 200),
    ],
)
def test_an_owner_changes_nothing_that_is_the_teams(
    method, verb, body, status, ticket, alice, bearer
):
    before = row_of(ticket)
    address = f"/api/tickets/{ticket.pk}/{verb}".rstrip("/")

    response = getattr(bearer(alice), method)(address, body)

    assert response.status_code == status
    assert row_of(ticket) == before


def test_an_owner_writes_what_is_theirs(ticket, alice, bearer):
    response = bearer(alice).put(
        f"/api/tickets/{ticket.pk}", {"title": "Worse", "content": "Ash.", "priority": "high"}
    )

    assert response.status_code == 200
    ticket.refresh_from_db()
    assert (ticket.title, ticket.content, ticket.priority) == ("Worse", "Ash.", "high")


def test_customers_do_not_see_how_the_team_sorts_its_work(open_ticket, sales, alice, dora, bearer):
    ticket = open_ticket(
        alice,
        by=Actor(dora),
        workgroup=sales,
        tags=["difficult"],
        external_id="7",
        external_source="crm",
    )
    answer = bearer(alice).get(f"/api/tickets/{ticket.pk}").json()
    events = bearer(alice).get(f"/api/tickets/{ticket.pk}/events").json()

    withheld = ["workgroup", "workgroup_name", "tags", "external_id", "external_source"]
    assert [answer[name] for name in withheld] == [None, None, [], "", ""]
    assert [(event["verb"], event["token"]) for event in events] == [("created", None)]
    # Nor do they find out by asking.
    for query in (f"workgroup={sales.pk}", "tag=difficult", "external_id=7", "external_source=crm"):
        for path in (LIST, "/api/conversations/list") if "workgroup" in query else (LIST,):
            assert bearer(alice).get(f"{path}?{query}").status_code == 400
            assert bearer(dora).get(f"{path}?{query}").status_code == 200


def test_customers_open_tickets_for_themselves_alone(alice, bob, carol, sales, bearer):
    response = bearer(alice).post(
        CREATE,
        {
            "title": "Help",
            "content": "Please",
            "requester": bob.pk,
            "assignee": carol.pk,
            "workgroup": sales.pk,
            "tags": ["vip"],
        },
    )

    assert response.status_code == 200
    ticket = Ticket.objects.get()
    assert (ticket.requester, ticket.assignee, ticket.workgroup) == (alice, None, None)
    assert ticket.tags == []


def test_agents_open_tickets_for_customers(alice, carol, sales, bearer):
    response = bearer(carol).post(
        CREATE,
        {
            "title": "Call back",
            "content": "Alice rang.",
            "requester": alice.pk,
            "assignee": carol.pk,
            "workgroup": sales.pk,
            "tags": ["phone"],
            "status": "pending",
            "external_id": "c-1",
            "external_source": "crm",
        },
    )

    assert response.status_code == 200
    answer = response.json()
    assert (answer["requester_name"], answer["assignee_name"]) == ("Alice", "Carol")
    assert (answer["workgroup_name"], answer["status"]) == ("Sales", "pending")


# --- Moves --------------------------------------------------------------------------------------


def test_verbs_and_put_take_the_same_road(ticket, carol, as_user):
    client = as_user(carol)
    address = f"/api/tickets/{ticket.pk}"

    assert client.post(f"{address}/hold").json()["status"] == "on_hold"
    refused = client.put(address, {"status": "pending"})
    assert refused.status_code == 409
    assert refused["Content-Type"] == "application/problem+json"
    problem = refused.json()
    assert problem["code"] == "invalid-transition"
    assert problem["allowed"] == ["closed", "open", "resolved"]
    assert client.put(address, {"status": "on_hold"}).status_code == 200
    assert client.put(address, {"status": "resolved"}).json()["status"] == "resolved"
    assert client.post(f"{address}/resolve").status_code == 409
    assert client.post(f"{address}/reopen").json()["reopen_count"] == 1
    answer = client.post(f"{address}/close", {"reason": "spam"}).json()
    assert (answer["status"], answer["close_reason"]) == ("closed", "spam")


def test_a_reason_without_closing_is_refused(ticket, carol, as_user):
    response = as_user(carol).put(f"/api/tickets/{ticket.pk}", {"close_reason": "spam"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "close_reason"
    assert row_of(ticket)["version"] == 1


def test_one_refused_part_refuses_the_whole(ticket, carol, as_user):
    before = row_of(ticket)

    response = as_user(carol).put(
        f"/api/tickets/{ticket.pk}", {"title": "Other", "tags": ["a"], "status": "new", "x": 1}
    )
    assert response.status_code == 400
    ticket.move_to("open", by=Actor(carol))
    before = row_of(ticket)
    response = as_user(carol).put(
        f"/api/tickets/{ticket.pk}", {"title": "Other", "tags": ["a"], "status": "new"}
    )

    assert response.status_code == 409
    assert row_of(ticket) == before
    assert not ticket.tag_rows.exists()


def test_who_gives_a_ticket_away_still_gets_the_answer(ticket, sales, carol, carlos, as_user):
    response = as_user(carol).post(
        f"/api/tickets/{ticket.pk}/assign", {"assignee": carlos.pk, "workgroup": sales.pk}
    )

    assert response.status_code == 200
    assert response.json()["assignee_name"] == "Carlos"
    assert as_user(carol).get(f"/api/tickets/{ticket.pk}").status_code == 404


def test_the_second_claim_is_told(open_ticket, sales, alice, carol, carlos, as_user):
    sales.members.add(carol)
    ticket = open_ticket(alice, by=Actor(carol), workgroup=sales)
    assert as_user(carol).post(f"/api/tickets/{ticket.pk}/claim").status_code == 200

    response = as_user(carlos).post(f"/api/tickets/{ticket.pk}/claim")

    assert response.status_code == 409
    assert response.json()["code"] == "already-assigned"
    assert row_of(ticket)["assignee_id"] == carol.pk


def test_a_stale_version_is_refused_with_the_present_object(ticket, carol, as_user):
    client = as_user(carol)
    address = f"/api/tickets/{ticket.pk}"
    client.put(address, {"title": "First"})

    for stale in (
        client.put(address, {"title": "Second"}, headers={"if-match": '"1"'}),
        client.put(address, {"title": "Second", "version": 1}),
        client.post(f"{address}/resolve", headers={"if-match": '"1"'}),
        client.delete(address, headers={"if-match": '"1"'}),
    ):
        assert stale.status_code == 412, stale.content
        assert stale.json()["current"]["title"] == "First"

    ticket.refresh_from_db()
    assert (ticket.title, ticket.status, ticket.deleted_at) == ("First", "new", None)


# --- Input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": None}, "title"),
        ({"title": ["x"]}, "title"),
        ({"content": ""}, "content"),
        ({"content": "x" * 50_001}, "content"),
        ({"priority": "highest"}, "priority"),
        ({"priority": 3}, "priority"),
        ({"requester": 999_999}, "requester"),
        ({"requester": 2**70}, "requester"),
        ({"requester": None}, "requester"),
        ({"assignee": True}, "assignee"),
        ({"assignee": "seven"}, "assignee"),
        ({"tags": "vip"}, "tags"),
        ({"tags": ["a,b"]}, "tags"),
        ({"tags": [" "]}, "tags"),
        ({"tags": ["x" * 51]}, "tags"),
        ({"tags": [str(number) for number in range(21)]}, "tags"),
        ({"status": "solved"}, "status"),
        ({"subject": "x"}, "subject"),
    ],
)
def test_bad_input_is_named_and_writes_nothing(change, field, carol, as_user):
    response = as_user(carol).post(CREATE, {"title": "T", "content": "C", **change})

    assert response.status_code == 400
    fields = {error["field"].partition(".")[0] for error in response.json()["errors"]}
    assert fields == {field}
    assert not Ticket.objects.exists()


def test_a_customer_is_not_given_tickets(alice, bob, carol, as_user):
    body = {"title": "T", "content": "C", "assignee": bob.pk}
    response = as_user(carol).post(CREATE, body)

    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "not-in-team"
    assert not Ticket.objects.exists()


def test_an_external_id_belongs_to_one_ticket(open_ticket, carol, as_user):
    crm = {"external_source": "crm", "external_id": "7"}
    first = open_ticket(carol, **crm)
    other = open_ticket(carol)
    client = as_user(carol)

    for refused in (
        client.post(CREATE, {"title": "T", "content": "C", **crm}),
        client.put(f"/api/tickets/{other.pk}", crm),
    ):
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["field"] == "external_id"
    assert ids(client.get(LIST, crm)) == [first.pk]
    assert Ticket.objects.count() == 2


# --- Lists --------------------------------------------------------------------------------------


@pytest.fixture
def shelf(open_ticket, sales, alice, bob, carol, carlos, dora) -> dict[str, Ticket]:
    dora_by = Actor(dora)
    tickets = {
        "low": open_ticket(alice, priority="low", title="Quiet printer"),
        "urgent": open_ticket(bob, by=dora_by, priority="urgent", assignee=carol, tags=["a", "b"]),
        "sales": open_ticket(bob, by=dora_by, workgroup=sales, tags=["b"], channel="email"),
        "done": open_ticket(
            alice, by=dora_by, priority="high", assignee=carlos, content="完全退款"
        ),
    }
    tickets["done"].resolve(by=dora_by)
    return tickets


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["done", "sales", "urgent", "low"]),
        ("ordering=id", ["low", "urgent", "sales", "done"]),
        ("ordering=-priority", ["urgent", "done", "sales", "low"]),
        ("ordering=priority", ["low", "sales", "done", "urgent"]),
        ("ordering=waiting_since", ["low", "urgent", "sales"]),
        ("ordering=-updated_at", ["done", "sales", "urgent", "low"]),
        ("status=new", ["sales", "low"]),
        ("status=open,resolved", ["done", "urgent"]),
        ("priority=low,urgent", ["urgent", "low"]),
        ("assignee=none", ["sales", "low"]),
        ("assignee={carol}", ["urgent"]),
        ("assignee={carol},none", ["sales", "urgent", "low"]),
        ("assignee=me", []),
        ("requester={alice}", ["done", "low"]),
        ("workgroup={sales}", ["sales"]),
        ("workgroup=none", ["done", "urgent", "low"]),
        ("tag=a", ["urgent"]),
        ("tag=A,b", ["sales", "urgent"]),
        ("tag=c", []),
        ("channel=email", ["sales"]),
        ("created_before=2020-01-01T00:00:00Z", []),
        ("created_after=2020-01-01T00:00:00Z&limit=1", ["done"]),
        ("search=quiet", ["low"]),
        ("search=退款", ["done"]),
        ("search={number}", ["urgent"]),
        ("search=nothing", []),
        ("deleted=only", []),
    ],
)
def test_lists_are_narrowed_and_ordered(query, names, shelf, sales, alice, carol, dora, as_user):
    number = shelf["urgent"].number.lower()
    query = query.format(alice=alice.pk, carol=carol.pk, sales=sales.pk, number=number)

    assert ids(as_user(dora).get(f"{LIST}?{query}")) == [shelf[name].pk for name in names]


@pytest.mark.parametrize(
    "query",
    ["assignee=you", "status=solved", "colour=red", "ordering=title", "deleted=yes",
     "requester=99999999999999999999999", "created_after=yesterday",
     "created_after=0001-01-01T00:00:00%2B14:00", "updated_before=9999-12-31T23:59:59-14:00",
     f"search={'a' * 201}"],
)  # fmt: skip
def test_a_list_never_guesses(query, dora, as_user):
    response = as_user(dora).get(f"{LIST}?{query}")

    assert response.status_code == 400


@pytest.mark.parametrize("ordering", ["-id", "-priority", "updated_at", "waiting_since"])
def test_pages_show_each_ticket_once(ordering, open_ticket, alice, dora, as_user):
    for priority in ("low", "high", "low", "urgent", "high"):
        open_ticket(alice, priority=priority)
    client, seen = as_user(dora), []
    address = f"{LIST}?limit=2&ordering={ordering}"

    while address:
        response = client.get(address)
        seen += ids(response)
        links = response.get("Link", "")
        address = links.partition('>; rel="next"')[0].rpartition("<")[2] if "next" in links else ""

    assert sorted(seen) == sorted(Ticket.objects.values_list("pk", flat=True))
    assert len(seen) == 5


@pytest.mark.parametrize("rows", [5, 50])
@pytest.mark.parametrize("person", ["alice", "carol", "dora"])
def test_a_list_costs_two_queries_however_long(
    rows, person, open_ticket, sales, alice, carol, bearer, request, django_assert_num_queries
):
    user = request.getfixturevalue(person)
    by = Actor(carol)
    for _ in range(rows):
        open_ticket(alice, by=by, workgroup=sales, assignee=carol, tags=["a", "b"])
    client = bearer(user)
    client.get(LIST)

    with django_assert_num_queries(2):
        assert len(ids(client.get(LIST))) == rows


def test_the_history_tells_who_did_what(ticket, carol, bearer, django_assert_num_queries):
    client = bearer(carol)
    client.put(f"/api/tickets/{ticket.pk}", {"priority": "high", "title": "X"})
    ticket.refresh_from_db()
    with django_assert_num_queries(3):
        events = client.get(f"/api/tickets/{ticket.pk}/events").json()

    assert [(event["verb"], event["field"], event["old"], event["new"]) for event in events] == [
        ("created", "status", "", "new"),
        ("edited", "title", "", ""),
        ("priority", "priority", "medium", "high"),
    ]
    assert {event["actor_name"] for event in events[1:]} == {"Carol"}
    assert all(event["token"] for event in events[1:])


def test_the_configured_priority_is_the_default(carol, as_user, monkeypatch):
    from configuration import values

    values.suppose({"default_priority": "high"})
    response = as_user(carol).post(CREATE, {"title": "T", "content": "C"})
    values.forget()

    assert response.json()["priority"] == "high"


def test_a_switch_shows_every_ticket_to_every_agent(open_ticket, alice, carol, carlos, as_user):
    from configuration import values

    ticket = open_ticket(alice, by=Actor(carlos), assignee=carlos)
    assert ids(as_user(carol).get(LIST)) == []
    values.suppose({"all_agents_see_all_tickets": True})
    seen = ids(as_user(carol).get(LIST))
    values.forget()

    assert seen == [ticket.pk]


def test_an_inactive_person_is_no_requester(alice, carol, as_user):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    response = as_user(carol).post(CREATE, {"title": "T", "content": "C", "requester": alice.pk})

    assert response.status_code == 400
    assert not Ticket.objects.exists()


def test_times_are_utc_whatever_the_zone(ticket, dora, as_user):
    with timezone.override("Asia/Shanghai"):
        answer = as_user(dora).get(f"/api/tickets/{ticket.pk}").json()

    assert answer["created_at"].endswith("Z")
    assert answer["created_at"].startswith(f"{ticket.created_at:%Y-%m-%dT%H:%M}")
