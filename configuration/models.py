"""The stored values of the settings, and the history of their changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from configuration.registry import check_together, find
from configuration.values import note_write, read_table
from records.errors import Stale
from records.histories import History

# What a change writes to give a setting its default back; stored as SQL NULL.
DEFAULT = None


class SecuritySetting(PermissionDenied):
    """A token tried to write a setting that only password sessions may write."""

    code = "security-setting"

    def __init__(self) -> None:
        super().__init__(
            gettext(
                "This setting concerns security, so no token can write it. Change it in the "
                "admin, signed in by password."
            )
        )


class ConfigurationValueManager(models.Manager["ConfigurationValue"]):
    def assign(
        self,
        changes: Mapping[str, Any],
        *,
        actor_id: int | None,
        token_id: int | None,
        expected_versions: Mapping[str, int] | None = None,
    ) -> list[str]:
        """Write all `changes` by key, or none; return the keys whose value became another.

        Raises UnknownSetting, ValidationError (by key), SecuritySetting and Stale.
        """
        if token_id is not None and any(find(key).security for key in changes):
            raise SecuritySetting
        cleaned = _cleaned(changes)
        with transaction.atomic():
            changed = [
                key
                # One order for all writers, so that two of them cannot lock each other out.
                for key in sorted(cleaned)
                if self._assign_one(
                    key, cleaned[key], actor_id, token_id, (expected_versions or {}).get(key)
                )
            ]
            if changed:
                note_write()
                check_together(read_table())
        return changed

    def _assign_one(
        self,
        key: str,
        value: Any,
        actor_id: int | None,
        token_id: int | None,
        expected_version: int | None,
    ) -> bool:
        row, _made = self.select_for_update().get_or_create(key=key)
        if expected_version is not None and expected_version != row.version:
            raise Stale(gettext("Somebody changed this setting since you read it."))
        default = find(key).default
        old = default if row.value is None else row.value
        new = default if value is DEFAULT else value
        if new == old and type(new) is type(old) and (value is not DEFAULT or row.value is None):
            return False
        row.value, row.version, row.updated_at = value, row.version + 1, timezone.now()
        row.save(update_fields=["value", "version", "updated_at"])
        ConfigurationEvent.objects.create(
            key=key, old=old, new=new, actor_id=actor_id, token_id=token_id
        )
        return True


def _cleaned(changes: Mapping[str, Any]) -> dict[str, Any]:
    cleaned: dict[str, Any] = {}
    errors: dict[str, ValidationError] = {}
    for key, value in changes.items():
        try:
            cleaned[key] = DEFAULT if value is DEFAULT else find(key).clean(value)
        except ValidationError as error:
            errors[key] = error
    if errors:
        raise ValidationError(errors)
    return cleaned


class ConfigurationValue(models.Model):
    """What was chosen for one setting; without a row, or with a NULL value, the default holds.

    The row outlives a reset, so that its version never repeats.
    """

    key = models.CharField(_("setting"), max_length=60, primary_key=True)
    value = models.JSONField(_("value"), null=True, default=None)
    version = models.PositiveIntegerField(_("version"), default=0)
    updated_at = models.DateTimeField(_("updated"), null=True)

    objects = ConfigurationValueManager()

    class Meta:
        default_permissions = ("view", "change")
        verbose_name = _("setting")
        verbose_name_plural = _("system configuration")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


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
