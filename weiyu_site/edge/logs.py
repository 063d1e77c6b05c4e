"""Write what goes wrong without any token, each log record as one line that none can forge."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter
from redis.exceptions import RedisError

from records.outages import in_one_line, is_outage
from weiyu_site.edge import redaction, request_ids

LONGEST_VALUE = 300
LONGEST_TRACEBACK = 16_000

# C0, DEL, C1, line and paragraph separators, bidirectional overrides, lone surrogates.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def safe(text: str) -> str:
    """Return `text` on one line: tokens masked, control characters escaped."""
    return _UNPRINTABLE.sub(_escaped, redaction.mask(text))


class MaskingReporter(ExceptionReporter):
    """Mask tokens in finished debug pages and error mails: in forms, variables and settings."""

    def get_traceback_html(self) -> SafeString:
        # Masking takes away and adds no markup.
        return SafeString(redaction.mask(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(redaction.mask(super().get_traceback_text()))


class OnceAMinute(logging.Filter):
    """Let each message of a logger through once a minute, whatever stands in it."""

    def __init__(self) -> None:
        super().__init__()
        self._logged_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        before, now = self._logged_at.get(str(record.msg)), time.monotonic()
        if before is not None and now - before < 60:
            return False
        self._logged_at[str(record.msg)] = now
        return True


class CallersFault(logging.Filter):
    """Make a warning without a traceback of what a caller did wrong, or may not do."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, SuspiciousOperation | PermissionDenied):
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class LineFormatter(logging.Formatter):
    """Format as `time level [request id] logger: message`, tracebacks included in the line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = (
            f"{moment}.{int(record.msecs):03d}Z {record.levelname}"
            f" [{request_ids.current.get() or '-'}] {record.name}: {safe(self._message(record))}"
        )
        if trace := self._trace(record):
            line += f" | {safe(cut_middle(redaction.mask(trace)))}"
        return line

    def _message(self, record: logging.LogRecord) -> str:
        """Fill in the arguments, each masked and then cut."""
        if not record.args:
            return str(record.msg)
        args: Any = record.args
        if isinstance(args, dict):
            args = {name: _short(value) for name, value in args.items()}
        else:
            args = tuple(_short(value) for value in args)
        try:
            return str(record.msg) % args
        except (TypeError, ValueError):
            # A `%d` was given something whose short form is text.
            return record.getMessage()

    def _trace(self, record: logging.LogRecord) -> str:
        parts = []
        if record.exc_info:
            error = record.exc_info[1]
            # Met at each call, and never where the code is wrong.
            if error and (isinstance(error, RedisError) or is_outage(error)):
                return in_one_line(error)
            parts.append(self.formatException(record.exc_info))
        if record.stack_info:
            parts.append(self.formatStack(record.stack_info))
        return "\n".join(parts)


def cut_middle(text: str) -> str:
    """Shorten a traceback from its middle: its start and its end say the most."""
    if len(text) <= LONGEST_TRACEBACK:
        return text
    half = LONGEST_TRACEBACK // 2
    return f"{text[:half]}\n…\n{text[-half:]}"


def _short(value: object) -> object:
    """Return numbers as they are, all else as text masked before it is cut."""
    if value is None or isinstance(value, int | float):
        return value
    text = redaction.mask(str(value))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if found[0] == "\n":
        return r"\n"
    return rf"\x{code:02x}" if code < 0x100 else rf"\u{code:04x}"
