"""The rival that a developer would otherwise write: plain Django over ordinary tables.

Status as of a day by a correlated subquery, facets by GROUP BY, one query for the rows: no query a row, indexes
where one would put them, the same columns. It is its own settings, models, views and WSGI application.
"""

import os
import sys
from datetime import date

from django.conf import settings

if not settings.configured:
    settings.configure(
        SECRET_KEY="only ever measured",  # noqa: S106
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["django.contrib.humanize"],
        MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("PLAIN_DATABASE", "")}},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [os.path.join(os.path.dirname(__file__), "plain_templates")],
                "OPTIONS": {"builtins": ["django.contrib.humanize.templatetags.humanize"]},
            }
        ],
        TIME_ZONE="Europe/London",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    import django

    django.setup()

from django.core.paginator import Paginator
from django.core.wsgi import get_wsgi_application
from django.db import models
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path

STATUSES = ["kept", "watered_down", "broken", "in_progress"]


class Promise(models.Model):
    slug = models.SlugField(unique=True, max_length=60)
    title = models.CharField(max_length=200, db_index=True)
    summary = models.TextField()
    theme = models.CharField(max_length=30, db_index=True)
    department = models.CharField(max_length=100, db_index=True)
    made_by = models.CharField(max_length=200)
    made_on = models.DateField(db_index=True)

    class Meta:
        app_label = "plain"


class Region(models.Model):
    promise = models.ForeignKey(Promise, models.CASCADE, related_name="regions")
    key = models.CharField(max_length=60, db_index=True)

    class Meta:
        app_label = "plain"


class Update(models.Model):
    promise = models.ForeignKey(Promise, models.CASCADE, related_name="updates")
    date = models.DateField()
    status = models.CharField(max_length=20)
    headline = models.CharField(max_length=200)
    explanation = models.TextField()

    class Meta:
        app_label = "plain"
        indexes = [models.Index(fields=["promise", "-date", "-id"], name="plain_latest")]


class Source(models.Model):
    promise = models.ForeignKey(Promise, models.CASCADE, related_name="sources")
    title = models.CharField(max_length=300)
    url = models.CharField(max_length=1000)

    class Meta:
        app_label = "plain"


def standing(query):
    """The promises made by the day asked for, each with its latest update by then."""
    day = date.fromisoformat(query["as_of"]) if query.get("as_of") else date.today()
    latest = Update.objects.filter(promise=OuterRef("pk"), date__lte=day).order_by("-date", "-id")
    promises = Promise.objects.filter(made_on__lte=day).annotate(
        status=Subquery(latest.values("status")[:1]),
        changed=Subquery(latest.values("date")[:1]),
        headline=Subquery(latest.values("headline")[:1]),
    )
    if query.get("theme"):
        promises = promises.filter(theme=query["theme"])
    if query.get("place"):
        promises = promises.filter(regions__key=query["place"])
    if query.get("q"):
        promises = promises.filter(title__icontains=query["q"])
    chosen = promises.filter(status=query["status"]) if query.get("status") else promises
    return day, promises, chosen.order_by("title" if query.get("sort") == "title" else "-changed", "slug")


def promise_list(request):
    day, promises, chosen = standing(request.GET)
    page = Paginator(chosen.prefetch_related("regions"), 50).get_page(request.GET.get("page"))
    counts = dict(promises.order_by().values_list("status").annotate(n=Count("pk")))
    themes = promises.order_by().values_list("theme").annotate(n=Count("pk"))
    departments = promises.order_by().values_list("department").annotate(n=Count("pk"))
    context = {"day": day, "page": page, "counts": counts, "themes": list(themes), "departments": list(departments)}
    return render(request, "list.html", context)


def promise_data(request):
    _, _, chosen = standing(request.GET)
    rows = chosen.values("slug", "title", "status", "changed", "headline", "theme", "department", "made_by", "made_on")
    return JsonResponse({"promises": list(rows[:50])})


def promise_detail(request, slug):
    promise = get_object_or_404(Promise.objects.prefetch_related("updates", "sources", "regions"), slug=slug)
    return render(request, "detail.html", {"promise": promise})


urlpatterns = [
    path("", promise_list),
    path("health/", lambda request: HttpResponse("ok")),
    path("promises.json", promise_data),
    path("promises/<slug:slug>/", promise_detail, name="detail"),
]

sys.modules.setdefault("bench.plain", sys.modules[__name__])
application = get_wsgi_application()
