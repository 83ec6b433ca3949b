"""What was published, to follow; the feeds of lists are one more answer of the lists' own views."""

from django.utils import timezone
from django.views.decorators.http import require_safe

from promises.public import changes, feeds
from promises.public.finding import of_promise


@require_safe
@of_promise
def promise_feed(request, found, format):
    return feeds.answer(feeds.of_promise(found), format=format)


@require_safe
def change_feed(request, format):
    asked = changes.Changes(request.GET, today=timezone.localdate(), format=format)
    return feeds.answer(feeds.of_changes(asked), format=format)
