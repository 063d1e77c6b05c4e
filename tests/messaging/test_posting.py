from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.actor import Actor
from messaging.models import Conversation, Message, Participant
from messaging.posting import StaleReply
from records.errors import Conflict, Stale
from tickets.models import Ticket


def numbers(conversation):
    return list(conversation.messages.order_by("seq").values_list("seq", "public_seq"))


def test_numbers_have_no_gaps_and_notes_leave_no_holes(conversation, alice, carol, say):
    say(conversation, alice)
    say(conversation, carol, internal=True)
    say(conversation, carol)

    assert numbers(conversation) == [(1, 1), (2, None), (3, 2)]
    conversation.refresh_from_db()
    assert (conversation.last_seq, conversation.last_public_seq) == (3, 2)


def test_a_refused_message_leaves_no_hole(conversation, carol, say):
    say(conversation, carol)
    with pytest.raises(ValidationError):
        say(conversation, carol, "x" * 50_001)
    with pytest.raises(ValidationError):
        say(conversation, carol, "  \n ")
    say(conversation, carol)

    assert numbers(conversation) == [(1, 1), (2, 2)]


def test_sending_again_answers_the_first_message(conversation, carol):
    by = Actor(carol)
    first, was_there = conversation.post(by=by, content="Hi", client_id="a")
    again, duplicate = conversation.post(by=by, content="Hi", client_id="a")

    assert (was_there, duplicate) == (False, True)
    assert again.pk == first.pk
    assert numbers(conversation) == [(1, 1)]
    assert Ticket.objects.get(pk=conversation.ticket_id).reply_count == 1


@pytest.mark.parametrize("other", [{"content": "Ho"}, {"content": "Hi", "internal": True}])
def test_another_message_under_the_same_client_id_is_refused(other, conversation, carol):
    by = Actor(carol)
    conversation.post(by=by, content="Hi", client_id="a")

    with pytest.raises(Conflict) as refusal:
        conversation.post(by=by, client_id="a", **other)

    assert refusal.value.code == "client-id-reused"
    assert numbers(conversation) == [(1, 1)]


def test_two_people_may_choose_the_same_client_id(conversation, alice, carol, say):
    say(conversation, alice, client_id="a")
    say(conversation, carol, client_id="a")

    assert numbers(conversation) == [(1, 1), (2, 2)]


def test_nobody_answers_what_a_colleague_just_answered(conversation, alice, carol, carlos, say):
    seen = say(conversation, alice).seq
    answer = say(conversation, carol)

    with pytest.raises(StaleReply) as refusal:
        say(conversation, carlos, "Me too", seen_seq=seen)

    assert refusal.value.missed == [answer]
    assert numbers(conversation) == [(1, 1), (2, 2)]
    say(conversation, carlos, "Me too", seen_seq=seen, force=True)
    assert numbers(conversation) == [(1, 1), (2, 2), (3, 3)]


def test_notes_and_ones_own_messages_make_no_reply_stale(conversation, carol, carlos, say):
    say(conversation, carlos, internal=True)
    say(conversation, carol)

    say(conversation, carol, seen_seq=0)
    say(conversation, carlos, seen_seq=1, internal=True)

    assert len(numbers(conversation)) == 4


def test_customers_count_public_messages_for_seen_seq(conversation, alice, carol, say):
    say(conversation, carol, internal=True)
    say(conversation, carol)

    say(conversation, alice, seen_seq=1)

    assert numbers(conversation)[-1] == (3, 2)


@pytest.mark.parametrize(("person", "internal"), [("bob", False), ("bob", True), ("alice", True)])
def test_customers_write_only_in_their_own_and_never_notes(person, internal, conversation, request):
    user = request.getfixturevalue(person)

    with pytest.raises(PermissionDenied):
        conversation.post(by=Actor(user), content="Hi", internal=internal)

    assert numbers(conversation) == []


def test_the_first_public_answer_stops_the_clock_and_opens_the_ticket(ticket, carol, say):
    conversation = Conversation.objects.for_ticket(ticket)
    say(conversation, carol, internal=True)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.first_response_at, ticket.last_message_at) == ("new", None, None)

    message = say(conversation, carol)
    say(conversation, carol)

    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert ticket.first_response_at == message.created_at
    assert ticket.waiting_since is None
    assert ticket.reply_count == 2
    assert ticket.version == 1
    event = ticket.events.get(verb="first_response")
    assert (event.actor, event.at, event.seconds) == (carol, message.created_at, 0)


def test_the_first_unanswered_message_tells_since_when_the_requester_waits(
    ticket, alice, carol, say
):
    conversation = Conversation.objects.for_ticket(ticket)
    say(conversation, carol)
    first = say(conversation, alice)
    say(conversation, alice)

    ticket.refresh_from_db()
    assert ticket.waiting_since == first.created_at


@pytest.mark.parametrize("status", ["pending", "on_hold", "resolved"])
def test_the_requesters_message_opens_the_ticket(status, ticket, alice, carol, say):
    ticket.move_to(status, by=Actor(carol))

    say(Conversation.objects.for_ticket(ticket), alice)

    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert ticket.reopen_count == (status == "resolved")
    assert ticket.waiting_since is not None
    assert ticket.events.last().actor == alice


def test_a_new_ticket_stays_new_when_its_requester_writes(ticket, alice, say):
    say(Conversation.objects.for_ticket(ticket), alice)

    ticket.refresh_from_db()
    assert ticket.status == "new"


def test_an_agent_who_asks_for_something_answers_not_themselves(carol, say):
    own = Ticket.objects.open_for(by=Actor(carol), title="Chair", content="Broken.")
    message = say(Conversation.objects.for_ticket(own), carol)

    own.refresh_from_db()
    assert (own.status, own.first_response_at, own.reply_count) == ("new", None, 0)
    assert message.from_team is False


def test_what_is_written_after_the_end_goes_to_a_follow_up(conversation, alice, carol, say):
    ticket = conversation.ticket
    ticket.edit(by=Actor(carol), tags=["vip"], priority="high")
    ticket.close(by=Actor(carol))

    first = say(conversation, alice, "Again!", client_id="a")
    second = say(conversation, alice, "Hello?")

    follow_up = first.conversation.ticket
    assert follow_up.follow_up_of_id == ticket.pk
    assert (follow_up.status, follow_up.requester, follow_up.tags) == ("new", alice, ["vip"])
    assert follow_up.priority == "high"
    assert list(follow_up.tag_rows.values_list("name", flat=True)) == ["vip"]
    assert second.conversation == first.conversation
    assert numbers(first.conversation) == [(1, 1), (2, 2)]
    assert numbers(conversation) == []
    assert Ticket.objects.get(pk=ticket.pk).status == "closed"


def test_a_follow_up_that_was_given_to_another_customer_is_theirs_alone(
    conversation, alice, bob, carol, say
):
    ticket = conversation.ticket
    ticket.close(by=Actor(carol))
    given = say(conversation, alice, "Again!").conversation
    given.ticket.edit(by=Actor(carol), requester=bob)

    message = say(conversation, alice, "Hello?")

    assert message.conversation not in {conversation, given}
    assert message.conversation.ticket.requester == alice
    assert message.from_team is False
    assert given.messages.count() == 1


def test_a_repeated_message_opens_no_second_follow_up(conversation, alice, carol, say):
    conversation.ticket.close(by=Actor(carol))
    first = say(conversation, alice, "Again!", client_id="a")
    first.conversation.ticket.close(by=Actor(carol))

    again, duplicate = conversation.post(by=Actor(alice), content="Again!", client_id="a")

    assert (again, duplicate) == (first, True)
    assert Ticket.objects.count() == 2


def test_a_resolved_ticket_is_over_when_the_window_is(conversation, alice, carol, say):
    ticket = conversation.ticket
    ticket.resolve(by=Actor(carol))
    Ticket.objects.filter(pk=ticket.pk).update(resolved_at=timezone.now() - timedelta(days=8))

    message = say(conversation, alice)

    assert message.conversation.ticket.follow_up_of_id == ticket.pk
    assert Ticket.objects.get(pk=ticket.pk).status == "resolved"


def test_the_team_may_still_write_in_a_closed_ticket(conversation, carol, say):
    conversation.ticket.close(by=Actor(carol))

    message = say(conversation, carol)

    assert message.conversation == conversation
    assert Ticket.objects.get(pk=conversation.ticket_id).status == "closed"


def test_nothing_is_written_into_a_deleted_ticket(conversation, alice, carol, say):
    stale = Conversation.objects.get(pk=conversation.pk)
    conversation.ticket.delete_softly(by=Actor(carol))

    with pytest.raises(Conflict):
        say(stale, alice)

    assert numbers(conversation) == []


def test_writing_reads_and_reading_never_goes_back(conversation, alice, carol, say):
    say(conversation, alice)
    say(conversation, carol, internal=True)
    say(conversation, carol)

    assert conversation.mark_read(alice, 99) == 2
    assert conversation.mark_read(alice, 1) == 2
    assert Participant.objects.get(user=alice).read_seq == 2
    assert Participant.objects.get(user=carol).read_seq == 3
    unread = Conversation.objects.with_unread(carol).get().unread
    assert unread == 0


def test_unread_counts_what_the_reader_may_see(conversation, alice, carol, dora, say):
    say(conversation, carol)
    say(conversation, carol, internal=True)

    assert Conversation.objects.with_unread(alice).get().unread == 1
    assert Conversation.objects.with_unread(dora).get().unread == 2


def test_own_messages_can_be_edited_for_a_while(conversation, carol, carlos, say):
    message = say(conversation, carol, "Helo")
    message.edit(by=Actor(carol), content="Hello")
    assert (message.content, message.version) == ("Hello", 2)

    with pytest.raises(PermissionDenied):
        message.edit(by=Actor(carlos), content="Bye")
    Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(Conflict) as refusal:
        message.edit(by=Actor(carol), content="Bye")

    assert refusal.value.code == "not-editable"
    assert Message.objects.get(pk=message.pk).content == "Hello"


def test_a_recalled_message_keeps_its_place(conversation, carol, carlos, dora, say):
    message = say(conversation, carol, "Oops")
    with pytest.raises(PermissionDenied):
        message.recall(by=Actor(carlos))
    assert Message.objects.get(pk=message.pk).recalled_at is None

    message.recall(by=Actor(dora))

    message.refresh_from_db()
    assert message.recalled_by == dora
    assert numbers(conversation) == [(1, 1)]


def test_chats_are_taken_closed_and_taken_up_again(chat, alice, carol, carlos, say):
    chat.claim(by=Actor(carol))
    assert (chat.status, chat.assignee) == ("open", carol)
    stale = Conversation.objects.get(pk=chat.pk)
    with pytest.raises(Conflict):
        stale.claim(by=Actor(carlos))

    chat.close(by=Actor(carol))
    with pytest.raises(Conflict):
        chat.close(by=Actor(carol))
    say(chat, alice)

    chat.refresh_from_db()
    assert (chat.status, chat.assignee, chat.closed_at) == ("open", carol, None)
    assert list(chat.events.values_list("verb", flat=True)) == [
        "created",
        "assigned",
        "closed",
        "reopened",
    ]


@pytest.mark.parametrize("verb", ["claim", "close", "reopen"])
def test_customers_run_no_chats(verb, chat, alice):
    with pytest.raises(PermissionDenied):
        getattr(chat, verb)(by=Actor(alice))

    assert Conversation.objects.get(pk=chat.pk).status == "queued"


def test_history_rows_are_never_touched(chat, ticket):
    for row in (chat.events.get(), ticket.events.get()):
        with pytest.raises(TypeError):
            row.save()
        with pytest.raises(TypeError):
            row.delete()
        with pytest.raises(TypeError):
            type(row).objects.update(verb="x")
        with pytest.raises(TypeError):
            type(row).objects.all().delete()


@pytest.mark.parametrize("verb", ["claim", "assign", "close", "reopen"])
@pytest.mark.parametrize("kind", ["chat", "conversation"])
def test_a_version_read_too_long_ago_changes_nothing(kind, verb, carol, request):
    talk = request.getfixturevalue(kind)
    given = {"assignee": carol} if verb == "assign" else {}

    with pytest.raises(Stale):
        getattr(talk, verb)(by=Actor(carol), expected_version=talk.version + 1, **given)

    before = (talk.status, talk.assignee_id, talk.version)
    talk.refresh_from_db()
    assert (talk.status, talk.assignee_id, talk.version) == before
    if talk.ticket:
        assert (talk.ticket.status, talk.ticket.assignee_id) == ("new", None)
