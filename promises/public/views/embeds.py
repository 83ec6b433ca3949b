"""Frames for other people's pages: the only views that these may show."""

from django.utils import timezone
from django.views.decorators.http import require_safe

from promises.public import documents, embeds, oembed
from promises.public.filters import PromiseFilter
from promises.public.finding import of_promise
from promises.public.listpage import ListPage
from promises.public.responses import page
from tracker.security import framable


@require_safe
@framable
@of_promise
def promise_embed(request, found, format):
    return page(request, "promises/embed_promise.html", embeds.promise_context(found), moment=found.moment)


@require_safe
@framable
@of_promise
def update_embed(request, found, format, number):
    context = embeds.update_context(found, documents.find_update(found, number))
    return page(request, "promises/embed_update.html", context, moment=found.moment)


@require_safe
@framable
def list_embed(request, kind):
    asked = PromiseFilter(request.GET, today=timezone.localdate(), format=f"embed.{kind}")
    context = embeds.list_context(ListPage(asked, ()))
    return page(request, f"promises/embed_{kind}.html", context, moment=asked.moment)


@require_safe
def oembed_detail(request):
    return oembed.answer(request.GET, today=timezone.localdate())
