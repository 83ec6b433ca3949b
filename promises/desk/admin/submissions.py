"""Submissions: what waits for a second person, and the screen on which it is read and published."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from promises.desk import workflow
from promises.desk.admin import steps
from promises.desk.admin.base import key_in
from promises.desk.models import Submission
from promises.desk.models.submission import OPEN_STATES, State
from promises.record.version import latest_version


class DecisionForm(forms.ModelForm):
    """What the reviewer may mend, and when it is published."""

    publish_at = forms.DateTimeField(
        label="Not before",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        help_text="British time, to the minute: for “Publish at that time” only.",
    )
    comment = forms.CharField(
        label="Comment",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 70}),
        help_text="Stays at the desk. Needed to send the change back.",
    )

    class Meta:
        model = Submission
        fields = ("note", "correction", "withdrawal")
        widgets = {
            "note": forms.Textarea(attrs={"rows": 2, "cols": 70}),
            "withdrawal": forms.Textarea(attrs={"rows": 3, "cols": 70}),
            "correction": forms.RadioSelect,
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.withdrawal:
            del self.fields["correction"]
            self.fields["withdrawal"].required = True
        else:
            del self.fields["withdrawal"]


@admin.register(Submission)
class SubmissionAdmin(admin.ModelAdmin):
    """What waits for a second person, and what became of it."""

    list_display = ("of_promise", "stage", "submitted_by", "submitted_at", "decided_by", "publish_at", "edition")
    list_display_links = None
    list_filter = ("state",)
    list_select_related = ("promise", "submitted_by", "decided_by")
    list_per_page = 50
    search_fields = ("promise__title", "promise__slug")
    show_full_result_count = False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="promise", ordering="promise__title")
    def of_promise(self, row):
        url = reverse("admin:promises_submission_change", args=[row.pk])
        return format_html('<a href="{}">{}</a>', url, row.promise.title)

    @admin.display(description="stage", ordering="state")
    def stage(self, row):
        return format_html('<span class="stage {}">{}</span>', row.state, State(row.state).label)

    def history_view(self, request, object_id, extra_context=None):
        submission = self._submission(request, object_id)
        return HttpResponseRedirect(reverse("admin:promises_promise_history", args=[submission.promise_id]))

    def _submission(self, request, object_id):
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = Submission.objects.select_related("promise", "submitted_by", "decided_by")
        submission = rows.filter(pk=key_in(object_id)).first()
        if submission is None:
            raise Http404("There is no such submission.")
        return submission

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The screen on which a submission is read, and published or sent back."""
        submission = self._submission(request, object_id)
        form = DecisionForm(instance=submission)
        if request.method == "POST":
            form = DecisionForm(request.POST, instance=self._submission(request, object_id))
            if form.is_valid() and self._decide(request, submission, form):
                return HttpResponseRedirect(request.path)
            submission = self._submission(request, object_id)
        return render(request, "admin/promises/review.html", self._context(request, submission, form))

    def _decide(self, request, submission, form):
        """Do what the button says; whether it was done. What cannot be is said beside the form."""
        given, who, now = form.cleaned_data, request.user, timezone.now()
        comment = given["comment"].strip()
        try:
            if "_publish" in request.POST or "_set" in request.POST:
                publish_at = given["publish_at"] if "_set" in request.POST else None
                if "_set" in request.POST and publish_at is None:
                    form.add_error("publish_at", "Give the day and the time at which it is to be published.")
                    return False
                done = workflow.approve(
                    submission,
                    by=who,
                    at=now,
                    seen=request.POST.get("seen", ""),
                    publish_at=publish_at,
                    note=given["note"],
                    correction=given.get("correction"),
                    withdrawal=given.get("withdrawal"),
                )
                if comment:
                    workflow.say(done, by=who, at=now, text=comment)
                if publish_at:
                    words = workflow.time_in_words(done.publish_at)
                    messages.success(request, f"Approved. It is published on {words}, British time.")
                else:
                    messages.success(request, f"Published in edition {done.edition}.")
            elif "_send_back" in request.POST:
                workflow.send_back(submission, by=who, at=now, comment=comment)
                messages.success(request, "Sent back with your comment.")
            elif "_take_back" in request.POST:
                workflow.take_back(submission, by=who, at=now)
                messages.success(request, "Taken back. The draft stays as it is.")
            elif "_comment" in request.POST:
                if not comment:
                    form.add_error("comment", "Write a comment.")
                    return False
                workflow.say(submission, by=who, at=now, text=comment)
                messages.success(request, "Your comment is kept with the change.")
            else:
                return False
        except workflow.Unable as unable:
            for sentence in unable.sentences:
                form.add_error("comment" if "_send_back" in request.POST else None, sentence)
            return False
        return True

    def _context(self, request, submission, form):
        now = timezone.now()
        promise = workflow.fresh(submission.promise_id)
        is_open = submission.state in OPEN_STATES
        draft = workflow.draft_of(promise, at=workflow.soonest(promise, at=now))
        may_decide = request.user.has_perm(workflow.permission_of(submission))
        authors = workflow.authors_of(submission, promise) if is_open else set()
        return {
            **admin.site.each_context(request),
            "title": "Withdrawal" if submission.withdrawal else "Review",
            "subtitle": submission.promise.title,
            "purpose": "Everything that publication would change. What you publish is what you see here, to the word.",
            "opts": Submission._meta,
            "submission": submission,
            "promise": promise,
            "form": form,
            "is_open": is_open,
            "is_in_review": submission.state == State.IN_REVIEW,
            "draft": draft,
            "differences": [] if submission.withdrawal or not is_open else steps.difference_of(draft),
            "seen": workflow.document_digest(submission, promise),
            "changed_since": is_open and workflow.document_digest(submission, promise) != submission.digest,
            "corrected_elsewhere": workflow.corrections_elsewhere(promise)
            if is_open and not submission.withdrawal
            else [],
            "comments": submission.comments.select_related("by"),
            "authors": sorted(str(person) for person in workflow.people(authors)),
            "may_decide": may_decide,
            "may_publish": is_open and workflow.may_publish(submission, promise, request.user),
            "is_author": request.user.pk in authors,
            "may_take_back": is_open
            and (submission.submitted_by_id == request.user.pk or request.user.has_perm("promises.publish_promise")),
            "waits_until": workflow.soonest(promise, at=now)
            if is_open and workflow.soonest(promise, at=now) > now
            else None,
            "public_url": steps.public_url(promise),
            "published": latest_version(promise.identity),
        }
