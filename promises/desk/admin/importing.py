"""Import and export: a file in, shown promise by promise, then written as drafts; promises out as files."""

import hashlib
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib import admin, messages
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from promises.desk import importing
from promises.desk.admin.steps import demand
from promises.desk.importing import CHANGED, FORMS, NEW, REFUSED, UNCHANGED
from promises.desk.imports.records import MOST_BYTES
from promises.desk.models import Promise

KEPT_FOR = timedelta(hours=1)
SALT = "promises.desk.import"
ON_A_PAGE = 100
HEADINGS = {
    REFUSED: "Refused",
    CHANGED: "Changed",
    NEW: "New",
    UNCHANGED: "Unchanged",
}


def urls(site):
    """The addresses of these screens, below that of the list of promises."""

    def at(address, view, name):
        return path(address, site.admin_view(view), name=f"promises_promise_{name}")

    return [
        at("import/", upload, "import"),
        at("import/preview/", preview, "import_preview"),
        at("import/confirm/", confirm, "import_confirm"),
        at("export/", export, "export"),
    ]


# The file, kept between looking and confirming


class Gone(Exception):
    """The file is not kept any more, or was never this person's."""


@dataclass(frozen=True)
class Kept:
    """A file as it was uploaded."""

    name: str
    data: bytes
    path: object


def keep(uploaded, person):
    """Keep an uploaded file for a while, and return the signed name under which this person finds it again."""
    folder = settings.DATA_DIR / "imports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.iterdir():
        with suppress(FileNotFoundError):  # another person's upload may be clearing up too
            if old.stat().st_mtime < time.time() - 2 * KEPT_FOR.total_seconds():
                old.unlink()
    data = uploaded.read()
    inner = secrets.token_hex(16)
    (folder / inner).write_bytes(data)
    told = {"file": inner, "name": uploaded.name, "digest": hashlib.sha256(data).hexdigest(), "by": person.pk}
    return signing.dumps(told, salt=SALT, compress=True)


def kept(token, person):
    """Return the file that was kept under this name for this person; raises Gone."""
    try:
        told = signing.loads(token, salt=SALT, max_age=KEPT_FOR)
        file = settings.DATA_DIR / "imports" / told["file"]
        data = file.read_bytes()
    except (signing.BadSignature, OSError) as error:
        raise Gone from error
    if told["by"] != person.pk or hashlib.sha256(data).hexdigest() != told["digest"]:
        raise Gone
    return Kept(told["name"], data, file)


def _gone(request):
    messages.error(request, "The file is not here any more: it is kept for an hour. Choose it again.")
    return HttpResponseRedirect(reverse("admin:promises_promise_import"))


# Import


def _demand_import(request):
    demand(request, "add_promise")
    demand(request, "change_promise")


@require_http_methods(["GET", "POST"])
def upload(request):
    """Take a file in, and go on to what it would do."""
    _demand_import(request)
    problem = ""
    if request.method == "POST":
        file = request.FILES.get("file")
        if file is None:
            problem = "Choose a file."
        elif file.size > MOST_BYTES:
            problem = f"The file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it."
        else:
            token = keep(file, request.user)
            return HttpResponseRedirect(f"{reverse('admin:promises_promise_import_preview')}?file={token}")
    context = {
        "title": "Import",
        "purpose": "A file of promises becomes drafts. You see first what it would change; nothing goes public.",
        "problem": problem,
    }
    return _page(request, "admin/promises/import.html", context)


@require_safe
def preview(request):
    """Show, promise by promise, what the kept file would do."""
    _demand_import(request)
    token = request.GET.get("file", "")
    try:
        return _preview(request, token, kept(token, request.user))
    except Gone:
        return _gone(request)


def _preview(request, token, file, *, problem="", words=""):
    began = time.perf_counter()
    plan = importing.plan(importing.read(file.name, file.data, today=timezone.localdate()))
    rows = sorted(plan.rows, key=lambda row: list(HEADINGS).index(row.what))
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": f"Import {file.name}",
        "purpose": "What the file would do to each promise. Nothing has been changed yet.",
        "token": token,
        "file": file,
        "plan": plan,
        "counts": [(HEADINGS[what].lower(), count) for what, count in plan.counts.items()],
        "page": page,
        "parts": [(HEADINGS[what], rows) for what in HEADINGS if (rows := [r for r in page if r.what == what])],
        "seconds": time.perf_counter() - began,
        "problem": problem,
        "words": words,
    }
    return _page(request, "admin/promises/import_preview.html", context)


@require_POST
def confirm(request):
    """Write the drafts, all or none."""
    _demand_import(request)
    token, words = request.POST.get("file", ""), request.POST.get("words", "")
    try:
        file = kept(token, request.user)
    except Gone:
        return _gone(request)
    began = time.perf_counter()
    try:
        done = importing.apply(
            file.name,
            file.data,
            by=request.user,
            at=timezone.now(),
            today=timezone.localdate(),
            seen=request.POST.get("seen", ""),
            words=words,
        )
    except importing.Unlike as unlike:
        return _preview(request, token, file, problem=str(unlike), words=words)
    file.path.unlink(missing_ok=True)
    messages.success(
        request,
        f"Imported {file.name}: {done.counts[NEW]} new, {done.counts[CHANGED]} changed, {done.counts[UNCHANGED]} "
        f"unchanged, in {time.perf_counter() - began:.1f} seconds. They are drafts: submit each for review.",
    )
    return HttpResponseRedirect(reverse("admin:promises_promise_changelist"))


# Export


@require_safe
def export(request):
    """Give out all promises, or show in which forms they are given out."""
    demand(request, "view_promise")
    form = request.GET.get("format")
    if form in FORMS:
        return _as_file(form, Promise.objects.all(), drafts=request.GET.get("of") == "drafts")
    context = {
        "title": "Export",
        "purpose": "Promises as files, to work on elsewhere and to import again.",
        "forms": FORMS.items(),
    }
    return _page(request, "admin/promises/export.html", context)


def _as_file(form, promises, *, drafts=False):
    data = importing.export(form, promises, drafts=drafts)
    name = f"{'working-copies' if drafts else 'promises'}-{timezone.localdate()}-{form}.{FORMS[form].suffix}"
    response = HttpResponse(data, content_type=FORMS[form].content_type)
    response.headers["Content-Disposition"] = content_disposition_header(True, name)
    return response


def _action(form, *, drafts):
    what = "working copies" if drafts else "what is published"

    @admin.action(description=f"Export {what} ({form.upper()})", permissions=["view"])
    def act(modeladmin, request, queryset):
        if not request.user.has_perm("promises.view_promise"):
            raise PermissionDenied
        return _as_file(form, Promise.objects.filter(pk__in=queryset.values("pk")), drafts=drafts)

    act.__name__ = f"export_{'drafts' if drafts else 'published'}_{form}"
    return act


ACTIONS = (*(_action(form, drafts=False) for form in FORMS), _action("xlsx", drafts=True))
"""For the list of promises: what is selected there, as files."""


def _page(request, template, context):
    return render(request, template, {**admin.site.each_context(request), "opts": Promise._meta, **context})
