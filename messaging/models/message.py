"""Messages: numbered without gaps, never deleted, only recalled."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.validators import (
    MaxLengthValidator,
    MinLengthValidator,
    ProhibitNullCharactersValidator,
)
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.models import User
from accounts.models.querysets import name_of
from configuration.values import value
from messaging.events import announce, message_changed
from messaging.models.conversation import Conversation
from messaging.models.participant import seq_column
from records.errors import Conflict, check_version, invalid_field
from records.fields import KeptTextField, SearchedField, with_compared
from records.rendered import COLUMNS, RenderedContent
from records.text import compared, is_visible, kept

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

LONGEST_CONTENT = 50_000


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """Return the messages of conversations that `user` sees; notes only to the team."""
        if user.is_authenticated and user.is_administrator:
            # Nearly all conversations: an anti-join is cheaper than a list of them.
            return self.filter(conversation__ticket__deleted_at=None)
        conversations = Conversation.objects.visible_to(user)
        return self.as_seen_by(user).filter(conversation__in=conversations)

    def as_seen_by(self, user: User | AnonymousUser) -> Self:
        """Return what `user` may read of conversations that they are known to see."""
        if not user.is_authenticated:
            return self.none()
        return self if user.is_team_member else self.filter(internal=False)

    def matching(self, text: str) -> Self:
        """Return those that have `text`; full text search will stand here."""
        return self.filter(searched__contains=compared(text), recalled_at=None)

    def write(self, **columns: Any) -> Message:
        """Add a message after a look at its content; nobody as its author is the system."""
        message = self.model(**columns)
        if message.author is None:
            message.kind = Message.Kind.SYSTEM
        message.check_content()
        message.render()
        message.save(force_insert=True)
        return message

    def with_names(self) -> Self:
        """Add `author_name` and `ticket`, which lists show, by the same query."""
        return self.annotate(author_name=name_of("author"), ticket=F("conversation__ticket_id"))

    def after(self, seq: int, user: User | AnonymousUser) -> Self:
        """Return what stands after number `seq`, as `user` counts."""
        return self.filter(**{f"{seq_column(user)}__gt": seq})

    def before(self, seq: int, user: User | AnonymousUser) -> Self:
        return self.filter(**{f"{seq_column(user)}__lt": seq})


_EveryColumn = models.Manager.from_queryset(MessageQuerySet)


class MessageManager(_EveryColumn):
    """Leave out what only a search looks through: it is as long as the text itself."""

    def get_queryset(self) -> Any:
        return super().get_queryset().defer("searched")


class Message(RenderedContent):
    class Kind(models.TextChoices):
        TEXT = "text", _("Text")
        IMAGE = "image", _("Image")
        FILE = "file", _("File")
        SYSTEM = "system", _("System")

    conversation = models.ForeignKey(
        Conversation,
        on_delete=models.PROTECT,
        related_name="messages",
        db_index=False,
        verbose_name=_("conversation"),
    )
    seq = models.PositiveBigIntegerField(_("number"))
    public_seq = models.PositiveBigIntegerField(_("public number"), null=True, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        db_index=False,
        verbose_name=_("author"),
        help_text=_("Nobody: the system itself."),
    )
    token_id = models.BigIntegerField(_("token"), null=True, blank=True)
    # As it was when it was written: roles change, figures must not.
    from_team = models.BooleanField(_("from the team"), default=False)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.TEXT)
    internal = models.BooleanField(_("internal note"), default=False)
    content = KeptTextField(
        _("content"),
        validators=[
            MinLengthValidator(1),
            MaxLengthValidator(LONGEST_CONTENT),
            ProhibitNullCharactersValidator(),
        ],
        help_text=_("Markdown."),
    )
    searched = SearchedField(of=["content"])
    client_id = models.CharField(
        _("client id"),
        max_length=64,
        blank=True,
        help_text=_("Chosen by the sender; sending it again makes no second message."),
    )
    created_at = models.DateTimeField(_("written"), default=timezone.now, editable=False)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True, editable=False)
    recalled_at = models.DateTimeField(_("recalled"), null=True, blank=True, editable=False)
    recalled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        editable=False,
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = MessageManager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["id"]
        indexes = [
            # Figures are worked out from it alone.
            models.Index(
                fields=["created_at", "conversation", "internal", "from_team"],
                name="message_figures",
                condition=Q(author__isnull=False),
            ),
            models.Index(fields=["html_version"], name="message_html_version"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["conversation", "seq"], name="message_seq_once"),
            models.UniqueConstraint(
                fields=["conversation", "public_seq"], name="message_public_seq_once"
            ),
            models.UniqueConstraint(
                fields=["conversation", "author", "client_id"],
                name="message_client_id_once",
                condition=~Q(client_id="") & Q(author__isnull=False),
            ),
            models.CheckConstraint(
                name="message_note_is_not_public",
                condition=Q(internal=True, public_seq=None)
                | Q(internal=False, public_seq__isnull=False),
            ),
            models.CheckConstraint(
                name="message_recalled_has_no_html",
                condition=Q(recalled_at=None) | Q(html="", preview=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id}/{self.seq}"

    @property
    def readable_content(self) -> str:
        """Return the words, or none once they are recalled: then nobody reads them any more."""
        return "" if self.recalled_at else self.content

    def check_content(self) -> None:
        """Raise ValidationError for a column that cannot be kept, and where nothing is said."""
        if not is_visible(self.content):
            raise invalid_field("content", gettext("Write something."), "blank")
        self.clean_fields(exclude={"conversation", "author", "recalled_by"})

    def is_editable_by(self, by: Actor) -> bool:
        """Return whether `by` wrote it, and not too long ago."""
        return (
            by.user_id is not None
            and self.author_id == by.user_id
            and self.kind == self.Kind.TEXT
            and self.recalled_at is None
            and timezone.now() < self.created_at + _edit_window()
        )

    @transaction.atomic
    def edit(self, *, by: Actor, content: str, expected_version: int | None = None) -> None:
        """Replace one's own words, within the window of the configuration."""
        self._lock(expected_version)
        # First: to whoever may not see the words, no answer tells whether they were the same.
        if self.author_id != by.user_id:
            raise PermissionDenied(gettext("Only its author can edit a message."))
        content = kept(content)
        if content == self.content:
            return
        if not self.is_editable_by(by):
            raise Conflict(gettext("This message can no longer be edited."), code="not-editable")
        self.content = content
        self.edited_at = timezone.now()
        self.clean_fields(exclude=_all_but_content())
        self.render()
        self._save("content", "edited_at", *COLUMNS)

    @transaction.atomic
    def recall(self, *, by: Actor, expected_version: int | None = None) -> None:
        """Take a message back: its place stays, its words are shown to nobody any more."""
        self._lock(expected_version)
        if self.author_id != by.user_id and not by.is_administrator:
            raise PermissionDenied(gettext("Only its author can recall a message."))
        if self.recalled_at is not None:
            return
        self.recalled_at = timezone.now()
        self.recalled_by_id = by.user_id
        # Of no words: nothing of them is left beside them.
        self.render()
        self._save("recalled_at", "recalled_by", *COLUMNS)

    def _lock(self, expected_version: int | None) -> None:
        self.refresh_from_db(from_queryset=Message.objects.select_for_update(no_key=True))
        message = gettext("Somebody changed this message since you read it.")
        check_version(self, expected_version, message)

    def _save(self, *columns: str) -> None:
        self.version += 1
        self.save(update_fields=with_compared(Message, {*columns, "version"}))
        announce(message_changed, conversation_id=self.conversation_id, message_id=self.pk)


def _edit_window() -> timedelta:
    return timedelta(minutes=value("message_edit_minutes"))


def _all_but_content() -> set[str]:
    return {field.name for field in Message._meta.fields if field.name != "content"}
