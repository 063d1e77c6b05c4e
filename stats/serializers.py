"""Shapes of the figures."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from stats.periods import STEPS


class SummarySerializer(serializers.Serializer[Any]):
    """Durations in seconds; null where there were none."""

    count = serializers.IntegerField()
    sum = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)
    p50 = serializers.IntegerField(allow_null=True)
    p90 = serializers.IntegerField(allow_null=True)
    p95 = serializers.IntegerField(allow_null=True)


class BacklogSerializer(serializers.Serializer[Any]):
    """Tickets that wait for work at the end."""

    total = serializers.IntegerField()
    new = serializers.IntegerField()
    open = serializers.IntegerField()
    pending = serializers.IntegerField()
    on_hold = serializers.IntegerField()


class FiguresSerializer(serializers.Serializer[Any]):
    """Figures of one stretch of time."""

    tickets_created = serializers.IntegerField()
    tickets_resolved = serializers.IntegerField(help_text="Each time that one was resolved.")
    tickets_reopened = serializers.IntegerField()
    tickets_closed = serializers.IntegerField(help_text="But for merged ones and spam.")
    tickets_merged = serializers.IntegerField()
    tickets_spam = serializers.IntegerField()
    backlog = BacklogSerializer()
    messages_in = serializers.IntegerField(help_text="Written by requesters.")
    messages_out = serializers.IntegerField(help_text="Public ones of the team.")
    notes = serializers.IntegerField(help_text="Internal ones of the team.")
    first_response_seconds = SummarySerializer(
        help_text="From the creation to the team's first reply, of replies in this time."
    )
    first_resolution_seconds = SummarySerializer(
        help_text="From the creation to the first resolution, of resolutions in this time."
    )
    full_resolution_seconds = SummarySerializer(
        help_text="From the creation to the resolution that held, of resolutions in this time."
    )


class SpanSerializer(serializers.Serializer[Any]):
    """A stretch of time, from its start to before its end."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class OverviewSerializer(serializers.Serializer[Any]):
    """Figures of a period beside those of the period before it, of the same length."""

    tz = serializers.CharField()
    period = SpanSerializer()
    period_before = SpanSerializer()
    figures = FiguresSerializer()
    figures_before = FiguresSerializer()


class PointSerializer(SpanSerializer):
    """One bucket: an hour, a day, a week or a month, cut where the period begins and ends."""

    name = serializers.CharField(help_text="Its start, as the clocks of the time zone show it.")
    figures = FiguresSerializer()


class TimeseriesSerializer(serializers.Serializer[Any]):
    """Figures over time."""

    tz = serializers.CharField()
    group_by = serializers.ChoiceField(choices=list(STEPS))
    period = SpanSerializer()
    points = PointSerializer(many=True)
