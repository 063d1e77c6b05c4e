"""Fill the columns of what is compared and searched."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from records.fields import fill_compared
from records.text import compared


def fill(apps: Any, schema_editor: Any) -> None:
    fill_compared(apps.get_model("tickets", "Ticket"))
    tags = apps.get_model("tickets", "TicketTag").objects.all()
    for name in tags.order_by().values_list("name", flat=True).distinct():
        if (form := compared(name)) != name:
            rows = tags.filter(name=name)
            # Two spellings on one ticket are one tag.
            rows.filter(ticket_id__in=tags.filter(name=form).values("ticket_id")).delete()
            rows.update(name=form)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0002_compared_columns")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
