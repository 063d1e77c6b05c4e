"""The pages of signing in by link: login, switch of person, one-time codes, password again."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import cast

from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from rest.addresses import is_our_own
from rest.problems import problem
from tokens.embedding.frames import Frame, in_frame, may_be_framed, within
from tokens.embedding.policies import ANYONE, NOBODY, framed_by, holding_secret
from tokens.errors import Refused
from tokens.login.addresses import TARGET_PAGES, safe_next
from tokens.login.entry import Login, verify_login
from tokens.login.guards import may_enter, turn_away
from tokens.login.middleware import open_to_all
from tokens.login.refused_page import hide, refused_page
from tokens.login.sign_in import SeeOther, enter, open_session, pending_login
from tokens.models import LoginCode, Session
from tokens.models.login_code import PREFIX
from tokens.origins.domains import Origin
from tokens.request import CONFIRMED_KEY, PENDING_KEY, TokenRequest, address_of
from tokens.sessions import carried
from tokens.verification.call import SHOWN
from tokens.verification.credentials import one_token, without_blanks
from tokens.verification.rates import failed_too_often


def _refuse(request: HttpRequest, refusal: Refused, *, target: str = "") -> HttpResponse:
    """Say why a credential was refused; whoever fails too often is told to wait."""
    wait = failed_too_often(address_of(request)) if refusal.status == 401 else 0
    if not wait:
        return refused_page(request, refusal, target=target)
    response = refused_page(request, Refused("too-many-failures"), target=target)
    response.headers["Retry-After"] = str(wait)
    return response


@open_to_all
@csrf_exempt  # the credential is in the call itself; a form of another site must work
@sensitive_post_parameters("accessToken")
@sensitive_variables("secret")
def login_by_token(request: TokenRequest, target: str) -> HttpResponse:
    """Sign in by `accessToken` and go on to the page, or say why not."""
    if request.method not in {"GET", "POST"}:
        return hide(HttpResponse(status=405, headers={"Allow": "GET, POST"}))
    if _is_only_looking(request):
        return hide(HttpResponse(status=403))
    if not _opens_a_page(request):
        return _not_a_page(request)
    try:
        secret = one_token(request)
        entry = verify_login(request, secret, target)
    except Refused as refusal:
        return _refuse(request, refusal, target=target)
    if secret.startswith(PREFIX):
        # Mail scanners fetch links, but they run no scripts: looking uses no code up.
        return landing(request, entry, secret)
    if may_be_framed(request):
        return landing(request, entry, entry.code())
    return hide(enter(request, entry))


def _is_only_looking(request: HttpRequest) -> bool:
    """Prefetching browsers and previews must not sign anybody in."""
    purpose = " ".join(
        request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Moz")
    )
    return "prefetch" in purpose.lower() or "prerender" in purpose.lower()


def _opens_a_page(request: HttpRequest) -> bool:
    """Pictures, scripts and calls of other pages must not sign anybody in behind their back."""
    return request.headers.get("Sec-Fetch-Dest", "document") in SHOWN


def _not_a_page(request: HttpRequest) -> HttpResponse:
    message = _("Open this address as a page or in a frame. Scripts call the API with the token.")
    return hide(problem(403, "not-a-page", message, request=request))


def landing(request: TokenRequest, entry: Login, code: str) -> HttpResponse:
    """Answer with a page whose script finds out where it is and sends the code on.

    Only that POST signs in, so a frame that the browser does not show signs nobody in.
    """
    context = {
        "code": code,
        "in_frame": Frame.of(entry.token, entry.person).prefix,
        "is_framed": in_frame(request),
    }
    response = holding_secret(render(request, "tokens/open.html", context))
    return framed_by(response, entry.token.frame_ancestors() or ANYONE)


@method_decorator(open_to_all, name="dispatch")
@method_decorator(csrf_exempt, name="dispatch")  # the code is the credential
class OpenByCode(View):
    """Exchange a one-time code for a session.

    GET shows a page whose script POSTs the code out of the fragment, so that neither logs nor
    mail scanners get hold of it.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        return framed_by(render(request, "tokens/open.html"), NOBODY)

    @method_decorator(sensitive_post_parameters("code"))
    def post(self, request: TokenRequest) -> HttpResponse:
        if not _opens_a_page(request):
            return _not_a_page(request)
        try:
            entry = redeem(request)
        except Refused as refusal:
            return _refuse(request, refusal)
        return hide(enter(request, entry))


def redeem(request: TokenRequest) -> Login:
    """Use up the code that our own page sent, and return what it opens; raises Refused."""
    origin = request.headers.get("Origin")
    if origin and not is_our_own(request, origin):
        raise Refused("domain-not-allowed", seen=origin[:100])
    found = LoginCode.redeem(without_blanks(request.POST.get("code", "")))
    if found is None or not found.admitted:
        raise Refused("code-used")
    if not found.page:
        # The browser told our server no page, but our script may have seen it.
        found.page = str(Origin.parse(request.POST.get("page", "")) or "")
    entry = Login.of_code(found)
    if request.frame not in (None, Frame.of(entry.token, entry.person)):
        raise Refused("code-used")
    entry.check_session(request)
    return entry


@open_to_all
@require_GET
def arrived(request: TokenRequest) -> HttpResponse:
    """Find out whether the browser kept the cookie of a frame; if not, go on without.

    The code has been seen by the server's log, so it is used up here, whatever comes of it. It
    opens again only what was opened beside it and is not held by anybody.
    """
    found = LoginCode.redeem(request.GET.get("code", ""))
    if request.user.is_authenticated:
        page = request.GET.get("next", "")
        target = "admin" if page.startswith(TARGET_PAGES["admin"]) else "agent"
        return hide(SeeOther(within(request, safe_next(target, page))))
    # The browser has just dropped its key.
    if found is None or not Session.objects.filter(pk=found.session_key).delete()[0]:
        return refused_page(request, Refused("code-used"))
    entry = Login.of_code(found)
    try:
        entry.check_session(request)
    except Refused as refusal:
        return refused_page(request, refusal, target=entry.target)
    return _without_cookies(request, entry, entry.code(expires_at=found.expires_at))


def _without_cookies(request: TokenRequest, entry: Login, code: str) -> HttpResponse:
    """Let the workstation's scripts carry the session; offer a tab where that cannot work."""
    context = {
        "code": code,
        "can_carry": entry.target == "agent" and request.frame is not None,
        "is_secure": request.is_secure(),
        "keep": within(request, "/agent/auth/keep"),
        "renew": within(request, "/agent/auth/renew"),
    }
    response = holding_secret(render(request, "tokens/no_cookies.html", context))
    return framed_by(response, entry.token.frame_ancestors() or ANYONE)


@open_to_all
@csrf_exempt  # the code is the credential
@require_POST
@sensitive_post_parameters("code")
@sensitive_variables("session")
def keep(request: TokenRequest) -> HttpResponse:
    """Exchange a one-time code for the key of a session that the frame's scripts carry.

    Answers `{"session", "next"}`. The admin's forms cannot carry it, so it opens the
    workstation alone.
    """
    try:
        if request.frame is None:
            raise Refused("code-used")
        entry = redeem(request)
        if entry.target != "agent":
            raise Refused("insufficient-scope", scope="login:agent")
    except Refused as refusal:
        return _refuse(request, refusal, target="agent")
    request.session_is_carried = True
    open_session(request, entry)
    session = request.session.session_key
    return hide(JsonResponse({"session": session, "next": within(request, entry.page)}))


@open_to_all
@csrf_exempt  # the code is the credential
@require_POST
@sensitive_post_parameters("code")
def renew(request: TokenRequest) -> HttpResponse:
    """Exchange the code of a page that offers a tab for the tab's own code and a spare one.

    Answers `{"code", "spare"}`. The spare stands in no address, so it may live as long as a session
    that scripts carry: the page takes the next two for it, and its button stays good.
    """
    try:
        if request.frame is None:
            raise Refused("code-used")
        entry = redeem(request)
    except Refused as refusal:
        return _refuse(request, refusal)
    spare = entry.code(expires_at=timezone.now() + timedelta(seconds=carried.LIFE))
    return hide(JsonResponse({"code": entry.code(), "spare": spare}))


@never_cache
@require_GET
def alive(request: TokenRequest) -> HttpResponse:
    """Answer 204 while the session is good; asking prolongs one that a frame carries."""
    if not request.user.is_authenticated:
        return refused_page(request, Refused("signed-out"))
    return HttpResponse(status=204)


@open_to_all
@never_cache
@require_http_methods(["GET", "POST"])
def switch(request: TokenRequest) -> HttpResponse:
    """Ask "continue as Y?" before a link replaces somebody else's session."""
    entry = pending_login(request)
    if entry is None:
        return hide(SeeOther(TARGET_PAGES["agent"]))
    if request.method == "POST":
        try:
            entry.check_session(request)
        except Refused as refusal:
            del request.session[PENDING_KEY]
            return refused_page(request, refusal, target=entry.target)
        open_session(request, entry)
        return hide(SeeOther(entry.page))
    context = {"person": entry.person, "current": request.user, "target": entry.target}
    return framed_by(render(request, "tokens/switch.html", context), NOBODY)


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def confirm_password(request: TokenRequest) -> HttpResponse:
    """Ask the password in a session that came by a token, before it may manage tokens."""
    if not may_enter(request, "admin"):
        return turn_away(request, "admin")
    page = safe_next("admin", request.GET.get("next"))
    person = cast("User", request.user)
    context = {"has_password": person.has_usable_password(), "error": ""}
    if request.method == "POST":
        password = request.POST.get("password", "")
        if authenticate(request, username=person.username, password=password):
            request.session[CONFIRMED_KEY] = time.time()
            return redirect(page)
        context["error"] = _("That is not the password. Try again.")
    return framed_by(render(request, "tokens/confirm.html", context), NOBODY)
