"""The history of chats. A conversation that belongs to a ticket has the ticket's history."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tickets.models import Event


class ConversationEvent(Event):
    """One change of one chat, written in the transaction of the change."""

    class Verb(models.TextChoices):
        CREATED = "created", _("Created")
        ASSIGNED = "assigned", _("Assigned")
        CLOSED = "closed", _("Closed")
        REOPENED = "reopened", _("Reopened")

    conversation = models.ForeignKey(
        "messaging.Conversation",
        on_delete=models.PROTECT,
        related_name="events",
        db_index=False,
        verbose_name=_("conversation"),
    )
    verb = models.CharField(_("what"), max_length=16, choices=Verb.choices)

    class Meta(Event.Meta):
        verbose_name = _("conversation event")
        verbose_name_plural = _("conversation events")
        indexes = [
            models.Index(fields=["conversation", "id"], name="conversation_event_history"),
            models.Index(fields=["verb", "at"], name="conversation_event_figures"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}: {self.verb}"
