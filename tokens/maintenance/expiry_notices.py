"""Mails before a token ends: 7, 3 and 1 days, to its person and to whoever made it, once each."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from email.utils import formataddr

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.time_zones import zone_of
from configuration.values import value
from tokens.models import AccessToken, ExpiryNotice

DAYS = (7, 3, 1)

logger = logging.getLogger(__name__)


def give_due(now: datetime) -> int:
    """Tell who is to be told, and return of how many tokens; safe to run in two places at once.

    What fails for one person keeps nobody else from being told, and is tried again next time.
    """
    given: set[int] = set()
    failed: list[Exception] = []
    for token, person, days in _due(now):
        try:
            if _give(token, person, days):
                given.add(token.pk)
        except Exception as error:  # noqa: BLE001 - raised below, once everybody else was told
            failed.append(error)
    if failed:
        raise ExceptionGroup("Notices could not be given", failed)
    return len(given)


def _due(now: datetime) -> Iterator[tuple[AccessToken, User, int]]:
    """Return who was not told of the nearest step that their token has come to."""
    soon = AccessToken.objects.active().filter(
        expires_at__lte=now + timedelta(days=max(DAYS)), successor=None
    )
    for token in soon.select_related("user", "created_by").prefetch_related("expiry_notices"):
        days = _step(token, now)
        told = {notice.person_id for notice in token.expiry_notices.all() if notice.days == days}
        if days and None not in told:
            yield from ((token, who, days) for who in _people(token) if who.pk not in told)


def _step(token: AccessToken, now: datetime) -> int | None:
    """Return the nearest step; none for one that the token was made within."""
    life = token.expires_at - token.created_at
    come = [
        days
        for days in DAYS
        if token.expires_at - now <= timedelta(days=days) and life > timedelta(days=days)
    ]
    return min(come, default=None)


def _give(token: AccessToken, person: User, days: int) -> bool:
    try:
        with transaction.atomic():
            notice = ExpiryNotice.objects.create(access_token=token, person=person, days=days)
    except IntegrityError:
        # Another run gives it.
        return False
    try:
        _mail(token, person, days)
    except (OSError, smtplib.SMTPException):
        logger.warning("A notice about token %s could not be sent.", token.pk, exc_info=True)
        notice.delete()
        return False
    except Exception:
        notice.delete()
        raise
    return True


def _people(token: AccessToken) -> Iterable[User]:
    """Return who is told: the person and the maker, each once, if they can be reached."""
    told = {person.pk: person for person in (token.user, token.created_by) if person}
    return [person for person in told.values() if person.is_active and person.email]


def _mail(token: AccessToken, person: User, days: int) -> None:
    zone = zone_of(person.time_zone, value("default_time_zone"))
    language = person.language or value("default_language")
    with translation.override(language), timezone.override(zone):
        subject = ngettext(
            "The AccessToken “%(name)s” ends within %(days)d day",
            "The AccessToken “%(name)s” ends within %(days)d days",
            days,
        ) % {"name": " ".join(token.name.split()), "days": days}
        sender = formataddr((value("site_name"), settings.DEFAULT_FROM_EMAIL))
        send_mail(subject, _text(token, person), sender, [person.email])


def _text(token: AccessToken, person: User) -> str:
    moment = date_format(timezone.localtime(token.expires_at), "DATETIME_FORMAT")
    lines = [
        _("The AccessToken “%(name)s” of %(person)s, which ends in …%(hint)s, is good until "
          "%(moment)s (%(zone)s).")
        % {
            "name": " ".join(token.name.split()),
            "person": token.user,
            "hint": token.hint,
            "moment": moment,
            "zone": timezone.get_current_timezone_name(),
        },
        _("What carries it stops working then. Rotate it before, and put the new token in its "
          "place."),
    ]  # fmt: skip
    if not person.is_administrator:
        lines.append(_("Ask an administrator to rotate it."))
    elif settings.PUBLIC_URL:
        page = reverse("admin:tokens_accesstoken_change", args=[token.pk])
        lines.append(f"{settings.PUBLIC_URL}{page}")
    return "\n\n".join(lines) + "\n"
