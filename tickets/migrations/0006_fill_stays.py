"""Tell of each move how long the old status had lasted, as every new one does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import migrations
from django.db.models import Case, F, OuterRef, Subquery, When

from records.triggers import unguard

UNRESOLVED = ("new", "open", "pending", "on_hold")
STAYS = [(number, timedelta(days=4**number)) for number in range(11)]


def fill(apps: Any, schema_editor: Any) -> None:
    event = apps.get_model("tickets", "TicketEvent")
    # It comes back after `migrate`.
    unguard(event, schema_editor.connection)
    moves = event.objects.filter(field="status").exclude(old="")
    earlier = event.objects.filter(field="status", ticket=OuterRef("ticket"), pk__lt=OuterRef("pk"))
    moves.update(since=Subquery(earlier.order_by("-pk").values("at")[:1]))
    stay = Case(*(When(at__lt=F("since") + limit, then=number) for number, limit in STAYS))
    moves.filter(old__in=UNRESOLVED).update(stay=stay)


class Migration(migrations.Migration):
    dependencies = [("tickets", "0005_stays")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
