"""What pages may do, and who must show a second factor."""

from functools import wraps

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

SECOND_FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
WHO_PUBLISHES = ["Editor", "Administrator"]
OURS_ALONE = ("/admin/", "/accounts/", "/suggest/", "/health/", "/metrics")
"""What no page of anybody else's has a use for; all else is for everybody, and pictures and data are lent to any page."""
NEVER_PAGES = ("text/css", "text/javascript", "font/woff2")
"""What a page loads and nobody opens: half a kilobyte a file of what only pages obey is left out, as nginx leaves it out."""


class SayWhatPagesMayDo:
    """Add what browsers may load, show and lend to other people's pages. Django 6 has the content policy built in."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith(NEVER_PAGES):
            for name in ("Referrer-Policy", "Cross-Origin-Opener-Policy"):  # Django gives them to everything
                response.headers.pop(name, None)
        else:
            policy = {**settings.SECURE_CSP, **getattr(response, "_csp_update", {})}
            written = "; ".join(f"{name} {' '.join(values)}" for name, values in policy.items())
            response.headers.setdefault("Content-Security-Policy", written)
            response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
            if not getattr(response, "xframe_options_exempt", False):
                response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        is_ours = request.path.startswith(OURS_ALONE)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin" if is_ours else "cross-origin")
        if is_ours and "no-store" not in response.headers.get("Cache-Control", ""):
            add_never_cache_headers(response)  # allauth forgets some of its pages, and an error has no decorators
        return response


def framable(view):
    """Let other people's pages show this view in a frame."""

    @wraps(view)
    def framed(request, *args, **kwargs):
        response = view(request, *args, **kwargs)
        response.xframe_options_exempt = True
        response._csp_update = {"frame-ancestors": ["*"]}
        return response

    return framed


class DemandSecondFactor:
    """Send those who can publish to enrolment, until their sign-in has a second factor."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if settings.SECOND_FACTOR_REQUIRED and is_at_the_desk(request) and lacks_second_factor(request.user):
            messages.info(request, "Who can publish signs in with a second step. Set one up to go on.")
            return redirect("mfa_index")
        return self.get_response(request)


def is_at_the_desk(request):
    """Say whether this asks the desk for anything but the way out."""
    return request.path.startswith(reverse("admin:index")) and request.path != reverse("admin:logout")


def lacks_second_factor(user):
    """Say whether this person can publish and signs in by password alone; two queries."""
    if not (user.is_active and user.is_staff):
        return False
    publishes = user.is_superuser or user.groups.filter(name__in=WHO_PUBLISHES).exists()
    return publishes and not is_mfa_enabled(user, SECOND_FACTORS)
