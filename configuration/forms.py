"""The one form of all settings, for the admin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.time_zones import time_zones
from configuration.declared import Group
from configuration.kinds import Boolean, Choice, Integer, Label, Listing, Text, TimeZone
from configuration.models import DEFAULT
from configuration.states import SettingState, setting_state
from configuration.values import assign
from records.admin.domain import ListedField
from records.errors import Stale


def field_for(state: SettingState) -> forms.Field:
    """Return the form field that fits the type of a setting."""
    options: dict[str, Any] = {
        "label": state.label,
        "help_text": state.help,
        "initial": state.value,
        # What the person saw is sent along, so that only what they changed is written.
        "show_hidden_initial": True,
    }
    match state.setting.kind:
        case Boolean():
            return forms.BooleanField(required=False, **options)
        case Integer(minimum=minimum, maximum=maximum):
            return forms.IntegerField(min_value=minimum, max_value=maximum, **options)
        case Choice() as kind:
            return forms.ChoiceField(choices=list(kind.options()), **options)
        case TimeZone():
            names = sorted(time_zones())
            return forms.ChoiceField(choices=[(name, name) for name in names], **options)
        case Listing():
            return ListedField(required=False, **options)
        case Text(longest=longest):
            return forms.CharField(max_length=longest, **options)
    raise TypeError(f"No form field is known for {state.type}.")


@dataclass(frozen=True)
class Row:
    """One setting on the page: its input, the version that was seen, and the reset box."""

    state: SettingState
    field: BoundField
    version: BoundField
    reset: BoundField | None
    default: str


class SettingsForm(forms.Form):
    """All settings at once; writes those that the person changed, or none.

    `locked` is the reason why nothing can be changed, `security_locked` why no security setting.
    """

    def __init__(
        self,
        states: list[SettingState],
        data: QueryDict | None = None,
        *,
        locked: bool = False,
        security_locked: bool = False,
    ) -> None:
        super().__init__(data)
        self.states = states
        for one in states:
            field = field_for(one)
            field.disabled = locked or (security_locked and one.security)
            self.fields[one.key] = field
            self.fields[_version_of(one.key)] = forms.IntegerField(
                initial=one.version, widget=forms.HiddenInput, required=False
            )
            if not field.disabled and not one.is_default:
                self.fields[_reset_of(one.key)] = forms.BooleanField(
                    label=_("Back to the default"), required=False
                )

    def clean(self) -> dict[str, Any]:
        settings = {one.key: one.setting for one in self.states}
        for key, value in self._typed().items():
            try:
                settings[key].clean(value)
            except ValidationError as error:
                self.add_error(key, error)
        return self.cleaned_data

    def save(self, *, by: Actor) -> list[str] | None:
        """Write what was changed and return those keys; None where it was refused."""
        changes = self._typed() | dict.fromkeys(self._resets(), DEFAULT)
        versions = {key: self.cleaned_data.get(_version_of(key)) or 0 for key in changes}
        try:
            return assign(changes, by=by, expected_versions=versions)
        except ValidationError as error:
            self.add_error(None, error)
        except Stale:
            for key, version in versions.items():
                if setting_state(key).version != version:
                    self._show_other(setting_state(key))
        return None

    def groups(self) -> Iterator[tuple[Label, list[Row]]]:
        """Return the groups with their settings, in the order of declaration."""
        for group in Group:
            rows = [self._row(one) for one in self.states if one.group == group.value]
            if rows:
                yield group.label, rows

    def _row(self, one: SettingState) -> Row:
        reset = _reset_of(one.key)
        return Row(
            state=one,
            field=self[one.key],
            version=self[_version_of(one.key)],
            reset=self[reset] if reset in self.fields else None,
            default=_in_words(one, one.default),
        )

    def _typed(self) -> dict[str, Any]:
        """Return the values that the person changed and that are good so far."""
        resets = self._resets()
        return {
            one.key: self.cleaned_data[one.key]
            for one in self.states
            if one.key in self.changed_data and one.key in self.cleaned_data
            if one.key not in resets
        }

    def _resets(self) -> set[str]:
        return {one.key for one in self.states if self.cleaned_data.get(_reset_of(one.key))}

    def _show_other(self, current: SettingState) -> None:
        """Show what somebody else wrote meanwhile; saving again writes over it."""
        message = gettext(
            "Somebody changed this to “%(value)s” since you opened the page. "
            "Save again to write yours over it."
        )
        self.add_error(current.key, message % {"value": _in_words(current, current.value)})
        data = cast(QueryDict, self.data).copy()
        data[_version_of(current.key)] = str(current.version)
        shown = self.fields[current.key].prepare_value(current.value)
        data[self.add_initial_prefix(current.key)] = str(shown)
        self.data = data


def _version_of(key: str) -> str:
    return f"version-{key}"


def _reset_of(key: str) -> str:
    return f"reset-{key}"


def _in_words(one: SettingState, value: Any) -> str:
    """Return a value as people read it."""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, list):
        return ", ".join(value)
    labels = {choice["value"]: choice["label"] for choice in one.choices or ()}
    return str(labels.get(value, value))
