"""Links: addresses of sources that no longer lead to them, and what one does about each."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from promises.desk import audit, rules, workflow
from promises.desk.admin.base import PlainDateInput, say_lifted
from promises.desk.models import LinkCheck, Source
from promises.desk.models.link_check import LinkState, Outcome

STAGES = {LinkState.ALIVE: "published", LinkState.FAILING: "waiting", LinkState.DEAD: "sent_back"}


class StateFilter(admin.SimpleListFilter):
    """What is to be thought of an address; what wants somebody, unless asked otherwise."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("all", "All"), *LinkState.choices]

    def choices(self, changelist):
        for choice in super().choices(changelist):
            if choice["display"] == "All" and choice["query_string"] == changelist.get_query_string(remove=["state"]):
                choice["display"] = "Dead, without an archived copy"
            yield choice

    def queryset(self, request, queryset):
        if self.value() is None:
            return queryset.wanting()
        return queryset if self.value() == "all" else queryset.filter(state=self.value())


class ArchivedCopyForm(forms.ModelForm):
    """Where a copy of the document is kept."""

    class Meta:
        model = Source
        fields = ("archived_url", "archived_on")
        widgets = {"archived_url": forms.URLInput(attrs={"size": 70}), "archived_on": PlainDateInput}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["archived_url"].required = True
        self.fields["archived_url"].help_text = "For instance at web.archive.org or webarchive.nationalarchives.gov.uk."

    def clean_archived_url(self):
        address = self.cleaned_data["archived_url"]
        if address == self.instance.url:
            raise forms.ValidationError("This is the address of the source itself. Give that of a copy of it.")
        return address


@admin.register(LinkCheck)
class LinkCheckAdmin(admin.ModelAdmin):
    """Whether the addresses of sources still lead to them."""

    list_display = ("of_source", "state_mark", "detail", "status", "failing_since", "checked_at", "is_archived")
    list_display_links = None
    list_filter = (StateFilter,)
    list_select_related = ("source",)
    list_per_page = 50
    ordering = ("failing_since", "pk")
    search_fields = ("source__title", "source__publisher", "source__url")
    search_help_text = "Words of the title, the publisher or the address."
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="source", ordering="source__title")
    def of_source(self, row):
        url = reverse("admin:promises_linkcheck_change", args=[row.pk])
        return format_html('<a href="{}">{}</a><br><span class="quiet">{}</span>', url, row.source, row.source.url)

    @admin.display(description="state", ordering="state")
    def state_mark(self, row):
        return format_html('<span class="stage {}">{}</span>', STAGES.get(row.state, ""), row.get_state_display())

    @admin.display(description="archived", boolean=True)
    def is_archived(self, row):
        return bool(row.source.archived_url)

    @transaction.atomic
    def change_view(self, request, object_id, form_url="", extra_context=None):
        """The screen of one address: what was met, a copy to record, or that it opens for people."""
        check = self._check(request, object_id)
        may_change = request.user.has_perm("promises.change_source")
        form = ArchivedCopyForm(instance=check.source)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            if "_opens" in request.POST:
                return self._opens(request, check)
            form = ArchivedCopyForm(request.POST, instance=Source.objects.select_for_update().get(pk=check.source_id))
            if form.is_valid():
                return self._record_copy(request, check, form)
        context = {
            **self.admin_site.each_context(request),
            "title": "A link to look at",
            "subtitle": str(check.source),
            "purpose": "Open the address. If it is gone, find an archived copy and record it here; readers then get both.",
            "check": check,
            "stage": STAGES.get(check.state, ""),
            "address_opens": not rules.url_problem(check.source.url),
            "promises": workflow.promises_showing(check.source),
            "form": form,
            "may_change": may_change,
            "opts": self.opts,
        }
        return render(request, "admin/promises/link_check.html", context)

    def _check(self, request, object_id):
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            return LinkCheck.objects.select_related("source").get(pk=object_id)
        except (LinkCheck.DoesNotExist, ValueError):
            raise Http404("There is no such check.") from None

    def _opens(self, request, check):
        check.learn(Outcome.ANSWERED, at=timezone.now())
        check.status, check.leads_to, check.detail = None, "", f"Opened by {request.user}."
        check.save()
        messages.success(request, "Noted that it opens. It is asked for again in a week.")
        return self._back()

    def _record_copy(self, request, check, form):
        if form.has_changed():
            touched = list(workflow.promises_showing(check.source))
            audit.remember(Source, [check.source_id])
            form.save()
            say_lifted(request, touched)
            messages.success(
                request,
                "Recorded. Readers see the copy once one of the promises that show this source is published again.",
            )
        return self._back()

    def _back(self):
        return HttpResponseRedirect(reverse("admin:promises_linkcheck_changelist"))
