"""What happens around tokens by time alone; weiyu_site/due_work.py runs it."""

from __future__ import annotations

from django.utils import timezone

from tokens.maintenance import expiry_notices
from tokens.models import RefusedCalls, Session, TokenEvent
from tokens.models.audit import ADDRESSES_STAY_WHOLE_FOR
from tokens.models.refused_calls import KEPT_FOR


def cut_old_addresses() -> int:
    """Cut the addresses of audit rows to their network after 90 days; return how many."""
    return TokenEvent.objects.cut_addresses(before=timezone.now() - ADDRESSES_STAY_WHOLE_FOR)


def forget_refused_calls() -> int:
    """Delete the counts of refused calls after 30 days; return how many."""
    return RefusedCalls.objects.filter(minute__lt=timezone.now() - KEPT_FOR).delete()[0]


def forget_sessions() -> int:
    """Delete the sessions that are over; return how many."""
    return Session.objects.filter(expire_date__lt=timezone.now()).delete()[0]


def give_notices() -> int:
    """Mail about tokens that end within 7, 3 or 1 days; return of how many."""
    return expiry_notices.give_due(timezone.now())
