"""oEmbed: other people's programs give an address of ours, and get the frame that shows it."""

import json
from urllib.parse import urlsplit
from xml.etree import ElementTree

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import Resolver404, resolve

from promises.public import cards, citations, documents, embeds
from promises.public.asking import BadQuestion
from promises.public.filters import PromiseFilter
from promises.public.finding import in_path, of_promise
from promises.public.responses import LICENCE_URL, open_to_all, public

NARROWEST, DAY = 280, 24 * 60 * 60
MOST_REDIRECTS = 2


class OembedForm(forms.Form):
    """What a consumer asks (oEmbed 1.0, section 2.2)."""

    url = forms.CharField(
        max_length=2000, error_messages={"required": "Give the address of one of our pages as “url”."}
    )
    format = forms.ChoiceField(choices=[("json", "JSON"), ("xml", "XML")], required=False)
    maxwidth = forms.IntegerField(min_value=1, max_value=100_000, required=False)
    maxheight = forms.IntegerField(min_value=1, max_value=100_000, required=False)


class Asked(HttpRequest):
    """One of our addresses as if it had been asked for, with what was asked of its frame."""

    def __init__(self, url, *, today):
        super().__init__()
        self.method = "GET"
        self.today = today
        theirs = _parts(url)
        if theirs is None or theirs.netloc.lower() != urlsplit(settings.PUBLIC_URL).netloc.lower():
            raise Http404(f"This is not an address of ours: they begin with {settings.PUBLIC_URL}/.")
        self.path = self.path_info = theirs.path or "/"
        self.META["QUERY_STRING"] = theirs.query
        self.GET = QueryDict(theirs.query)
        self.offer = None

    def offering(self, embed, image, is_frozen):
        """Note what was found, and answer as views do: with a response, to which headers can be added."""
        self.offer = embed, image, is_frozen
        return HttpResponse()


def _parts(url):
    """The parts of a web address; None where it is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https") else None


def answer(data, *, today):
    """Answer a consumer; BadQuestion, 404, or the 410 or 451 of what it asks for, where there is no frame."""
    form = OembedForm(data)
    if not form.is_valid():
        if set(form.errors) == {"format"}:
            return HttpResponse("We write json and xml.\n", status=501, content_type="text/plain; charset=utf-8")
        raise BadQuestion({name: list(sentences) for name, sentences in form.errors.items()})
    wanted = form.cleaned_data
    url = wanted["url"]
    for _ in range(MOST_REDIRECTS):
        asked = Asked(url, today=today)
        found = _view(asked)
        if asked.offer:
            return _written(asked.offer, wanted, found.headers.get("Surrogate-Key"))
        if found.status_code != 301:
            return found
        url = public(found["Location"])
    raise Http404("This address leads nowhere.")


# Which address has which frame: the frame, its card's path, whether the address is pinned


def _view(asked):
    try:
        match = resolve(asked.path)
    except Resolver404:
        raise Http404(f"There is no page at {asked.path}.") from None
    make = OFFERS.get(match.url_name)
    if make is None:
        raise Http404(f"{asked.path} has no frame. Promises, their updates and versions, lists and the chart have.")
    return make(asked, **match.kwargs)


@of_promise
def _promise(asked, found, format):
    return asked.offering(embeds.of_promise(found), cards.image_of_promise(found), found.is_pinned)


@of_promise
def _update(asked, found, format, number):
    update = documents.find_update(found, number)
    return asked.offering(embeds.of_update(found, update), cards.image_of_update(found, update), found.is_pinned)


@of_promise(finds=in_path)
def _version(asked, found, format):
    return asked.offering(embeds.of_promise(found), cards.image_of_promise(found), True)


def _list(asked, slug="", *, kind="tally", shelf=None):
    question = PromiseFilter(asked.GET, today=asked.today, shelf=(shelf, slug) if shelf else None)
    make = embeds.tally if kind == "tally" else embeds.chart
    moment = question.moment
    is_pinned = moment.asked_day and moment.asked_edition
    return asked.offering(make(question), cards.image_of_list(question), is_pinned)


OFFERS = {
    "promise_detail": lambda asked, slug: _promise(asked, slug, format="oembed"),
    "update_detail": lambda asked, slug, number: _update(asked, slug, format="oembed", number=number),
    "version_detail": lambda asked, slug, number: _version(asked, slug, format="oembed", number=number),
    "promise_list": _list,
    "chart_detail": lambda asked: _list(asked, kind="chart"),
    "theme_detail": lambda asked, slug: _list(asked, slug, shelf="theme"),
    "place_detail": lambda asked, slug: _list(asked, slug, shelf="place"),
}


# How it is written


def _written(offer, wanted, surrogate_key):
    embed, image, is_frozen = offer
    width = min(embeds.WIDTH, wanted["maxwidth"] or embeds.WIDTH)
    height = min(embed.height, wanted["maxheight"] or embed.height)
    content = {
        "version": "1.0",
        "type": "rich",
        "title": embed.title,
        "author_name": citations.NAME,
        "author_url": public("/"),
        "provider_name": citations.NAME,
        "provider_url": public("/"),
        "cache_age": DAY,
        "thumbnail_url": public(image),
        "thumbnail_width": cards.WIDTH,
        "thumbnail_height": cards.HEIGHT,
        "licence_url": LICENCE_URL,
        "html": embeds.snippet(embed, embed.frozen if is_frozen else embed.live, width=width, height=height),
        "width": width,
        "height": height,
    }
    if wanted["format"] == "xml":
        response = HttpResponse(_xml(content), content_type="text/xml; charset=utf-8")
    else:
        response = HttpResponse(json.dumps(content, ensure_ascii=False), content_type="application/json")
    if surrogate_key:
        response["Surrogate-Key"] = surrogate_key  # a cache in front is told which promise it is about
    return open_to_all(response)


def _xml(content):
    root = ElementTree.Element("oembed")
    for name, value in content.items():
        ElementTree.SubElement(root, name).text = str(value)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
