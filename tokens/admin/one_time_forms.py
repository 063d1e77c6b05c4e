"""One form makes one token, however often it is sent."""

from __future__ import annotations

import secrets

from django.http import HttpRequest
from django.utils.translation import gettext as _

from records.errors import Conflict
from tokens.models import Session
from tokens.request import FORM_KEYS
from tokens.sessions.engine import row_key

MOST_OPEN_FORMS = 20


def new_form_key(request: HttpRequest) -> str:
    key = secrets.token_urlsafe(18)
    request.session[FORM_KEYS] = [*request.session.get(FORM_KEYS, []), key][-MOST_OPEN_FORMS:]
    return key


def use_form_key(request: HttpRequest, key: str) -> None:
    """Use up the key of a form; refuse one that made a token already, also at the same moment."""
    # The lock makes two sendings of one form queue; the second finds its key gone.
    rows = Session.objects.select_for_update()
    session = rows.filter(pk=row_key(request.session.session_key)).first()
    keys = session.get_decoded().get(FORM_KEYS, []) if session else []
    if key not in keys:
        raise Conflict(
            _(
                "This form was sent already: its token was made and shown once. Look into the "
                "list, and open a new form if you need another token."
            ),
            code="already-issued",
        )
    request.session[FORM_KEYS] = [other for other in keys if other != key]
    request.session.save()
