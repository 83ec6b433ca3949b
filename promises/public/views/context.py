"""The figures that frame the promises: the page, and each figure as a file."""

from django.http import Http404
from django.utils import timezone
from django.views.decorators.http import require_safe

from promises import reference
from promises.public import context
from promises.public.asking import moment_asked
from promises.public.responses import LICENCE, LICENCE_URL, csv_data, json_data, page, public

COLUMNS = (
    "series", "place", "name", "period", "value", "part",
    "indicator", "title", "unit", "source", "source_url", "dated", "licence", "url",
)  # fmt: skip


@require_safe
def figure_list(request):
    """Every figure with its source, and what places did for themselves."""
    told = {
        "section": "context",
        "groups": context.groups(),
        "local_action": reference.local_action(),
        "dated": reference.dated("indicators.yaml"),
    }
    moment = moment_asked({}, today=timezone.localdate())
    return page(request, "promises/context.html", told, moment=moment)


@require_safe
def figure_detail(request, slug, format):
    """One figure as CSV or JSON, or drawn."""
    figure = context.figures().get(slug)
    if not figure:
        raise Http404(f"There is no figure “{slug}”. They are listed at /context/.")
    if format in ("svg", "png"):
        from promises.public import pictures

        return pictures.answer_figure(figure, format=format, path=request.path)
    return {"csv": as_csv, "json": as_json}[format](figure, path=request.path)


def as_csv(figure, *, path):
    """Return a row for each point; what is the same for all stands in every row, so that none travels without it."""
    source, *others = figure.sources
    dated = reference.dated("indicators.yaml")
    same = {
        "indicator": figure.slug,
        "title": figure.title,
        "unit": figure.unit,
        "source": f"{source.title}, {source.publisher}" + (f", and {len(others)} more" if others else ""),
        "source_url": source.url,
        "dated": dated,
        "licence": LICENCE,
        "url": public(path),
    }
    lines = ([(row | same)[name] for name in COLUMNS] for row in figure.rows)
    return csv_data(COLUMNS, lines, name=f"{figure.slug}-{dated}.csv", canonical=path)


def as_json(figure, *, path):
    """Return the figure with all its sources; numbers as numbers."""
    payload = {
        "licence": LICENCE,
        "licence_url": LICENCE_URL,
        "dated": reference.dated("indicators.yaml"),
        "url": public(path),
        "slug": figure.slug,
        "title": figure.title,
        "unit": figure.unit,
        "note": figure.note,
        "sources": [
            {"title": it.title, "publisher": it.publisher, "url": it.url, "published": it.published}
            for it in figure.sources
        ],
        "breaks": list(figure.indicator.breaks),
        "points": [row | {"value": as_number(row["value"])} for row in figure.rows],
    }
    return json_data(payload, canonical=path)


def as_number(value):
    return int(value) if value == value.to_integral_value() else float(value)
