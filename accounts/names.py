"""What people sign in with, and where mail reaches them: every address that there can be."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils.translation import gettext_lazy as _
from email_validator import EmailNotValidError
from email_validator import validate_email as validate_any_address

from records.text import kept

# RFC 5321: a path of 256 octets, without its angle brackets.
LONGEST_ADDRESS = 254
_PLAIN = re.compile(r"[\w.@+-]+")


def is_address(text: str) -> bool:
    """Return whether `text` is a mail address by RFC 5321 and, beyond ASCII, by RFC 6531."""
    try:
        # Names such as `desk@localhost` are addresses, too, though the library knows better.
        validate_email(text)
    except ValidationError:
        return _is_any_address(text)
    return True


def _is_any_address(text: str) -> bool:
    try:
        validate_any_address(
            text,
            check_deliverability=False,
            globally_deliverable=False,
            allow_quoted_local=True,
            allow_domain_literal=True,
        )
    except EmailNotValidError:
        return False
    return True


def validate_address(text: str) -> None:
    if not is_address(text):
        raise ValidationError(_("Write an e-mail address, such as name@example.com."), "invalid")


def validate_username(name: str) -> None:
    if not _PLAIN.fullmatch(name) and not is_address(name):
        raise ValidationError(
            _("Write an e-mail address, or a name of letters, digits and @ . + - _ only."),
            code="invalid",
        )


class AddressField(models.EmailField):
    default_validators = [validate_address]

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return kept(value).strip() if isinstance(value, str) else value

    def formfield(self, *args: Any, **options: Any) -> Any:
        # Browsers refuse `jörg@…` in a field of the type “email”, which the admin asks for.
        attrs = {"inputmode": "email", "spellcheck": "false", "class": "vTextField"}
        own = {"form_class": forms.CharField, "widget": forms.TextInput(attrs=attrs)}
        return models.CharField.formfield(self, *args, **{**options, **own})
