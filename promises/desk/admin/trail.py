"""Who did what at the desk: for people, and as a file."""

import csv

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from promises.desk import audit

SHOWN = 200


def answer(request, site, histories, *, title, name, back):
    """Answer with what was done, newest first: a page of the latest, or with `?format=csv` a file of everything."""
    if request.GET.get("format") == "csv":
        return _as_file(audit.changes(histories), name)
    changes = audit.changes(histories, most=SHOWN + 1)
    context = {
        **site.each_context(request),
        "title": title,
        "purpose": "Everything that was changed at the desk: by whom, when, before and after. It stays at the desk.",
        "changes": changes[:SHOWN],
        "is_cut": len(changes) > SHOWN,
        "shown": SHOWN,
        "back": back,
    }
    return render(request, "admin/trail.html", context)


def _as_file(changes, name):
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="desk-{name}.csv"'
    out = csv.writer(response)
    out.writerow(["at", "by", "did", "what", "about", "field", "before", "after", "note"])
    for change in changes:
        row = [change.at.isoformat(timespec="seconds"), str(change.by or ""), change.verb, change.what, change.about]
        for field, before, after in change.fields or [("", "", "")]:
            out.writerow([defused(cell) for cell in (*row, field, before, after, change.reason)])
    return response


def defused(text):
    """A text that a spreadsheet does not run as a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def of_person(request, person_id):
    """What one person did; open to that person and to who manages people."""
    person = get_object_or_404(get_user_model(), pk=person_id)
    if request.user.pk != person.pk and not request.user.has_perm("auth.view_user"):
        raise PermissionDenied
    from django.contrib import admin

    return answer(
        request,
        admin.site,
        audit.of_person(person),
        title=f"What {person} did",
        name=f"person-{person.pk}-{timezone.localdate()}",
        back=(reverse("admin:index"), "The desk"),
    )
