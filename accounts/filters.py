"""What lists of people and workgroups can be narrowed by."""

from __future__ import annotations

from django_filters.rest_framework import (
    CharFilter,
)

from accounts.models import User, Workgroup
from rest.filters import AnyIdFilter, ChangedWhenFilter


class PersonFilter(ChangedWhenFilter):
    username = CharFilter(lookup_expr="iexact")
    email = CharFilter(lookup_expr="iexact")
    workgroup = AnyIdFilter(field_name="workgroups", distinct=True)

    class Meta:
        model = User
        fields = ["role", "availability", "is_active", "external_id", "external_source"]


class WorkgroupFilter(ChangedWhenFilter):
    member = AnyIdFilter(field_name="members", distinct=True)

    class Meta:
        model = Workgroup
        fields = ["name"]
