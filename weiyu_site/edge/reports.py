"""Error mails and debug pages without tokens."""

from __future__ import annotations

from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter

from weiyu_site.edge.redaction import mask


class MaskingReporter(ExceptionReporter):
    """Mask tokens in the finished report, wherever they stood: forms, variables, settings."""

    def get_traceback_html(self) -> SafeString:
        # Masking takes away and adds no markup.
        return SafeString(mask(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(mask(super().get_traceback_text()))
