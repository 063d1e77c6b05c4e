"""Rows whose `content` people write in Markdown: its HTML and preview are kept beside it.

They are made when the content is written, so that no list renders anything. A row that an older
version of records/markup.py rendered is rendered again when somebody reads it, or by `catch_up`.
Lists are read with `read_page`: what they hold is bounded in bytes, too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import Case, F, When
from django.utils.safestring import SafeString, mark_safe

from records.markup import PREVIEW_LENGTH, VERSION, render

# What the texts of one answer may hold in JSON. One row is shown however large it is: its content
# is 50,000 characters at most, and its HTML 250,000.
MOST_BYTES = 1_000_000
# As many rows of an older version are rendered for one answer.
MOST_RENDERED = 20
UNKNOWN_SIZE = MOST_BYTES // MOST_RENDERED

LARGE = ("content", "html")
COLUMNS = ("html", "preview", "html_version", "size")

PORTION = 100
LONGEST_RUN = 5.0


class RenderedContent(models.Model):
    html = models.TextField(default="", blank=True, editable=False)
    preview = models.CharField(max_length=PREVIEW_LENGTH, default="", blank=True, editable=False)
    # 0: not rendered yet.
    html_version = models.PositiveSmallIntegerField(default=0, editable=False)
    # Bytes of content and HTML in an answer.
    size = models.PositiveIntegerField(default=UNKNOWN_SIZE, editable=False)

    if TYPE_CHECKING:
        content: str
        version: int

    class Meta:
        abstract = True

    @property
    def readable_content(self) -> str:
        """Return the words, or none where nobody may read them any more."""
        return self.content

    def render(self) -> None:
        """Make HTML and preview of the content; `COLUMNS` are to be saved with it."""
        self.html, self.preview = render(self.readable_content)
        self.html_version = VERSION
        self.size = _bytes_in_json(self.content) + _bytes_in_json(self.html)

    @property
    def safe_html(self) -> SafeString:
        """Return the HTML, as this version makes it."""
        if self.html_version < VERSION:
            self.render_again()
        return mark_safe(self.html)  # noqa: S308 (nh3 made it clean)

    @property
    def words(self) -> str:
        """Return the preview; that of an older version is as good, and plain text, too."""
        if self.html_version == 0:
            self.render_again()
        return self.preview

    def render_again(self) -> None:
        """Render a row of an older version, and keep that unless somebody changed it meanwhile."""
        self.render()
        as_read = {"pk": self.pk, "version": self.version, "html_version__lt": VERSION}
        made = {name: getattr(self, name) for name in COLUMNS}
        type(self)._base_manager.filter(**as_read).update(**made)


Row = TypeVar("Row", bound=RenderedContent)


def _bytes_in_json(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode(errors="surrogatepass"))


# --- Pages --------------------------------------------------------------------------------------


def read_page(
    rows: models.QuerySet[Row], most: int, columns: Collection[str] = LARGE
) -> tuple[list[Row], bool]:
    """Return the first rows, `most` or as many as an answer holds, and whether it left some out.

    `columns` are the large ones that will be shown; the others are not read. Short texts come with
    their rows; the long ones by a second query, once it is known which rows there is room for.
    """
    share = MOST_BYTES // most
    short = {f"short_{name}": Case(When(size__lte=share, then=F(name))) for name in columns}
    found = list(rows.defer(*LARGE).annotate(**short)[:most])
    page = found
    if columns:
        sizes = (
            weight(row.size, row.html_version) if "html" in columns else row.size for row in found
        )
        page = found[: affordable(sizes)]
    for row in page:
        for name in columns:
            text = row.__dict__.pop(f"short_{name}")
            if text is not None:
                row.__dict__[name] = text
    _add_long(page, columns)
    return page, len(page) < len(found)


def weight(size: int, version: int) -> int:
    """Return what showing the HTML costs, in bytes; rendering it first counts as many."""
    return size if version >= VERSION else max(size, UNKNOWN_SIZE)


def affordable(sizes: Iterable[int]) -> int:
    """Return how many of the first texts fit into one answer, one at least."""
    total = count = 0
    for count, size in enumerate(sizes, start=1):
        total += size
        if total > MOST_BYTES and count > 1:
            return count - 1
    return count


def _add_long(page: Sequence[Row], columns: Collection[str]) -> None:
    long = {row.pk: row for row in page if not row.__dict__.keys() >= set(columns)}
    if not long:
        return
    for row in long.values():
        # For one that was erased since.
        row.__dict__.update(dict.fromkeys(columns, ""))
    texts = type(page[0])._base_manager.filter(pk__in=long).values_list("pk", *columns)
    for pk, *values in texts:
        long[pk].__dict__.update(zip(columns, values, strict=True))


# --- Catching up --------------------------------------------------------------------------------


def catch_up() -> int:
    """Render some of what an older version rendered; return how many."""
    end, done = time.monotonic() + LONGEST_RUN, 0
    for row in outdated():
        row.render_again()
        done += 1
        if time.monotonic() > end:
            break
    return done


def outdated() -> Iterator[Any]:
    """Yield the rows of an older version, to be rendered before the next one is asked for."""
    for model in apps.get_models():
        if issubclass(model, RenderedContent):
            # Along its index: without statistics SQLite would look through the table for another.
            rows = model._default_manager.filter(html_version__lt=VERSION).order_by("-html_version")
            while portion := read_page(rows, PORTION, ["content"])[0]:
                yield from portion
