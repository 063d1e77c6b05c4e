"""What lists of people and workgroups can be narrowed by."""

from __future__ import annotations

from django_filters.rest_framework import CharFilter, FilterSet, IsoDateTimeFilter, NumberFilter

from accounts.models import User, Workgroup


class ChangedWhenFilter(FilterSet):
    """Narrow by the moments of creation and of the last change."""

    created_after = IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")
    updated_after = IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    updated_before = IsoDateTimeFilter(field_name="updated_at", lookup_expr="lt")


class PersonFilter(ChangedWhenFilter):
    username = CharFilter(lookup_expr="iexact")
    email = CharFilter(lookup_expr="iexact")
    workgroup = NumberFilter(field_name="workgroups", distinct=True)

    class Meta:
        model = User
        fields = ["role", "availability", "is_active", "external_id", "external_source"]


class WorkgroupFilter(ChangedWhenFilter):
    member = NumberFilter(field_name="members", distinct=True)

    class Meta:
        model = Workgroup
        fields = ["name"]
