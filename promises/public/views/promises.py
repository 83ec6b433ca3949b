"""The tracker: one question about all promises, in every format, and the numbers of its chart."""

from django.utils import timezone
from django.views.decorators.http import require_safe

from promises.public.filters import PromiseFilter
from promises.public.responses import answer, answer_with_series


@require_safe
def promise_list(request, format="html"):
    asked = PromiseFilter(request.GET, today=timezone.localdate(), format=format)
    return answer(request, asked, format=format, template="promises/list.html", context={"section": "tracker"})


@require_safe
def chart_detail(request, format="html"):
    asked = PromiseFilter(request.GET, today=timezone.localdate(), format=f"chart.{format}")
    return answer_with_series(request, asked, format=format, template="promises/chart_table.html")
