"""/api/statistics: figures of any period, of what the caller may see."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from rest.viewsets import ApiViewSet
from stats.figures import figures
from stats.filters import OverviewFilter, TimeseriesFilter
from stats.serializers import OverviewSerializer, TimeseriesSerializer


class StatisticsViewSet(ApiViewSet[Any]):
    """Figures of tickets and messages, counted from their history."""

    scope = "statistics:read"
    filter_backends = ()
    pagination_class = None

    @extend_schema(parameters=OverviewFilter.described())
    @action(detail=False, serializer_class=OverviewSerializer)
    def overview(self, request: Request) -> Response:
        """Sum up a period and the one before it.

        Tickets created, resolved, reopened and closed, the backlog at the end, messages, and how
        long first responses and resolutions took.
        """
        asked = OverviewFilter.of(request)
        period = asked.period
        before = period.before()
        # Each by itself, for then the backlogs are looked up instead of what moved between them.
        [earlier] = figures(asked.subject, [before.start, before.end])
        [present] = figures(asked.subject, [period.start, period.end])
        answer = {
            "tz": period.zone.key,
            "period": period,
            "period_before": before,
            "figures": present,
            "figures_before": earlier,
        }
        return Response(self.get_serializer(answer).data)

    @extend_schema(parameters=TimeseriesFilter.described())
    @action(detail=False, serializer_class=TimeseriesSerializer)
    def timeseries(self, request: Request) -> Response:
        """Follow the figures by hour, day, week or month.

        Days begin where the time zone says, also when the clocks change. At most 2,000 buckets.
        """
        asked = TimeseriesFilter.of(request)
        period, boundaries = asked.period, asked.boundaries
        points = [
            {"start": start, "end": end, "name": period.label(start, asked.step), "figures": each}
            for (start, end), each in zip(
                pairwise(boundaries), figures(asked.subject, boundaries), strict=True
            )
        ]
        answer = {
            "tz": period.zone.key,
            "group_by": asked.step,
            "period": period,
            "points": points,
        }
        return Response(self.get_serializer(answer).data)
