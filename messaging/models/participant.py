"""How far each person has read, and by which numbers they count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from accounts.models import User


def seq_column(user: User | AnonymousUser) -> str:
    """Return the numbering that `user` is shown; notes leave no holes in the public one."""
    return "seq" if user.is_authenticated and user.is_team_member else "public_seq"


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
