"""Fill the columns of what is compared and searched."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from records.fields import fill_compared


def fill(apps: Any, schema_editor: Any) -> None:
    fill_compared(apps.get_model("accounts", "User"))
    fill_compared(apps.get_model("accounts", "Workgroup"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_compared_columns")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
