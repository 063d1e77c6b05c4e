"""What a caller may ask of the figures: a period, a time zone, buckets, and which tickets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

from configuration.kinds import time_zones
from configuration.values import value
from stats.periods import EARLIEST, LATEST, MOST_BUCKETS, STEPS, Period, TooManyBuckets, midnight
from tickets.models import Ticket

DEFAULT_DAYS = 30
LARGEST_ID = 2**63 - 1


def refuse(name: str, message: str, code: str) -> serializers.ValidationError:
    return serializers.ValidationError({name: [ErrorDetail(message, code)]})


class ZoneField(serializers.CharField):
    def to_internal_value(self, data: Any) -> Any:
        if data not in time_zones():
            message = _("This is no time zone. Use a name like Asia/Shanghai.")
            raise serializers.ValidationError(message, code="invalid-time-zone")
        return ZoneInfo(data)


class MomentField(serializers.CharField):
    """A day, or a moment of a day; which zone they are in is known later."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            moment = parse_date(data) or parse_datetime(data)
        except ValueError:
            moment = None
        if moment is None:
            message = _("Give a day like 2026-03-31 or a moment like 2026-03-31T08:00:00Z.")
            raise serializers.ValidationError(message, code="invalid")
        if not EARLIEST <= date(moment.year, moment.month, moment.day) <= LATEST:
            message = _("Give a day between 1970 and 2199.")
            raise serializers.ValidationError(message, code="out-of-range")
        return moment


class WordsField(serializers.CharField):
    """Some of the words of a choice, joined by commas."""

    def __init__(self, *, words: list[str], **options: Any) -> None:
        super().__init__(**options)
        self.words = words

    def to_internal_value(self, data: Any) -> Any:
        given = str(data).split(",")
        if set(given) - set(self.words):
            message = _("Choose from: %(words)s.") % {"words": ", ".join(self.words)}
            raise serializers.ValidationError(message, code="invalid-choice")
        return given


class IdsField(serializers.CharField):
    """Some ids joined by commas, among them perhaps `none` (and `me`, where that is somebody)."""

    def __init__(self, *, knows_me: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.knows_me = knows_me

    def to_internal_value(self, data: Any) -> Any:
        return [self._one(part) for part in str(data).split(",")]

    def _one(self, part: str) -> int | None:
        if part == "none":
            return None
        if part == "me" and self.knows_me:
            return int(self.context["request"].user.pk)
        if part.isascii() and part.isdigit() and len(part) < 20 and int(part) <= LARGEST_ID:
            return int(part)
        message = _("Give ids joined by commas, or “none”.")
        raise serializers.ValidationError(message, code="invalid")


class OverviewParameters(serializers.Serializer[Any]):
    """The parameters of every figure."""

    tz = ZoneField(
        required=False,
        help_text="IANA time zone that decides where days begin. Default: the caller's own.",
    )
    workgroup = IdsField(
        required=False, help_text="Only tickets of these workgroups now: ids or `none`."
    )
    assignee = IdsField(
        required=False,
        knows_me=True,
        help_text="Only tickets of these people now: ids, `me` or `none`.",
    )
    priority = WordsField(
        required=False,
        words=Ticket.Priority.values,
        help_text="Only tickets of these priorities now.",
    )
    channel = WordsField(
        required=False,
        words=Ticket.Channel.values,
        help_text="Only tickets that came in by these channels.",
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # “from” cannot stand on the left of an assignment.
        moments: dict[str, serializers.Field[Any, Any, Any, Any]] = {
            "from": MomentField(
                required=False,
                help_text="First day or moment. Default: 30 days with today.",
            ),
            "to": MomentField(
                required=False,
                help_text="Last day, which counts in full, or the moment before which it ends. "
                "Default: today.",
            ),
        }
        return moments | super().get_fields()

    @classmethod
    def read(cls, request: Request) -> Mapping[str, Any]:
        """Return `period`, `boundaries` and `only` of a request, or refuse it by name."""
        known = cls().fields
        for name, values in request.query_params.lists():
            if name not in known and name != "format":
                message = _("There is no parameter “%(name)s” here. Known: %(known)s.")
                names = ", ".join(known)
                raise refuse(
                    name[:100], message % {"name": name[:100], "known": names}, "unknown-parameter"
                )
            if len(values) > 1:
                raise refuse(name, _("Give it once; commas mean “or”."), "doubled-parameter")
        parameters = cls(data=request.query_params.dict(), context={"request": request})
        parameters.is_valid(raise_exception=True)
        return parameters.validated_data

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        person = self.context["request"].user
        zone = given.get("tz") or ZoneInfo(person.time_zone or value("default_time_zone"))
        period = _period(given.get("from"), given.get("to"), zone)
        return {"period": period, "only": _only(given), **self._cut(period, given)}

    def _cut(self, period: Period, given: dict[str, Any]) -> dict[str, Any]:
        return {}


class TimeseriesParameters(OverviewParameters):
    """The parameters of figures over time."""

    group_by = serializers.ChoiceField(
        choices=list(STEPS), default="day", help_text="How long a bucket is."
    )

    def _cut(self, period: Period, given: dict[str, Any]) -> dict[str, Any]:
        group_by = given["group_by"]
        try:
            return {"group_by": group_by, "boundaries": period.boundaries(group_by)}
        except TooManyBuckets as error:
            message = _("That would be more than %(most)d buckets: ask for larger ones.")
            raise refuse(
                "group_by", message % {"most": MOST_BUCKETS}, "too-many-buckets"
            ) from error


def _period(first: date | None, last: date | None, zone: ZoneInfo) -> Period:
    """Return the period; a `last` that is a day counts in full."""
    today = timezone.now().astimezone(zone).date()
    end = _moment(last or today, zone, day_after=True)
    if first is None:
        first = (end - timedelta(microseconds=1)).astimezone(zone).date()
        first -= timedelta(days=DEFAULT_DAYS - 1)
    start = _moment(first, zone)
    if start >= end:
        raise refuse("to", _("The period ends before it begins."), "out-of-range")
    return Period(start, end, zone)


def _moment(given: date, zone: ZoneInfo, *, day_after: bool = False) -> datetime:
    if not isinstance(given, datetime):
        return midnight(given + timedelta(days=day_after), zone)
    moment = given if given.tzinfo else given.replace(tzinfo=zone)
    return moment.astimezone(ZoneInfo("UTC"))


def _only(given: dict[str, Any]) -> Q | None:
    """Return the condition on tickets, or None where all are wanted."""
    conditions = [
        _one_of(name, given[name])
        for name in ("workgroup", "assignee", "priority", "channel")
        if name in given
    ]
    return Q(*conditions) if conditions else None


def _one_of(name: str, values: list[Any]) -> Q:
    condition = Q(**{f"{name}__in": [each for each in values if each is not None]})
    return condition | Q(**{name: None}) if None in values else condition
