"""How to cite a promise, an update, a version or a list."""

from django.utils import timezone
from django.views.decorators.http import require_safe

from promises.public import citations, documents
from promises.public.filters import PromiseFilter
from promises.public.finding import of_promise


@require_safe
@of_promise
def promise_cite(request, found, format):
    return citations.answer(request, citations.offer_of_promise(found), found.moment, format=format)


@require_safe
@of_promise
def update_cite(request, found, format, number):
    offer = citations.offer_of_update(found, documents.find_update(found, number))
    return citations.answer(request, offer, found.moment, format=format)


@require_safe
def list_cite(request, format="html"):
    asked = PromiseFilter(request.GET, today=timezone.localdate(), format=f"cite.{format}")
    return citations.answer(request, citations.offer_of_list(asked), asked.moment, format=format)
