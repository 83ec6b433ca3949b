"""What was typed when the session had ended: kept until the person has signed in again."""

import re

from django.http import QueryDict
from django.utils import timezone

from promises.desk.limits import few, who

KEY = "typed-while-signed-out"
AT_MOST = 64_000
SECONDS = 60 * 60
MOST = 20
"""So often it is kept for one address within five minutes: a newsroom is one, and so is who would fill our disk."""
PAGES = re.compile(r"/(change|add|change-of-status(/\d+)?)/$")
"""The addresses of pages that show again what was kept."""

WORDS = "You had been signed out. What you typed is all here, and nothing of it is saved yet: look it through and save again."


def keep(request):
    """Keep what was posted to a page by somebody who is not signed in (any more)."""
    data = request.POST.copy()
    for name in [name for name in data if name == "csrfmiddlewaretoken" or (name.startswith("_") and name != "_base")]:
        del data[name]
    typed, now = data.urlencode(), timezone.now()
    if PAGES.search(request.path) and len(typed) <= AT_MOST and few(f"kept:{who(request, now)}", MOST, at=now):
        request.session[KEY] = {"path": request.path, "typed": typed}
        request.session.set_expiry(SECONDS)


def kept_for(request):
    """Return, once, what was kept for this page; None where nothing was."""
    found = request.session.get(KEY)
    if request.method != "GET" or not found or found["path"] != request.path:
        return None
    del request.session[KEY]
    request.session.set_expiry(None)
    return QueryDict(found["typed"])
