"""Columns for names as they are compared. Names that fall together stop it before it begins."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.db import migrations

import accounts.names
import records.fields
import records.text
from accounts.doubles import all_doubles


def refuse_doubles(apps: Any, schema_editor: Any) -> None:
    if any(all_doubles(apps).values()):
        raise CommandError(
            "Some usernames or names of workgroups are one name since case and ways of writing no "
            "longer tell them apart: `python manage.py check_doubles` lists them and renames them; "
            "then migrate again."
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunPython(refuse_doubles, migrations.RunPython.noop),
        migrations.AddField(
            model_name="user",
            name="email_compared",
            field=records.fields.ComparedField(
                default="", editable=False, max_length=254, of=("email",)
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="searched",
            field=records.fields.SearchedField(
                default="", editable=False, of=("display_name", "username", "email", "external_id")
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="username_compared",
            field=records.fields.ComparedField(
                default="", editable=False, max_length=254, of=("username",)
            ),
        ),
        migrations.AddField(
            model_name="workgroup",
            name="name_compared",
            field=records.fields.ComparedField(
                default="", editable=False, max_length=240, of=("name",)
            ),
        ),
        migrations.AddField(
            model_name="workgroup",
            name="searched",
            field=records.fields.SearchedField(
                default="", editable=False, of=("name", "description")
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="display_name",
            field=records.fields.NameField(
                blank=True,
                help_text="The name that others see.",
                max_length=120,
                verbose_name="name",
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="email",
            field=accounts.names.AddressField(
                blank=True,
                max_length=254,
                validators=[records.text.NameValidator(254)],
                verbose_name="e-mail address",
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="username",
            field=records.fields.NameField(
                error_messages={"unique": "Somebody has this username already."},
                help_text="What the person signs in with. It may be an e-mail address.",
                max_length=254,
                unique=True,
                validators=[records.text.NameValidator(254), accounts.names.validate_username],
                verbose_name="username",
            ),
        ),
        migrations.AlterField(
            model_name="workgroup",
            name="description",
            field=records.fields.KeptTextField(
                blank=True, max_length=2000, verbose_name="description"
            ),
        ),
        migrations.AlterField(
            model_name="workgroup",
            name="name",
            field=records.fields.NameField(
                max_length=120, validators=[records.text.NameValidator(240)], verbose_name="name"
            ),
        ),
    ]
