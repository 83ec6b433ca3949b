"""The steps of a whole promise: preview, submit, check, withdraw."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from promises.dates import Day
from promises.desk import audit, workflow
from promises.desk.admin import preview as pages
from promises.desk.admin.base import say_lifted
from promises.desk.admin.change_of_status import SubmissionForm
from promises.desk.models import Promise, Submission
from promises.differences import difference
from promises.publishing.snapshot import in_order
from promises.record.version import latest_version
from promises.statuses import Kind, Status

TOLD_BY_NOBODY = {"Identity", "Form of the record", "First published"}


def demand(request, permission):
    """Refuse who may not do this."""
    if not request.user.has_perm(f"promises.{permission}"):
        raise PermissionDenied


def promise_page(promise):
    return reverse("admin:promises_promise_change", args=[promise.pk])


def difference_of(draft):
    """What publication would change, in words; without what only the record needs."""
    return [row for row in difference(draft.before, draft.after) if row.label not in TOLD_BY_NOBODY]


def public_url(promise):
    """The path of the public page, under the key it was last published with; empty where there is none."""
    version = latest_version(promise.identity)
    return f"/promises/{version.slug}/" if version else ""


def updates_for_people(promise):
    """The updates of a working copy, newest first, for its page."""
    rows = in_order(promise.updates.annotate(source_count=Count("citations")))
    return [
        {
            "row": row,
            "day": Day(row.date).in_words(),
            "status": Status(row.status),
            "url": reverse("admin:promises_promise_change_update", args=[promise.pk, row.pk]),
        }
        for row in reversed(rows)
    ]


@require_safe
def preview(request, object_id):
    """The exact public page of the working copy."""
    demand(request, "view_promise")
    promise = get_object_or_404(Promise.objects.with_everything(), pk=object_id)
    return pages.page(request, promise, at=timezone.now())


@require_http_methods(["GET", "POST"])
@transaction.atomic
def submit(request, object_id):
    """Show what publication would change, and put it before a second person."""
    demand(request, "submit_promise")
    now = timezone.now()
    promise = get_object_or_404(Promise.objects.with_everything(), pk=object_id)
    open_one = workflow.open_submission(promise)
    form = SubmissionForm(request.POST or None, instance=None, initial=beginning(open_one))
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                if form.cleaned_data["checked"]:
                    audit.remember(Promise, [promise.pk])
                    promise.checked_on = timezone.localtime(now).date()
                    promise.save(update_fields=["checked_on"])
                submission = workflow.submit(
                    promise,
                    by=request.user,
                    at=now,
                    note=form.cleaned_data["note"],
                    correction=form.cleaned_data["correction"],
                )
        except workflow.Unable as unable:
            for sentence in unable.sentences:
                form.add_error(None, sentence)
            say_lifted(request, [promise])
        else:
            messages.success(request, "Submitted. A second person reads it and publishes it.")
            return HttpResponseRedirect(reverse("admin:promises_submission_change", args=[submission.pk]))
    draft = workflow.draft_of(promise, at=workflow.soonest(promise, at=now))
    context = {
        **admin.site.each_context(request),
        "title": "Submit for review",
        "subtitle": promise.title,
        "purpose": "What publication would change. A second person reads the same, and publishes it or sends it back.",
        "promise": promise,
        "form": form,
        "draft": draft,
        "differences": difference_of(draft),
        "problems": workflow.problems_of(promise, at=workflow.soonest(promise, at=now)) if draft.differs else [],
        "submission": open_one,
        "opts": Promise._meta,
    }
    return render(request, "admin/promises/submit.html", context)


def beginning(submission):
    """What the submission form begins with."""
    if submission:
        return {"note": submission.note, "correction": submission.correction, "checked": False}
    return {"correction": Kind.MINOR_CORRECTION, "checked": False}


@require_POST
def check(request, object_id):
    """Record that somebody looked and nothing had changed."""
    demand(request, "submit_promise")
    promise = get_object_or_404(Promise, pk=object_id)
    checked(request, [promise])
    return HttpResponseRedirect(reverse("admin:index") if request.POST.get("back") == "desk" else promise_page(promise))


def checked(request, promises):
    """Record the check of several promises, and say what became of it."""
    try:
        edition, left_out = workflow.check(promises, by=request.user, at=timezone.now())
    except workflow.Unable as unable:
        edition, left_out = None, unable.sentences
    if edition:
        count = edition.versions.count()
        messages.success(
            request,
            f"Recorded as checked today: {count} promise{'' if count == 1 else 's'} (edition {edition.number}).",
        )
    for sentence in left_out:
        messages.warning(request, sentence)


@require_http_methods(["GET", "POST"])
@transaction.atomic
def withdraw(request, object_id):
    """Propose that a promise be withdrawn."""
    demand(request, "submit_promise")
    promise = get_object_or_404(Promise, pk=object_id)
    reason, problems = request.POST.get("reason", ""), ()
    if request.method == "POST":
        try:
            clean = Submission._meta.get_field("withdrawal").clean(reason, None)
            submission = workflow.propose_withdrawal(promise, by=request.user, at=timezone.now(), reason=clean)
        except ValidationError as invalid:
            problems = invalid.messages
        except workflow.Unable as unable:
            problems = unable.sentences
        else:
            messages.success(request, "The withdrawal is submitted. A second person reads it and publishes it.")
            return HttpResponseRedirect(reverse("admin:promises_submission_change", args=[submission.pk]))
    context = {
        **admin.site.each_context(request),
        "title": "Withdraw the promise",
        "subtitle": promise.title,
        "purpose": (
            "For a promise that should not be in the record at all. Its page will say that it was withdrawn, and why; "
            "its history stays. A status that has changed is an update instead."
        ),
        "promise": promise,
        "reason": reason,
        "problems": problems,
        "opts": Promise._meta,
    }
    return render(request, "admin/promises/withdraw.html", context)
