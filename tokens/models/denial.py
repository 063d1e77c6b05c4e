"""Denials: those rows of the audit that say why a token was refused."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tokens.models.event import TokenEvent


class Denial(TokenEvent):
    """A row of the audit, as the page "Why refused?" lists it."""

    class Meta:
        proxy = True
        verbose_name = _("denial")
        verbose_name_plural = _("why refused?")
