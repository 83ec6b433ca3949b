"""Suggestions of readers: the queue, and the screen on which each is read and taken up or not."""

from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from promises.desk import rules
from promises.desk.models.suggestion import WAITING, Stage, Suggestion, What
from promises.desk.suggesting import promise_meant

SHOWN_IN_A_LINE = 120
TOO_LATE = "Somebody else has dealt with this one meanwhile. What they did stands below."


class StageFilter(admin.SimpleListFilter):
    """Where a suggestion is on its way; what waits, unless asked otherwise."""

    title = "stage"
    parameter_name = "stage"

    def lookups(self, request, model_admin):
        return [("all", "All"), *Stage.choices]

    def choices(self, changelist):
        for choice in super().choices(changelist):
            if choice["display"] == "All" and choice["query_string"] == changelist.get_query_string(remove=["stage"]):
                choice["display"] = "Waiting"
            yield choice

    def queryset(self, request, queryset):
        if self.value() is None:
            return queryset.waiting()
        return queryset if self.value() == "all" else queryset.filter(stage=self.value())


class HandlingForm(forms.Form):
    """What is said when a suggestion is dealt with."""

    about = forms.CharField(
        label="Promise",
        required=False,
        max_length=300,
        help_text="The title, key or address of the published promise it belongs to. Empty for a new one.",
    )
    reason = forms.CharField(
        label="Not taken up because",
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 70}),
        help_text="Stays at the desk. Needed to decline.",
    )


@admin.register(Suggestion)
class SuggestionAdmin(admin.ModelAdmin):
    """What readers sent us."""

    list_display = ("opened", "what", "said", "about_promise", "received_at", "stage_mark", "handled_by")
    list_display_links = None
    list_filter = (StageFilter, "what")
    list_select_related = ("promise", "handled_by")
    list_per_page = 50
    ordering = ("received_at",)
    search_fields = ("reference", "text", "about", "promise__title")
    search_help_text = "The reference number, words of the text, or the promise."
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="suggestion", ordering="reference")
    def opened(self, row):
        url = reverse("admin:promises_suggestion_change", args=[row.pk])
        return format_html('<a href="{}">{}</a>', url, row.reference)

    @admin.display(description="text")
    def said(self, row):
        return shortened(row.text)

    @admin.display(description="about", ordering="promise__title")
    def about_promise(self, row):
        return row.promise or row.about

    @admin.display(description="stage", ordering="stage")
    def stage_mark(self, row):
        return format_html('<span class="stage {}">{}</span>', row.stage, row.get_stage_display())

    def changelist_view(self, request, extra_context=None):
        Suggestion.objects.forget_contacts(at=timezone.now())
        return super().changelist_view(request, extra_context)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The screen on which a suggestion is read, and taken up or declined."""
        suggestion = self._suggestion(request, object_id)
        form = HandlingForm(request.POST or None, initial={"about": self._about(suggestion)})
        if request.method == "POST":
            if not self.has_change_permission(request, suggestion):
                raise PermissionDenied
            if form.is_valid() and (answer := self._handle(request, suggestion, form)):
                return answer
        context = {
            **self.admin_site.each_context(request),
            "title": f"Suggestion {suggestion.reference}",
            "subtitle": suggestion.get_what_display(),
            "purpose": "What a reader sent us. Nothing of it is public. Take it into a draft, or say why not.",
            "suggestion": suggestion,
            "form": form,
            "is_waiting": suggestion.is_waiting,
            "address_opens": suggestion.address and not rules.url_problem(suggestion.address),
            "may_change": self.has_change_permission(request, suggestion),
            "may_decline": request.user.has_perm("promises.decline_suggestion"),
            "opts": self.opts,
        }
        return render(request, "admin/promises/suggestion.html", context)

    def _suggestion(self, request, object_id):
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            return Suggestion.objects.select_related("promise", "handled_by").get(pk=object_id)
        except (Suggestion.DoesNotExist, ValueError):
            raise Http404("There is no such suggestion.") from None

    def _about(self, suggestion):
        return suggestion.promise.slug if suggestion.promise and suggestion.promise.identity else suggestion.about

    def _handle(self, request, suggestion, form):
        """Do what the button says; returns where to go, or None with a sentence beside the form."""
        if not suggestion.is_waiting:
            form.add_error(None, TOO_LATE)
            return None
        by, at = request.user, timezone.now()
        given = form.cleaned_data
        promise = promise_meant(given["about"])
        if given["about"] and promise is None and suggestion.what != What.PROMISE and "_decline" not in request.POST:
            form.add_error("about", f"No published promise has the title, key or address “{given['about']}”.")
            return None
        if "_take" in request.POST:
            suggestion.handle(Stage.LOOKED_AT, by=by, at=at, promise=promise)
            return self._begin(request, suggestion)
        if "_done" in request.POST:
            suggestion.handle(Stage.TAKEN, by=by, at=at, promise=promise)
            messages.success(request, f"{suggestion} is done: taken up.")
        elif "_decline" in request.POST:
            if not request.user.has_perm("promises.decline_suggestion"):
                raise PermissionDenied
            if not given["reason"].strip():
                form.add_error("reason", "Say why it is not taken up: whoever asks later finds it here.")
                return None
            suggestion.handle(Stage.DECLINED, by=by, at=at, reason=given["reason"].strip())
            messages.success(request, f"{suggestion} is done: not taken up.")
        return HttpResponseRedirect(reverse("admin:promises_suggestion_changelist"))

    def _begin(self, request, suggestion):
        """Lead to the screen where the draft is written, with what the reader said in sight."""
        where = reverse("admin:promises_suggestion_change", args=[suggestion.pk])
        messages.info(
            request,
            format_html(
                '<a href="{}">{}</a> says: {}{}',
                where, suggestion.reference, suggestion.text, f" ({suggestion.address})" if suggestion.address else "",
            ),
        )  # fmt: skip
        if suggestion.promise:
            return HttpResponseRedirect(reverse("admin:promises_promise_record_change", args=[suggestion.promise_id]))
        title, _, _ = suggestion.text.partition("\n")
        beginning = {
            "title": title.strip()[: rules.TITLE_MOST],
            "summary": suggestion.text,
            "suggestion": suggestion.reference,
        }
        return HttpResponseRedirect(f"{reverse('admin:promises_promise_add')}?{urlencode(beginning)}")


def shortened(text):
    """A text in a line."""
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_IN_A_LINE else f"{text[:SHOWN_IN_A_LINE]}…"


def drafted(request, promise):
    """Tie a new draft to the suggestion that it was made from, which the address of its form names."""
    reference = request.GET.get("suggestion", "")
    suggestion = Suggestion.objects.waiting().filter(reference=reference).first() if reference else None
    if suggestion:
        suggestion.handle(Stage.TAKEN, by=request.user, at=timezone.now(), promise=promise)


def waiting_about(promise):
    """The suggestions about a promise that wait, oldest first."""
    return promise.suggestions.filter(stage__in=WAITING).order_by("received_at")
