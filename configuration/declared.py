"""The declared settings: what can be configured at all, with types, defaults and texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from configuration.kinds import Boolean, Choice, Choices, Integer, Kind, Label, Listing, Text
from configuration.kinds import TimeZone as Zone


class UnknownSetting(LookupError):
    """No setting is declared under this key."""


class Group(models.TextChoices):
    GENERAL = "general", _("General")
    TICKETS = "tickets", _("Tickets")
    MESSAGES = "messages", _("Messages and attachments")
    TOKENS = "tokens", _("AccessTokens")
    LIMITS = "limits", _("Limits")


@dataclass(frozen=True)
class Setting:
    """One thing that can be configured. `security` ones cannot be written by token callers."""

    key: str
    kind: Kind
    default: Any
    group: Group
    label: Label
    help: Label = ""
    security: bool = False

    def clean(self, value: Any) -> Any:
        return self.kind.clean(value)


def _languages() -> Choices:
    return list(django_settings.LANGUAGES)


_PRIORITIES = [
    ("low", _("Low")),
    ("medium", _("Medium")),
    ("high", _("High")),
    ("urgent", _("Urgent")),
]
_DAYS = _("days")
_A_MINUTE = _("a minute")

_DECLARED = [
    Setting(
        "site_name",
        Text(longest=60),
        "Weiyu",
        Group.GENERAL,
        _("Site name"),
        _("Stands in the titles and headers of all pages, and in mails."),
    ),
    Setting(
        "default_language",
        Choice(_languages, name="language"),
        "en",
        Group.GENERAL,
        _("Default language"),
        _("For people who chose none and whose browser asks for none that is there."),
    ),
    Setting(
        "default_time_zone",
        Zone(),
        "UTC",
        Group.GENERAL,
        _("Default time zone"),
        _("Decides where a day begins for people who chose no zone, and in statistics."),
    ),
    Setting(
        "default_priority",
        Choice(_PRIORITIES),
        "medium",
        Group.TICKETS,
        _("Default priority"),
        _("What a new ticket gets when nobody says."),
    ),
    Setting(
        "reopen_window_days",
        Integer(0, 365, _DAYS),
        7,
        Group.TICKETS,
        _("Reopen window"),
        _("How long the requester can reopen a resolved ticket. 0: not at all."),
    ),
    Setting(
        "auto_close_days",
        Integer(0, 365, _DAYS),
        4,
        Group.TICKETS,
        _("Close resolved tickets after"),
        _("Resolved tickets are closed by themselves after this time. 0: never."),
    ),
    Setting(
        "all_agents_see_all_tickets",
        Boolean(),
        False,
        Group.TICKETS,
        _("All agents see all tickets"),
        _(
            "Otherwise they see those of their workgroups, unassigned ones without a workgroup, "
            "their own, and those they follow."
        ),
        security=True,
    ),
    Setting(
        "message_edit_minutes",
        Integer(0, 1440, _("minutes")),
        15,
        Group.MESSAGES,
        _("Time to edit a message"),
        _("How long people can edit what they wrote. 0: not at all."),
    ),
    Setting(
        "attachment_max_megabytes",
        Integer(1, 100, _("megabytes")),
        10,
        Group.MESSAGES,
        _("Largest attachment"),
        _("Takes effect together with attachments, which a later release brings."),
    ),
    Setting(
        "attachment_types",
        Listing(r"[a-z0-9][a-z0-9.+-]{0,62}/[a-z0-9][a-z0-9.+-]{0,99}", "image/png"),
        [
            "image/png",
            "image/jpeg",
            "image/gif",
            "image/webp",
            "application/pdf",
            "application/zip",
            "application/msword",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.ms-excel",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "text/plain",
            "text/csv",
            "audio/mpeg",
            "video/mp4",
        ],
        Group.MESSAGES,
        _("Types of attachments"),
        _(
            "Media types that may be attached, one a line. The type is read from the file itself. "
            "Takes effect together with attachments, which a later release brings."
        ),
        security=True,
    ),
    Setting(
        "token_default_days",
        Integer(1, 3650, _DAYS),
        30,
        Group.TOKENS,
        _("Life of a new token"),
        _("What a token gets when nobody says how long it should be good for."),
        security=True,
    ),
    Setting(
        "token_longest_days",
        Integer(1, 3650, _DAYS),
        365,
        Group.TOKENS,
        _("Longest life of a token"),
        _("No token can be made for longer. Tokens that exist keep their end."),
        security=True,
    ),
    Setting(
        "token_grace_hours",
        Integer(0, 168, _("hours")),
        24,
        Group.TOKENS,
        _("Grace after rotation"),
        _("How long a rotated token stays good beside its successor, when nobody says."),
        security=True,
    ),
    Setting(
        "api_rate_per_minute",
        Integer(10, 100_000, _A_MINUTE),
        600,
        Group.LIMITS,
        _("API calls of one token"),
        _("Further calls within the same minute are answered with 429."),
        security=True,
    ),
    Setting(
        "failed_credentials_per_minute",
        Integer(1, 1000, _A_MINUTE),
        30,
        Group.LIMITS,
        _("Failed credentials of one address"),
        _("Further wrong tokens from the same address are answered with 429; good ones pass."),
        security=True,
    ),
]

SETTINGS: dict[str, Setting] = {setting.key: setting for setting in _DECLARED}


def find(key: str) -> Setting:
    """Return the setting declared under `key`, or raise UnknownSetting."""
    try:
        return SETTINGS[key]
    except KeyError as error:
        raise UnknownSetting(key) from error


def check_together(values: Mapping[str, Any]) -> None:
    """Refuse values that are good one by one but contradict each other."""
    if values["token_default_days"] > values["token_longest_days"]:
        message = _("A new token cannot live longer than the longest life of a token.")
        raise ValidationError(
            {"token_default_days": ValidationError(message, code="contradiction")}
        )
