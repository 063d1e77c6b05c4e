"""How far each person has read."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Participant(models.Model):
    """A person in a conversation.

    `read_seq` counts as the person does: customers by public messages, the team by all. So
    unread is a subtraction, and no messages need to be counted.
    """

    conversation = models.ForeignKey(
        "messaging.Conversation",
        on_delete=models.CASCADE,
        related_name="participants",
        db_index=False,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="participations"
    )
    read_seq = models.PositiveBigIntegerField(_("read up to"), default=0)
    muted = models.BooleanField(_("muted"), default=False)
    following = models.BooleanField(_("following"), default=False)

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.UniqueConstraint(fields=["conversation", "user"], name="participant_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.conversation_id}"
