"""Reading and writing values: fresh enough everywhere, checked, and written down."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from django.apps import AppConfig, apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from accounts.actor import Actor
from accounts.models import User
from configuration import values
from configuration.declared import SETTINGS, UnknownSetting
from configuration.models import DEFAULT, ConfigurationEvent, ConfigurationValue
from configuration.values import value
from records.errors import Stale

BY = Actor(User(pk=7))


def assign(**changes):
    return values.assign(changes, by=BY)


def written_elsewhere(key, stored):
    """Store a value as another process would: nothing here hears of it."""
    ConfigurationValue.objects.update_or_create(key=key, defaults={"value": stored, "version": 1})


@pytest.fixture
def clock(monkeypatch):
    """Give the reading its real life span and a clock that the test moves."""

    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(values, "time", clock)
    monkeypatch.setattr(values, "LONGEST_AGE_SECONDS", 5.0)
    values.suppose({})
    return clock


def test_every_default_is_a_good_value_of_its_own_setting():
    assert {key: setting.clean(setting.default) for key, setting in SETTINGS.items()} == {
        key: setting.default for key, setting in SETTINGS.items()
    }


def test_without_rows_the_defaults_hold(db):
    values.forget()

    assert value("reopen_window_days") == 7
    assert value("auto_close_days") == 4
    assert value("default_priority") == "medium"
    assert value("all_agents_see_all_tickets") is False


def test_an_unknown_key_is_refused_in_reading_and_writing(db):
    with pytest.raises(UnknownSetting):
        value("reopen_windw_days")
    with pytest.raises(UnknownSetting):
        assign(reopen_windw_days=3)

    assert not ConfigurationValue.objects.exists()


def test_a_write_is_seen_at_once_and_written_down(db):
    assign(reopen_window_days=14)

    assert value("reopen_window_days") == 14
    event = ConfigurationEvent.objects.get()
    assert (event.key, event.old, event.new) == ("reopen_window_days", 7, 14)
    assert (event.actor_id, event.token_id) == (7, None)


def test_writing_the_present_value_changes_nothing(db):
    assert assign(reopen_window_days=7, site_name=" Weiyu ") == []

    assert not ConfigurationEvent.objects.exists()
    assert set(ConfigurationValue.objects.values_list("version", flat=True)) == {0}


def test_a_reset_gives_the_default_back_and_the_version_goes_on(db):
    assign(reopen_window_days=14)

    assert assign(reopen_window_days=DEFAULT) == ["reopen_window_days"]

    assert value("reopen_window_days") == 7
    assert ConfigurationValue.objects.get().version == 2
    assert ConfigurationEvent.objects.count() == 2


@pytest.mark.parametrize(
    ("key", "wrong", "code"),
    [
        ("reopen_window_days", "7", "invalid"),
        ("reopen_window_days", True, "invalid"),
        ("reopen_window_days", 7.0, "invalid"),
        ("reopen_window_days", -1, "out_of_range"),
        ("reopen_window_days", 10**30, "out_of_range"),
        ("all_agents_see_all_tickets", 1, "invalid"),
        ("all_agents_see_all_tickets", "false", "invalid"),
        ("default_priority", "mid", "invalid_choice"),
        ("default_priority", ["low"], "invalid_choice"),
        ("default_language", "fr", "invalid_choice"),
        ("default_time_zone", "Asia/Peking", "invalid_time_zone"),
        ("default_time_zone", {}, "invalid_time_zone"),
        ("site_name", "", "blank"),
        ("site_name", "x" * 61, "max_length"),
        ("site_name", "a\x00b", "invalid_character"),
        ("site_name", "a\nb", "invalid_character"),
        ("site_name", "\ud800", "invalid_character"),
        ("site_name", 5, "invalid"),
        ("attachment_types", "image/png", "invalid"),
        ("attachment_types", ["png"], "invalid_entry"),
        ("attachment_types", [None], "invalid_entry"),
        ("attachment_types", ["a/b"] * 101, "max_length"),
    ],
)
def test_a_wrong_value_is_refused_by_key_and_nothing_changes(db, key, wrong, code):
    with pytest.raises(ValidationError) as refusal:
        assign(**{key: wrong, "message_edit_minutes": 5})

    assert [error.code for error in refusal.value.error_dict[key]] == [code]
    assert value(key) == SETTINGS[key].default
    assert value("message_edit_minutes") == 15
    assert not ConfigurationEvent.objects.exists()


def test_values_that_contradict_each_other_are_refused_together(db):
    with pytest.raises(ValidationError) as refusal, transaction.atomic():
        assign(token_default_days=400)

    assert list(refusal.value.error_dict) == ["token_default_days"]
    assert value("token_default_days") == 30

    assign(token_default_days=400, token_longest_days=500)

    assert (value("token_default_days"), value("token_longest_days")) == (400, 500)


def test_the_second_of_two_writers_is_told(db):
    assign(site_name="First")

    with pytest.raises(Stale):
        values.assign({"site_name": "Second"}, by=BY, expected_versions={"site_name": 0})

    assert value("site_name") == "First"


def test_a_stored_value_that_is_no_longer_valid_gives_the_default_and_a_log_line(db, caplog):
    written_elsewhere("default_priority", "enormous")
    written_elsewhere("reopen_window_days", 9)
    values.forget()

    with caplog.at_level(logging.WARNING):
        assert value("default_priority") == "medium"

    assert value("reopen_window_days") == 9
    [line] = [r.getMessage() for r in caplog.records if r.name == "configuration.values"]
    assert "default_priority" in line


def test_a_row_of_a_setting_that_is_gone_does_no_harm(db):
    written_elsewhere("abolished", 1)
    values.forget()

    assert value("reopen_window_days") == 7


def test_reading_costs_no_query_for_five_seconds_and_then_one(db, clock, django_assert_num_queries):
    with django_assert_num_queries(0):
        for _ in range(100):
            value("site_name")
    clock.now += 5.1

    with django_assert_num_queries(1):
        for _ in range(100):
            value("site_name")


def test_a_change_made_elsewhere_is_seen_after_five_seconds_at_most(db, clock):
    assert value("site_name") == "Weiyu"
    written_elsewhere("site_name", "Desk")

    clock.now += 4.9
    assert value("site_name") == "Weiyu"
    clock.now += 0.2
    assert value("site_name") == "Desk"


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_write_leaves_no_trace_in_memory():
    values.forget()

    with transaction.atomic():
        assign(site_name="Never")
        assert value("site_name") == "Never"
        transaction.set_rollback(True)

    assert value("site_name") == "Weiyu"


@pytest.mark.django_db(transaction=True)
def test_other_threads_see_a_write_after_its_commit_and_not_before():
    seen = []

    def look() -> None:
        seen.append(value("site_name"))
        connection.close()

    def look_elsewhere() -> None:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()

    with transaction.atomic():
        assign(site_name="Desk")
        value("site_name")
        look_elsewhere()
    look_elsewhere()

    assert seen == ["Weiyu", "Desk"]


def test_a_slow_reader_does_not_put_back_what_it_read_before_a_write(db, monkeypatch):
    read_table = values.read_table

    def read_slowly():
        read = read_table()
        monkeypatch.setattr(values, "read_table", read_table)
        written_elsewhere("site_name", "Desk")
        values.forget()
        return read

    values.forget()
    monkeypatch.setattr(values, "read_table", read_slowly)
    value("site_name")

    assert value("site_name") == "Desk"


def test_every_setting_is_read_by_somebody():
    sources = [
        file.read_text(encoding="utf-8")
        for room in (config.path for config in apps.get_app_configs() if is_ours(config))
        for file in Path(room).rglob("*.py")
        if file.name != "declared.py" and "migrations" not in file.parts
    ]

    unread = [key for key in SETTINGS if not any(f'value("{key}")' in text for text in sources)]

    # Their help says that they take effect together with attachments.
    assert unread == ["attachment_max_megabytes", "attachment_types"]


def is_ours(config: AppConfig) -> bool:
    return Path(config.path).parent == settings.BASE_DIR
