"""What a caller may ask of the figures: a period, a time zone, buckets, and which tickets."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django_filters.rest_framework import Filter, FilterSet
from django_filters.utils import translate_validation
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request

from accounts.time_zones import zone_of
from configuration.kinds import TimeZone
from configuration.values import value
from records.errors import invalid_field
from records.ids import is_id
from rest.filters import (
    TakesSeveral,
    any_of_ids,
    refuse_empty,
    refuse_unknown,
    taking_several,
)
from stats.periods import EARLIEST, LATEST, MOST_BUCKETS, STEPS, Period, TooManyBuckets, midnight
from stats.subject import Subject
from tickets.models import Ticket, TicketQuerySet

DEFAULT_DAYS = 30
# The parameters that choose tickets; the others say what is told of them.
OF_TICKETS = ("workgroup", "assignee", "priority", "channel")


class ParameterField(forms.Field):
    """A parameter that may be left out; a function reads the text, or refuses it."""

    def __init__(self, *, read: Callable[[Any], object], **options: Any) -> None:
        super().__init__(**options)
        self.read = read

    def clean(self, given: Any) -> object:
        return None if given is None else self.read(given)


class ParameterFilter(Filter):
    """A filter by one text; without a `method` it narrows nothing, and is there to be read."""

    field_class = ParameterField
    schema: ClassVar[dict[str, Any]] = {"type": "string", "minLength": 1}

    def __init__(
        self, read: Callable[[Any], object], help_text: str, *, method: str = "leave", **also: Any
    ) -> None:
        super().__init__(method=method, read=read, help_text=help_text, **also)


class WordsFilter(TakesSeveral, ParameterFilter):
    """A filter by any of several words."""


class ZoneFilter(ParameterFilter):
    schema: ClassVar[dict[str, Any]] = {
        **ParameterFilter.schema,
        "format": "time-zone",
        "examples": ["Asia/Shanghai"],
    }


class DayFilter(ParameterFilter):
    schema: ClassVar[dict[str, Any]] = {
        "anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}],
    }


class StepFilter(ParameterFilter):
    schema: ClassVar[dict[str, Any]] = {"enum": list(STEPS), "type": "string", "default": "day"}


def _filled(text: str) -> str:
    if not text.strip():
        raise ValidationError(serializers.CharField.default_error_messages["blank"], "blank")
    return text


def _zone(text: str) -> ZoneInfo:
    return ZoneInfo(TimeZone().clean(_filled(text)))


def _day_or_moment(text: str) -> date:
    """Return a day, or a moment of a day; which zone they are in is known later."""
    try:
        moment = parse_date(_filled(text)) or parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        message = _("Give a day like 2026-03-31 or a moment like 2026-03-31T08:00:00Z.")
        raise ValidationError(message, "invalid")
    if not EARLIEST <= date(moment.year, moment.month, moment.day) <= LATEST:
        raise ValidationError(_("Give a day between 1970 and 2199."), "out-of-range")
    return moment


def _words(words: list[str], *, known: list[str]) -> list[str]:
    """Return the words where all of them are known."""
    if set(words) - set(known):
        message = _("Choose from: %(words)s.") % {"words": ", ".join(known)}
        raise ValidationError(message, "invalid-choice")
    return words


def _ids(words: list[str], *, known: Collection[str]) -> list[str]:
    """Return the words where all of them are ids or known."""
    if not all(word in known or is_id(word) for word in words):
        raise ValidationError(_("Give ids joined by commas, or “none”."), "invalid")
    return words


def _step(text: str) -> str:
    if text not in STEPS:
        message = str(serializers.ChoiceField.default_error_messages["invalid_choice"])
        raise ValidationError(message.format(input="%(input)s"), "invalid-choice", {"input": text})
    return text


class OverviewFilter(FilterSet):
    """The parameters of every figure."""

    tz = ZoneFilter(
        _zone, "IANA time zone that decides where days begin. Default: the caller's own."
    )
    workgroup = WordsFilter(
        partial(_ids, known=["none"]),
        "Only tickets of these workgroups now: ids or `none`.",
        method="by_ids",
    )
    assignee = WordsFilter(
        partial(_ids, known=["me", "none"]),
        "Only tickets of these people now: ids, `me` or `none`.",
        method="by_ids",
    )
    priority = WordsFilter(
        partial(_words, known=Ticket.Priority.values),
        "Only tickets of these priorities now.",
        method="by_words",
    )
    channel = WordsFilter(
        partial(_words, known=Ticket.Channel.values),
        "Only tickets that came in by these channels.",
        method="by_words",
    )

    @classmethod
    def get_filters(cls) -> dict[str, Filter]:
        # “from” cannot stand on the left of an assignment.
        period = {
            "from": DayFilter(_day_or_moment, "First day or moment. Default: 30 days with today."),
            "to": DayFilter(
                _day_or_moment,
                "Last day, which counts in full, or the moment before which it ends. "
                "Default: today.",
            ),
        }
        return period | super().get_filters()

    @classmethod
    def described(cls) -> list[OpenApiParameter]:
        return [
            OpenApiParameter(name, each.schema, description=each.extra["help_text"])
            for name, each in cls.base_filters.items()
        ]

    @classmethod
    def of(cls, request: Request) -> Self:
        """Return what a request asks for, or refuse it by name."""
        refuse_unknown(request, {*cls.base_filters, "format"}, several=taking_several(cls))
        refuse_empty(request, set(cls.base_filters))
        asked = cls(request.query_params, Ticket.objects.visible_to(request.user), request=request)
        if not asked.is_valid():
            raise translate_validation(asked.errors)
        return asked

    @property
    def given(self) -> dict[str, Any]:
        """Return what was read; None where a parameter is missing."""
        return self.form.cleaned_data

    @property
    def subject(self) -> Subject:
        """Return what is counted; messages outside of tickets count where all tickets do."""
        is_narrowed = any(self.given[name] for name in OF_TICKETS)
        return Subject.of(self.request.user, self.qs if is_narrowed else None)

    @cached_property
    def period(self) -> Period:
        """Return the period; a last day counts in full."""
        person = self.request.user
        zone = self.given["tz"] or zone_of(person.time_zone, value("default_time_zone"))
        end = _moment(self.given["to"] or timezone.localdate(timezone=zone), zone, day_after=True)
        first = self.given["from"]
        if first is None:
            last_day = timezone.localdate(end - timedelta(microseconds=1), zone)
            first = last_day - timedelta(days=DEFAULT_DAYS - 1)
        start = _moment(first, zone)
        if start >= end:
            raise invalid_field("to", _("The period ends before it begins."), "out-of-range")
        return Period(start, end, zone)

    def by_ids(self, tickets: TicketQuerySet, name: str, words: list[str]) -> TicketQuerySet:
        return tickets.filter(any_of_ids(name, words, me=self.request.user.pk))

    def by_words(self, tickets: TicketQuerySet, name: str, words: list[str]) -> TicketQuerySet:
        return tickets.filter(**{f"{name}__in": words})

    def leave(self, tickets: TicketQuerySet, name: str, found: object) -> TicketQuerySet:
        return tickets


class TimeseriesFilter(OverviewFilter):
    """The parameters of figures over time."""

    group_by = StepFilter(
        _step, "How long a bucket is.\n\n" + "\n".join(f"* `{step}` - {step}" for step in STEPS)
    )

    @property
    def step(self) -> str:
        return self.given["group_by"] or "day"

    @property
    def boundaries(self) -> list[datetime]:
        """Return the moments that bound the buckets of the period."""
        try:
            return self.period.boundaries(self.step)
        except TooManyBuckets as error:
            message = _("That would be more than %(most)d buckets: ask for larger ones.")
            raise invalid_field(
                "group_by", message % {"most": MOST_BUCKETS}, "too-many-buckets"
            ) from error


def _moment(given: date, zone: ZoneInfo, *, day_after: bool = False) -> datetime:
    if not isinstance(given, datetime):
        return midnight(given + timedelta(days=day_after), zone)
    moment = given if given.tzinfo else given.replace(tzinfo=zone)
    return moment.astimezone(UTC)
