"""The stored values of the settings, and the history of their changes."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from configuration.declared import find
from records.histories import History

# What a change writes to give a setting its default back; stored as SQL NULL.
DEFAULT = None


class ConfigurationValue(models.Model):
    """What was chosen for one setting; without a row, or with a NULL value, the default holds.

    The row outlives a reset, so that its version never repeats.
    """

    key = models.CharField(_("setting"), max_length=60, primary_key=True)
    value = models.JSONField(_("value"), null=True, default=None)
    version = models.PositiveIntegerField(_("version"), default=0)
    updated_at = models.DateTimeField(_("updated"), null=True)

    class Meta:
        default_permissions = ("view", "change")
        verbose_name = _("setting")
        verbose_name_plural = _("system configuration")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key

    def take(self, value: Any, *, by: Actor) -> bool:
        """Write a good value, or DEFAULT, with its history; return whether it is another one."""
        default = find(self.key).default
        old = default if self.value is None else self.value
        new = default if value is DEFAULT else value
        if new == old and type(new) is type(old) and (value is not DEFAULT or self.value is None):
            return False
        self.value, self.version, self.updated_at = value, self.version + 1, timezone.now()
        self.save(update_fields=["value", "version", "updated_at"])
        ConfigurationEvent.objects.create(key=self.key, old=old, new=new, **by.as_columns())
        return True


class ConfigurationEvent(History):
    """One change of one setting, written in the transaction of the change.

    The actor and the token are plain numbers: history outlives what it tells of.
    """

    key = models.CharField(_("setting"), max_length=60)
    old = models.JSONField(_("before"), null=True)
    new = models.JSONField(_("after"), null=True)
    actor_id = models.BigIntegerField(_("who"), null=True)
    token_id = models.BigIntegerField(_("through the token"), null=True)
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        default_permissions = ("view",)
        verbose_name = _("change of a setting")
        verbose_name_plural = _("changes of settings")
        ordering = ["-id"]
        indexes = [models.Index(fields=["key", "-id"], name="configuration_event_key")]

    def __str__(self) -> str:
        return self.key
