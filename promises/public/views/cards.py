"""Pictures that stand beside shared links; those of lists are one more answer of the lists' own views."""

from django.views.decorators.http import require_safe

from promises.public import cards, documents
from promises.public.finding import of_promise


@require_safe
@of_promise
def promise_card(request, found, format):
    return cards.answer_promise(found)


@require_safe
@of_promise
def update_card(request, found, format, number):
    return cards.answer_update(found, documents.find_update(found, number))
