"""People, the workgroups they work in, and what was changed about both."""

from __future__ import annotations

from accounts.models.history import PersonEvent
from accounts.models.people import User
from accounts.models.querysets import UserManager, UserQuerySet
from accounts.models.workgroups import Workgroup, WorkgroupQuerySet

__all__ = [
    "PersonEvent",
    "User",
    "UserManager",
    "UserQuerySet",
    "Workgroup",
    "WorkgroupQuerySet",
]
