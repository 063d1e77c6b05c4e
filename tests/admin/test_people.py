from __future__ import annotations

import pytest

from accounts.actor import Actor
from accounts.models import PersonEvent, User, Workgroup
from tests.conftest import PASSWORD
from tickets.models import Ticket

PEOPLE = "/admin/accounts/user/"
GROUPS = "/admin/accounts/workgroup/"


def fields(**changed) -> dict[str, object]:
    return {
        "username": "eve@example.com",
        "display_name": "Eve",
        "email": "",
        "role": "agent",
        "language": "",
        "time_zone": "",
        "availability": "OFFLINE",
        "external_source": "",
        "external_id": "",
        "new_password": "",
        "repeated_password": "",
    } | changed


def fields_of(person: User, **changed) -> dict[str, object]:
    present = {name: getattr(person, name) for name in fields() if hasattr(person, name)}
    groups = [group.pk for group in person.workgroups.all()]
    present |= {"expected_version": person.version, "workgroups": groups}
    return fields() | present | changed


def test_a_person_is_made_with_a_password(dora, browser):
    group = Workgroup.objects.set_up(by=Actor(dora), name="Support")
    password = {"new_password": PASSWORD, "repeated_password": PASSWORD}

    answer = browser(dora).post(f"{PEOPLE}add/", fields(workgroups=[group.pk], **password))

    eve = User.objects.get(username="eve@example.com")
    assert answer.status_code == 302
    assert (eve.role, eve.check_password(PASSWORD)) == ("agent", True)
    assert list(eve.workgroups.all()) == [group]
    made = PersonEvent.objects.get(verb="created", person_id=eve.pk)
    assert made.actor_id == dora.pk


def test_without_a_password_a_person_only_comes_by_token(dora, browser):
    browser(dora).post(f"{PEOPLE}add/", fields())

    assert not User.objects.get(username="eve@example.com").has_usable_password()


def test_every_address_can_be_typed(dora, browser):
    client, addresses = browser(dora), {"username": "o'brien@example.com", "email": "jörg@e.com"}

    assert b'type="email"' not in client.get(f"{PEOPLE}add/").content
    assert client.post(f"{PEOPLE}add/", fields(**addresses)).status_code == 302
    assert User.objects.filter(**addresses).exists()


def test_people_are_found_by_any_spelling(carol, dora, browser):
    carol.edit(by=Actor(dora), display_name="Carol MÜLLER", external_id="crm-7")
    client = browser(dora)

    for words in ("müller", "MÜLLER carol", "ｃａｒｏｌ", "CRM-7"):
        found = client.get(PEOPLE, {"q": words}).context["cl"].result_list
        assert list(found) == [carol], words


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"username": "DORA@example.com"}, "username", "Somebody has this username already"),
        ({"time_zone": "Mars/Base"}, "time_zone", "is no time zone"),
        ({"new_password": "short", "repeated_password": "short"}, "new_password", "too short"),
        ({"new_password": PASSWORD}, "repeated_password", "differ"),
        ({"role": "god"}, "role", "not one of the available choices"),
    ],
)
def test_what_is_refused_stands_at_its_field(changed, field, sentence, dora, browser):
    answer = browser(dora).post(f"{PEOPLE}add/", fields(**changed))

    assert sentence in str(answer.context["adminform"].form.errors[field])
    assert User.objects.count() == 1


def test_an_edit_has_its_history(carol, dora, browser):
    answer = browser(dora).post(
        f"{PEOPLE}{carol.pk}/change/", fields_of(carol, role="administrator", language="zh-hans")
    )

    carol.refresh_from_db()
    assert answer.status_code == 302
    assert (carol.role, carol.language, carol.version) == ("administrator", "zh-hans", 2)
    assert sorted(PersonEvent.objects.values_list("field", flat=True)) == ["language", "role"]
    history = browser(dora).get(f"{PEOPLE}{carol.pk}/history/").content.decode()
    assert "role: Agent → Administrator" in history


def test_the_history_names_fields_and_values_in_the_language_of_its_reader(carol, dora, browser):
    carol.edit(by=Actor(dora), role="administrator", is_active=False, password="a new long one")

    page = browser(dora).get(f"{PEOPLE}{carol.pk}/history/", headers={"Accept-Language": "zh-CN"})

    history = page.content.decode()
    assert "角色：客服 → 管理员" in history
    assert "启用：是 → 否" in history
    assert "密码 已更改" in history


def test_saving_what_stands_writes_nothing(carol, dora, browser):
    group = Workgroup.objects.set_up(by=Actor(dora), name="Support", members=[carol.pk])
    carol.refresh_from_db()
    events = PersonEvent.objects.count()

    answer = browser(dora).post(f"{PEOPLE}{carol.pk}/change/", fields_of(carol))

    assert answer.status_code == 302
    carol.refresh_from_db()
    assert list(carol.workgroups.all()) == [group]
    assert PersonEvent.objects.count() == events


def test_the_second_of_two_editors_is_told(carol, dora, browser):
    stale = fields_of(carol, display_name="Mine")
    carol.edit(by=Actor(dora), display_name="Theirs")

    answer = browser(dora).post(f"{PEOPLE}{carol.pk}/change/", stale)

    assert b"Somebody changed this in the meantime" in answer.content
    carol.refresh_from_db()
    assert carol.display_name == "Theirs"


def test_nobody_changes_the_own_role(dora, browser):
    User.objects.create_user("other@example.com", PASSWORD, role="administrator")

    answer = browser(dora).post(f"{PEOPLE}{dora.pk}/change/", fields_of(dora, role="agent"))

    assert answer.status_code == 302
    dora.refresh_from_db()
    assert dora.role == "administrator"


def test_people_are_deactivated_after_a_question_and_never_deleted(carol, dora, browser):
    client = browser(dora)
    form = {"action": "deactivate_people", "_selected_action": carol.pk, "back": "object"}

    asked = client.post(PEOPLE, form)
    carol.refresh_from_db()
    assert (asked.status_code, carol.is_active) == (200, True)

    done = client.post(PEOPLE, form | {"answer": "yes"})
    carol.refresh_from_db()
    assert done["Location"] == f"{PEOPLE}{carol.pk}/change/"
    assert carol.is_active is False
    assert client.post(f"{PEOPLE}{carol.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(PEOPLE, {"action": "activate_people", "_selected_action": carol.pk})
    carol.refresh_from_db()
    assert carol.is_active is True


def test_the_last_administrator_stays(dora, browser):
    form = {"action": "deactivate_people", "_selected_action": dora.pk, "answer": "yes"}

    answer = browser(dora).post(PEOPLE, form, follow=True)

    assert b"This is the last administrator" in answer.content
    dora.refresh_from_db()
    assert dora.is_active is True


WRITER = ["login:admin", "users:write"]


def test_a_session_by_link_changes_no_way_in(carol, dora, by_link):
    client = by_link(dora, scopes=WRITER)
    way_in = {
        "username": "x@example.com",
        "email": "x@example.com",
        "role": "administrator",
    }
    password = {"new_password": PASSWORD + "!", "repeated_password": PASSWORD + "!"}

    refused = client.post(f"{PEOPLE}{carol.pk}/change/", fields_of(carol, **password))
    answer = client.post(f"{PEOPLE}{carol.pk}/change/", fields_of(carol, language="en", **way_in))

    assert b"No token may change this" in refused.content
    assert answer.status_code == 302
    carol.refresh_from_db()
    assert (carol.username, carol.email, carol.role) == ("carol@example.com", "", "agent")
    assert (carol.language, carol.check_password(PASSWORD)) == ("en", True)


def test_a_session_by_link_neither_edits_nor_makes_administrators(dora, by_link):
    other = User.objects.create_user("other@example.com", PASSWORD, role="administrator")
    client = by_link(dora, scopes=WRITER)

    edited = client.post(f"{PEOPLE}{other.pk}/change/", fields_of(other, display_name="x"))
    made = client.post(f"{PEOPLE}add/", fields(role="administrator"))
    off = client.post(
        PEOPLE,
        {"action": "deactivate_people", "_selected_action": other.pk, "answer": "yes"},
        follow=True,
    )

    assert edited.status_code == 403
    for answer in (made, off):
        assert b"No token may change this" in answer.content
    assert set(User.objects.values_list("username", "is_active")) == {
        ("dora@example.com", True),
        ("other@example.com", True),
    }


def test_a_workgroup_is_made_edited_and_dissolved(alice, carol, carlos, dora, browser):
    client = browser(dora)
    client.post(f"{GROUPS}add/", {"name": "Support", "members": [carol.pk]})
    group = Workgroup.objects.get()
    assert list(group.members.all()) == [carol]

    client.post(
        f"{GROUPS}{group.pk}/change/",
        {"name": "Help", "members": [carlos.pk], "expected_version": group.version},
    )
    group.refresh_from_db()
    assert (group.name, list(group.members.all())) == ("Help", [carlos])
    history = client.get(f"{GROUPS}{group.pk}/history/").content.decode()
    assert "Carol left Help" in history
    refused = client.post(f"{GROUPS}{group.pk}/change/", {"name": "Help", "members": [alice.pk]})
    assert "members" in refused.context["adminform"].form.errors

    assert client.get(f"{GROUPS}{group.pk}/delete/").status_code == 200
    client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"})

    assert not Workgroup.objects.exists()
    assert PersonEvent.objects.filter(verb="deleted", actor_id=dora.pk).count() == 1


def test_a_workgroup_with_tickets_stays(alice, dora, browser):
    group = Workgroup.objects.set_up(by=Actor(dora), name="Support")
    Ticket.objects.open_for(
        by=Actor(dora), title="t", content="c", requester=alice, workgroup=group
    )

    answer = browser(dora).post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}, follow=True)

    assert b"Something still belongs to this workgroup" in answer.content
    assert Workgroup.objects.exists()


def test_people_are_found_by_filter_and_words(alice, carol, dora, browser):
    group = Workgroup.objects.set_up(by=Actor(dora), name="Support", members=[carol.pk])
    client = browser(dora)

    for query, expected in (
        ({"role__exact": "customer"}, [alice]),
        ({"workgroup": group.pk}, [carol]),
        ({"workgroup": "x"}, [dora, carol, alice]),
        ({"q": "carol@"}, [carol]),
    ):
        assert set(client.get(PEOPLE, query).context["cl"].queryset) == set(expected)


@pytest.mark.parametrize(("page", "budget"), [(PEOPLE, 6), (GROUPS, 4)])
def test_lists_cost_the_same_queries_however_long(
    page, budget, dora, browser, django_assert_num_queries
):
    client = browser(dora)
    for rows in range(2):
        for number in range(3 + 20 * rows):
            member = User.objects.create_user(f"p{rows}-{number}", role="agent")
            Workgroup.objects.set_up(
                by=Actor.system(), name=f"g{rows}-{number}", members=[member.pk]
            )
        client.get(page)
        with django_assert_num_queries(budget):  # session, person, count, rows, and groups twice
            client.get(page)


def test_no_field_offers_a_pop_up_window(carol, dora, browser):
    client = browser(dora)
    Workgroup.objects.set_up(by=Actor(dora), name="Support")

    for page in (f"{PEOPLE}{carol.pk}/change/", f"{GROUPS}add/", "/admin/tickets/ticket/add/"):
        assert b"_popup=1" not in client.get(page).content
