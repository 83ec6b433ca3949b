"""Promises: the page with everything in place, and the list."""

from functools import reduce
from operator import or_

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from promises.desk import audit, workflow
from promises.desk.admin import bulk, change_of_status, importing, steps, suggestion
from promises.desk.admin.base import PLAIN_FIELDS, DeskAdmin, KnownChoice, Lines, PlainChoices, TogetherForm
from promises.desk.admin.front import due_for_checking
from promises.desk.admin.sources import key_for
from promises.desk.models import (
    Measure,
    Place,
    Promise,
    PromisePlace,
    PromiseSource,
    RelatedPromise,
    Reply,
    Submission,
    Update,
    Wording,
)
from promises.desk.models.submission import OPEN_STATES, State
from promises.publishing.snapshot import number
from promises.record.edition import OPEN
from promises.record.period import Period
from promises.record.version import promise_of
from promises.statuses import Status

WORDS_AT_MOST = 8


class Line(PlainChoices):
    """A list on the promise's page; its choices are asked for once."""

    formset = Lines
    formfield_overrides = PLAIN_FIELDS
    parent = None

    def get_formset(self, request, obj=None, **kwargs):
        self.parent = obj
        return super().get_formset(request, obj, **kwargs)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        """Offer only the sources that the promise lists itself; know those of a long list that are chosen already."""
        model = db_field.remote_field.model
        if model is PromiseSource:
            return own_source_field(db_field, self.parent)
        if model is Place:
            return db_field.formfield(form_class=KnownChoice, known=Place.objects.all(), all_known=True)
        if db_field.name in self.autocomplete_fields and self.parent is not None:
            chosen = model.objects.filter(
                pk__in=self.get_queryset(request).filter(promise=self.parent).values(db_field.name)
            )
            kwargs |= {"form_class": KnownChoice, "known": chosen}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


def own_source_field(db_field, promise):
    """A plain choice among the sources of one promise."""
    own = PromiseSource.objects.filter(promise=promise).select_related("source")
    return db_field.formfield(form_class=KnownChoice, queryset=own, known=own, all_known=True)


class PlaceInline(Line, admin.TabularInline):
    model = PromisePlace
    fields = ("place", "position")
    extra = 1
    verbose_name = "place"
    verbose_name_plural = "places: regions or whole countries (at least one), and named places"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("place")


class SourceLines(Lines):
    """The list of sources; gives each a key that was given none."""

    def clean(self):
        super().clean()
        going = {id(form) for form in self.deleted_forms}
        forms_ = [form for form in self.forms if id(form) not in going and form.cleaned_data.get("source")]
        taken = {form.cleaned_data["key"] for form in forms_ if form.cleaned_data.get("key")}
        for form in forms_:
            if not form.cleaned_data.get("key"):
                form.instance.key = key_for(form.cleaned_data["source"], taken)
                taken.add(form.instance.key)


class SourceLine(forms.ModelForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["key"].required = False


class SourceInline(Line, admin.TabularInline):
    model = PromiseSource
    form = SourceLine
    formset = SourceLines
    fields = ("source", "key", "position")
    extra = 1
    verbose_name = "source"
    verbose_name_plural = "sources: choose one, or add it with the plus sign; a key is made where you give none"
    autocomplete_fields = ("source",)
    show_change_link = True

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("source")


class MeasureForm(forms.ModelForm):
    """Shows a figure as it is written, without idle noughts."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("promised", "delivered"):
            if self.initial.get(name) is not None:
                self.initial[name] = number(self.initial[name])


class MeasureInline(Line, admin.StackedInline):
    model = Measure
    form = MeasureForm
    extra = 0
    fields = (("measure", "unit"), ("promised", "delivered", "as_of"), "basis", "source", "position")
    verbose_name_plural = "measures: the numbers promised and delivered"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("source__source")


class WordingInline(Line, admin.StackedInline):
    model = Wording
    extra = 0
    fields = ("date", "before", "after", "source", "position")
    verbose_name_plural = "wordings: how the promise itself was rewritten"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("source__source")


class ReplyInline(Line, admin.StackedInline):
    model = Reply
    extra = 0
    fields = (("date", "by"), "text", "source")
    verbose_name_plural = "reply: what the government said in answer"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("source__source")


class RelatedInline(Line, admin.TabularInline):
    model = RelatedPromise
    fk_name = "promise"
    fields = ("related", "position")
    extra = 0
    verbose_name = "related promise"
    verbose_name_plural = "related promises"
    autocomplete_fields = ("related",)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("related")


class PromiseForm(TogetherForm):
    def clean_slug(self):
        slug = self.cleaned_data["slug"]
        if promise_of(slug) not in (None, self.instance.identity):
            raise ValidationError(f"“{slug}” belonged to another promise and is never used again. Choose another key.")
        return slug


class StageFilter(admin.SimpleListFilter):
    """Where the working copy is on its way."""

    title = "stage"
    parameter_name = "stage"

    def lookups(self, request, model_admin):
        return [("draft", "Never published"), *[(s.value, s.label) for s in State if s in OPEN_STATES]]

    def queryset(self, request, queryset):
        if self.value() == "draft":
            return queryset.filter(identity__isnull=True)
        if self.value():
            return queryset.filter(submissions__state=self.value())
        return queryset


class StatusFilter(admin.SimpleListFilter):
    """How it stands today, as published."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request, model_admin):
        return Status.choices

    def queryset(self, request, queryset):
        if not self.value():
            return queryset
        standing = standing_today().filter(status=self.value())
        return queryset.filter(identity__in=standing.values("listing__promise_id"))


class DueFilter(admin.SimpleListFilter):
    """Whether somebody should look at it again."""

    title = "checking"
    parameter_name = "check"

    def lookups(self, request, model_admin):
        return [("due", "Due for checking")]

    def queryset(self, request, queryset):
        return due_for_checking(queryset, today=timezone.localdate()) if self.value() == "due" else queryset


def standing_today():
    """The stretches that hold today, as published."""
    today = timezone.localdate()
    return Period.objects.filter(edition_to=OPEN, valid_from__lte=today, valid_to__gt=today)


class PageOfPromises(ChangeList):
    """The list, which asks for status and stage of the rows it shows, and of no others."""

    def get_results(self, request):
        super().get_results(request)
        rows = self.result_list = list(self.result_list)
        standing = standing_today().filter(listing__promise_id__in=[row.identity for row in rows if row.identity])
        status = dict(standing.values_list("listing__promise_id", "status"))
        under_way = {s.promise_id: s for s in Submission.objects.open().filter(promise__in=rows)}
        for row in rows:
            row.published_status = Status(status[row.identity]) if row.identity in status else None
            row.submission = under_way.get(row.pk)


@admin.register(Promise)
class PromiseAdmin(DeskAdmin):
    """A promise with everything in place."""

    purpose = (
        "The working copy: change it freely, nothing here is public. When it is right, submit it, and a second person "
        "publishes it."
    )
    form = PromiseForm
    change_form_template = "admin/promises/promise/change_form.html"
    list_display = ("title_and_key", "work", "status", "stage", "theme", "made_on", "due_on", "checked_on")
    list_display_links = None
    list_filter = (StageFilter, StatusFilter, DueFilter, "theme")
    list_select_related = ("theme",)
    search_fields = ("title", "slug", "made_by", "department")
    search_help_text = "Words of the title, the key, a headline, who made it, or the department."
    ordering = ("slug",)
    actions = (bulk.mark_checked, bulk.set_theme, bulk.add_place, *importing.ACTIONS)

    BEGINNING = (PlaceInline, SourceInline)
    ALL = (PlaceInline, SourceInline, MeasureInline, WordingInline, ReplyInline, RelatedInline)

    def get_inlines(self, request, obj):
        return self.ALL if obj else self.BEGINNING

    def get_fieldsets(self, request, obj=None):
        quote = ["quote", "quote_source"] if obj else []
        return [
            ("The promise", {"fields": ["title", "slug", "summary", *quote, "success_test"]}),
            (
                "Who, when, where",
                {
                    "fields": [
                        "theme",
                        "made_by",
                        "department",
                        ("made_on", "due_on"),
                        "made_in",
                        *(["checked_on"] if obj else []),
                    ],
                },
            ),
        ]

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else {"slug": ("title",)}

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "quote_source":
            match = request.resolver_match
            return own_source_field(db_field, match.kwargs.get("object_id") if match else None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_search_results(self, request, queryset, search_term):
        """Each word stands somewhere in the promise or in a headline; asked of each row, never of rows times headlines."""
        for word in search_term.split()[:WORDS_AT_MOST]:
            headline = Update.objects.filter(promise=OuterRef("pk"), headline__icontains=word)
            own = [Q(**{f"{name}__icontains": word}) for name in self.search_fields]
            queryset = queryset.filter(reduce(or_, own, Q(Exists(headline))))
        return queryset, False

    def get_changelist(self, request, **kwargs):
        return PageOfPromises

    # The list

    @admin.display(description="promise", ordering="title")
    def title_and_key(self, row):
        url = reverse("admin:promises_promise_change", args=[row.pk])
        return format_html('<a href="{}">{}</a><br><span class="quiet">{}</span>', url, row.title, row.slug)

    @admin.display(description="status")
    def status(self, row):
        if row.published_status:
            return status_mark(row.published_status)
        return "never published" if row.identity is None else "not in the list"

    @admin.display(description="stage")
    def stage(self, row):
        if row.submission:
            url = reverse("admin:promises_submission_change", args=[row.submission.pk])
            state = State(row.submission.state)
            return format_html('<a href="{}"><span class="stage {}">{}</span></a>', url, state.value, state.label)
        return mark_safe('<span class="stage">Draft</span>') if row.identity is None else ""

    @admin.display(description="work")
    def work(self, row):
        url = reverse("admin:promises_promise_record_change", args=[row.pk])
        return format_html('<a class="button" href="{}">Record a change</a>', url)

    # The page

    def get_urls(self):
        def at(address, view, name):
            return path(f"<int:object_id>/{address}", self.admin_site.admin_view(view), name=f"promises_promise_{name}")

        return [
            at("change-of-status/", change_of_status.screen, "record_change"),
            at("change-of-status/<int:update_id>/", change_of_status.screen, "change_update"),
            at("preview/", steps.preview, "preview"),
            at("submit/", steps.submit, "submit"),
            at("check/", steps.check, "check"),
            at("withdraw/", steps.withdraw, "withdraw"),
            *importing.urls(self.admin_site),
            *super().get_urls(),
        ]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        extra = {}
        promise = self.get_object(request, object_id)
        if promise and self.has_view_permission(request, promise):
            extra = {
                "updates": steps.updates_for_people(promise),
                "submission": workflow.open_submission(promise),
                "draft": workflow.draft_of(workflow.fresh(promise.pk), at=timezone.now()),
                "public_url": steps.public_url(promise),
                "suggestions": suggestion.waiting_about(promise),
            }
        return super().change_view(request, object_id, form_url, {**extra, **(extra_context or {})})

    def response_add(self, request, obj, post_url_continue=None):
        suggestion.drafted(request, obj)
        if "_continue" in request.POST or "_addanother" in request.POST or "_popup" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        messages.success(
            request, f"“{obj}” is saved as a draft. Now record its making, the first update of every promise."
        )
        return HttpResponseRedirect(reverse("admin:promises_promise_record_change", args=[obj.pk]))

    def response_change(self, request, obj):
        if "_submit" in request.POST:
            return HttpResponseRedirect(reverse("admin:promises_promise_submit", args=[obj.pk]))
        return super().response_change(request, obj)

    def has_delete_permission(self, request, obj=None):
        """Only what was never published is deleted; all else is withdrawn."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.identity is None)

    def get_deleted_objects(self, objs, request):
        """A draft goes with all its parts, none of which has a delete page of its own."""
        to_delete, counts, _, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), protected

    def histories(self, row):
        return audit.of_promise(row)


def status_mark(status):
    """A status as icon and word, never one without the other."""
    return format_html(
        '<span class="status {0}"><svg class="icon" aria-hidden="true"><use href="#icon-{0}"/></svg>{1}</span>',
        status.value,
        status.label,
    )
