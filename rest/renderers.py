"""JSON by orjson, and by REST framework's own encoder where orjson cannot write a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder

_as_text = JSONEncoder().default
# Moments as REST framework writes them.
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME


class FastJSONRenderer(JSONRenderer):
    """The same JSON values as the stock renderer, several times as fast."""

    # Half a pair of surrogates has no other form.
    ensure_ascii = True

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        if data is None:
            return b""
        try:
            return orjson.dumps(data, _as_text, _OPTIONS)
        except orjson.JSONEncodeError:
            # Half a pair of surrogates, a number of more than 64 bits, a key that is no text.
            return super().render(data, accepted_media_type, renderer_context)
