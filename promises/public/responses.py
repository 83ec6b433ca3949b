"""One question, one answer, in the format the address names; and the frame of every page."""

import json

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import get_template

LICENCE = "CC BY 4.0"
LICENCE_URL = "https://creativecommons.org/licenses/by/4.0/"


def public(path):
    """The address of a path of ours as readers elsewhere know it; never taken from the request."""
    return settings.PUBLIC_URL + path


def page(request, template, context=None, *, moment=None, status=200):
    """Render a page of the reading room.

    Beside its own context a template gets `request` (for its path alone), `moment`, `edition` and
    `canonical`. No context processor runs: a page knows nothing of who asks.
    """
    frame = {
        "request": request,
        "moment": moment,
        "edition": moment and moment.edition,
        "canonical": public(request.path),
    }
    content = get_template(template).render({**frame, **(context or {})})
    return HttpResponse(content, status=status)


def json_data(payload, *, canonical="", status=200):
    """Answer with JSON that any page may read; `canonical` is the path (with query) of this answer."""
    content = json.dumps(payload, ensure_ascii=False).encode() + b"\n"
    return open_to_all(HttpResponse(content, content_type="application/json", status=status), canonical=canonical)


def open_to_all(response, *, canonical="", name=""):
    """Give a data answer what all of them carry: readable from any page, licence, own address, file name."""
    response["Access-Control-Allow-Origin"] = "*"
    links = [f'<{LICENCE_URL}>; rel="license"']
    if canonical:
        links.insert(0, f'<{public(canonical)}>; rel="canonical"')
    response["Link"] = ", ".join(links)
    if name:
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
