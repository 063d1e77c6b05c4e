from __future__ import annotations

from django.conf import settings
from django.db import models

from tickets.models import Ticket


class LeanTicket(models.Model):
    """A ticket with the least that one can have."""

    title = models.CharField(max_length=200)
    content = models.TextField()
    status = models.CharField(
        max_length=16, choices=Ticket.Status.choices, default=Ticket.Status.NEW
    )
    priority = models.CharField(
        max_length=16, choices=Ticket.Priority.choices, default=Ticket.Priority.MEDIUM
    )
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        # Its table is made for one run, by prepare.py.
        managed = False
        db_table = "plain_leanticket"

    def __str__(self) -> str:
        return self.title
