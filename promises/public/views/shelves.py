"""Promises by theme and by place."""

from django.http import Http404
from django.utils import timezone
from django.views.decorators.http import require_safe

from promises import reference
from promises.public import shelves
from promises.public.counts import PLACE, THEME
from promises.public.filters import PromiseFilter
from promises.public.responses import answer, answer_with_shelves


@require_safe
def theme_list(request, format="html"):
    asked = PromiseFilter(request.GET, today=timezone.localdate(), format=f"themes.{format}")
    return answer_with_shelves(request, asked, THEME, format=format, template="promises/themes.html")


@require_safe
def theme_detail(request, slug, format="html"):
    theme = reference.themes().get(slug)
    if theme is None:
        raise Http404(f"There is no theme “{slug}”. All twelve are listed at /themes/.")
    asked = PromiseFilter(request.GET, today=timezone.localdate(), format=format, shelf=("theme", slug))
    context = {"section": "themes", "theme": theme}
    return answer(request, asked, format=format, template="promises/theme.html", context=context)


@require_safe
def place_list(request, format="html"):
    asked = PromiseFilter(request.GET, today=timezone.localdate(), format=f"places.{format}")
    return answer_with_shelves(request, asked, PLACE, format=format, template="promises/places.html")


@require_safe
def place_detail(request, slug, format="html"):
    place = shelves.place_of(slug)
    if place is None:
        raise Http404(f"No published promise names a place “{slug}”. Those that are named are listed at /places/.")
    asked = PromiseFilter(request.GET, today=timezone.localdate(), format=format, shelf=("place", slug))
    context = {"section": "places", "place": shelves.PlacePage(asked, place)}
    return answer(request, asked, format=format, template="promises/place.html", context=context)
