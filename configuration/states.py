"""Settings as they stand: declaration and stored value in one, for the API and the admin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from configuration.declared import SETTINGS, Setting, find
from configuration.kinds import Choice, Integer, Label
from configuration.models import ConfigurationValue
from configuration.values import from_stored


@dataclass(frozen=True)
class SettingState:
    """One setting with its present value. `version` is 0 as long as nobody ever wrote it."""

    setting: Setting
    value: Any
    version: int
    updated_at: datetime | None

    @property
    def key(self) -> str:
        return self.setting.key

    @property
    def default(self) -> Any:
        return self.setting.default

    @property
    def is_default(self) -> bool:
        return self.value == self.setting.default

    @property
    def type(self) -> str:
        return self.setting.kind.name

    @property
    def group(self) -> str:
        return self.setting.group.value

    @property
    def label(self) -> Label:
        return self.setting.label

    @property
    def help(self) -> Label:
        return self.setting.help

    @property
    def security(self) -> bool:
        return self.setting.security

    @property
    def choices(self) -> list[dict[str, Label]] | None:
        kind = self.setting.kind
        if not isinstance(kind, Choice):
            return None
        return [{"value": word, "label": label} for word, label in kind.options()]

    @property
    def minimum(self) -> int | None:
        kind = self.setting.kind
        return kind.minimum if isinstance(kind, Integer) else None

    @property
    def maximum(self) -> int | None:
        kind = self.setting.kind
        return kind.maximum if isinstance(kind, Integer) else None

    @property
    def unit(self) -> Label | None:
        kind = self.setting.kind
        return kind.unit if isinstance(kind, Integer) else None


def setting_states() -> list[SettingState]:
    """Return all settings in the order of their declaration, by one query."""
    rows = ConfigurationValue.objects.in_bulk()
    values = from_stored({key: row.value for key, row in rows.items()})
    return [_state(setting, values[key], rows.get(key)) for key, setting in SETTINGS.items()]


def setting_state(key: str) -> SettingState:
    """Return one setting as it stands, or raise UnknownSetting."""
    setting = find(key)
    row = ConfigurationValue.objects.filter(key=key).first()
    values = from_stored({key: row.value} if row else {})
    return _state(setting, values[key], row)


def _state(setting: Setting, value: Any, row: ConfigurationValue | None) -> SettingState:
    version, updated_at = (row.version, row.updated_at) if row else (0, None)
    return SettingState(setting, value, version, updated_at)
