"""Conversations, what is said in them, and who has read how far."""

from __future__ import annotations

from messaging.models.conversation import Conversation, ConversationQuerySet
from messaging.models.event import ConversationEvent
from messaging.models.message import Message, MessageQuerySet
from messaging.models.participant import Participant

__all__ = [
    "Conversation",
    "ConversationEvent",
    "ConversationQuerySet",
    "Message",
    "MessageQuerySet",
    "Participant",
]
