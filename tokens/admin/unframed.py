"""Pages about tokens are framed by nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from records.admin.lists import NarrowLists
from tokens.embedding.frames import in_frame
from tokens.embedding.policies import NOBODY, framed_by
from tokens.request import token_request


class UnframedAdmin(NarrowLists):
    """Pages that no frame may show: what they give away is worth a hidden click."""

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._alone(request, super().changelist_view, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._alone(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._alone(request, super().delete_view, *args, **kwargs)

    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return self._alone(request, super().history_view, *args, **kwargs)

    def _alone(
        self, request: HttpRequest, view: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> Any:
        if in_frame(token_request(request)):
            # The browser would show an empty box; this says where the page is.
            return self.render(request, "admin/tokens/in_frame.html", title=_("Not inside a frame"))
        return framed_by(view(request, *args, **kwargs), NOBODY)
