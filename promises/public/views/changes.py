"""The log of everything published."""

from django.utils import timezone
from django.views.decorators.http import require_safe

from promises.public import changes
from promises.public.responses import page


@require_safe
def change_list(request, format="html"):
    asked = changes.Changes(request.GET, today=timezone.localdate(), format=format)
    if format != "html":
        return changes.changes_json(asked) if format == "json" else changes.changes_csv(asked)
    return page(request, "promises/changes.html", changes.list_context(asked), moment=asked.moment)


@require_safe
def edition_detail(request, number):
    asked = changes.Changes(request.GET, today=timezone.localdate())
    return page(request, "promises/edition.html", changes.edition_context(asked, number), moment=asked.moment)
