"""The data as a whole: what there is, how to ask for it, and numbered releases."""

from django.utils import timezone
from django.views.decorators.http import require_safe

from promises.public import datapage, openapi, releases
from promises.public.asking import moment_asked
from promises.public.responses import json_data, page


@require_safe
def data(request):
    moment = moment_asked({}, today=timezone.localdate())
    return page(request, "promises/data.html", datapage.context(moment), moment=moment)


@require_safe
def api(request):
    moment = moment_asked({}, today=timezone.localdate())
    return page(request, "promises/api.html", datapage.api_context(moment), moment=moment)


@require_safe
def api_description(request):
    return json_data(openapi.document(), canonical="/data/openapi.json")


@require_safe
def release_list(request):
    return releases.list_page(request, moment_asked({}, today=timezone.localdate()))


@require_safe
def release_detail(request, number):
    return releases.release_page(request, number, moment_asked({}, today=timezone.localdate()))


@require_safe
def release_file(request, number, name):
    return releases.release_file(request, number, name, moment_asked({}, today=timezone.localdate()))
