"""What lists of people and workgroups can be narrowed by."""

from __future__ import annotations

from typing import ClassVar

from accounts.models import User, Workgroup
from rest.filters import AnyIdFilter, AnyNameFilter, ChangedWhenFilter


class PersonFilter(ChangedWhenFilter):
    username = AnyNameFilter(field_name="username_compared")
    email = AnyNameFilter(field_name="email_compared")
    workgroup = AnyIdFilter(field_name="workgroups", distinct=True)

    class Meta:
        model = User
        fields = ["role", "availability", "is_active", "external_id", "external_source"]


class WorkgroupFilter(ChangedWhenFilter):
    name = AnyNameFilter(field_name="name_compared")
    member = AnyIdFilter(field_name="members", distinct=True)

    class Meta:
        model = Workgroup
        fields: ClassVar[list[str]] = []
