"""For those who crawl the site, and for who finds a hole in it."""

from django.utils import timezone
from django.views.decorators.http import require_safe

from promises.public import sitemaps
from promises.public.asking import moment_asked


@require_safe
def sitemap(request):
    return sitemaps.index(moment_asked({}, today=timezone.localdate()))


@require_safe
def page_map(request):
    return sitemaps.of_pages(moment_asked({}, today=timezone.localdate()))


@require_safe
def promise_map(request, number):
    return sitemaps.of_promises(moment_asked({}, today=timezone.localdate()), number)


@require_safe
def robots(request):
    return sitemaps.robots()


@require_safe
def security(request):
    return sitemaps.security(timezone.localdate())
