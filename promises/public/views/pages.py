"""Pages of words: how a status is judged, and who is behind the record."""

from django.conf import settings
from django.utils import timezone
from django.views.decorators.http import require_safe

from promises.public.asking import moment_asked
from promises.public.examples import reasons, rules_with_examples
from promises.public.responses import page


@require_safe
def method(request):
    moment = moment_asked(request.GET, today=timezone.localdate())
    context = {"section": "method", "rules": rules_with_examples(moment), "reasons": reasons()}
    return page(request, "promises/method.html", context, moment=moment)


@require_safe
def about(request):
    moment = moment_asked(request.GET, today=timezone.localdate())
    context = {"contact": settings.CONTACT_EMAIL, "code": settings.SOURCE_URL}
    return page(request, "promises/about.html", context, moment=moment)
