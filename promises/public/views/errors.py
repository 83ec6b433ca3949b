"""What readers see when we cannot answer: what is so, why, and what to do."""

import sys
from pathlib import PurePosixPath

from django.http import HttpResponse
from django.template.loader import get_template
from django.utils.http import urlencode

from promises.public.asking import BadQuestion
from promises.public.listpage import FilterForm
from promises.public.responses import json_data, page
from promises.record.away import AWAY


def bad_request(request, exception=None):
    """A question we did not understand: each sentence by name, beside what we did understand."""
    errors = (
        exception.errors if isinstance(exception, BadQuestion) else {"query": ["This is not a question we can read."]}
    )
    if is_for_programs(request):
        return json_data({"errors": errors}, status=400)
    asked = getattr(exception, "asked", None)
    form = asked and FilterForm(asked, errors=errors)
    return page(request, "400.html", {"errors": errors, "form": form}, status=400)


def not_found(request, exception=None):
    """Nothing lives at this address: offer a search for what it may have meant."""
    sentence = said_by(exception)
    if is_for_programs(request):
        return json_data({"errors": {"address": [sentence or "Nothing is published at this address."]}}, status=404)
    words = PurePosixPath(request.path).name.replace("-", " ")[:100]
    search = f"/?{urlencode({'q': words})}" if any(c.isalnum() for c in words) else ""
    return page(request, "404.html", {"sentence": sentence, "words": words, "search": search}, status=404)


def too_much(request):
    """A question over which the database took too long."""
    sentence = "This takes longer to look up than we let any question take. Ask for less, or try again in a minute."
    if is_for_programs(request):
        return json_data({"errors": {"query": [sentence]}}, status=503)
    return page(request, "503.html", {"sentence": sentence}, status=503)


def server_error(request):
    """Something of ours broke, or the database is away: a page that needs none."""
    if isinstance(sys.exc_info()[1], AWAY):
        sentence = "The record cannot be read just now. Nothing of it is lost. Try again in a minute."
        if is_for_programs(request):
            away = json_data({"errors": {"database": [sentence]}}, status=503)
        else:
            away = HttpResponse(get_template("away.html").render({"sentence": sentence}), status=503)
        away.headers["Retry-After"] = "10"
        return away
    return HttpResponse(get_template("500.html").render(), status=500)


def said_by(exception):
    """The sentence of a 404 raised by ourselves; Django's own speak of code, not to readers."""
    sentence = exception.args[0] if exception and exception.args else ""
    ours = isinstance(sentence, str) and not sentence.endswith("matches the given query.")
    return sentence if ours else ""


def is_for_programs(request):
    """Whether the address names a data format, so that the answer is JSON rather than a page."""
    return bool(PurePosixPath(request.path).suffix) or request.path == "/oembed"
