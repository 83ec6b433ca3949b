"""Sources: documents anyone can open, shared by all promises that cite them."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, Subquery
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from promises.desk import workflow
from promises.desk.admin.base import PLAIN_FIELDS, DeskAdmin, Lines, TogetherForm, link
from promises.desk.models import Evidence, PromiseSource, Source
from promises.reference import slugify


class AnotherReading(forms.Form):
    """Whether a source with an address that is here already is meant."""

    another_reading = forms.BooleanField(
        required=False,
        label="It is another document, or another reading of the page",
        help_text="Only needed where its address is here already.",
    )


def address_problem(url, *, but=None):
    """Say in a sentence that an address is here already; an empty text where it is not."""
    there = workflow.same_address(url, but=but) if url else []
    if not there:
        return ""
    names = "; ".join(f"“{source.title}” ({source.publisher}, {source.published or 'no day'})" for source in there[:3])
    return (
        f"This address is here already: {names}. Cite that one, or tick “It is another document, or another reading”."
    )


class SourceForm(TogetherForm):
    another_reading = AnotherReading.base_fields["another_reading"]

    def clean(self):
        given = super().clean()
        is_asked = "url" in self.changed_data and not given.get("another_reading")
        if is_asked and (problem := address_problem(given.get("url"), but=self.instance.pk)):
            self.add_error("url", problem)
        return given


@admin.register(Source)
class SourceAdmin(DeskAdmin):
    """A document, as of one reading."""

    purpose = (
        "A document anyone can open. A correction here changes every promise that shows it: "
        "they are corrected together when one of them is published."
    )
    form = SourceForm
    list_display = ("title", "publisher", "published", "kind", "cited_by", "is_archived")
    list_filter = ("kind",)
    search_fields = ("title", "publisher", "url")
    search_help_text = "Words of the title, the publisher or the address."
    ordering = ("-pk",)
    fields = (
        "title",
        "publisher",
        "url",
        "another_reading",
        "published",
        "kind",
        "archived_url",
        "archived_on",
        "via",
        "copy_of",
        "shown_by",
    )
    readonly_fields = ("shown_by",)

    def promises_touched(self, row):
        return list(workflow.promises_showing(row))

    def get_queryset(self, request):
        ties = PromiseSource.objects.filter(source=OuterRef("pk")).order_by().values("source")
        return super().get_queryset(request).annotate(promise_count=Subquery(ties.annotate(n=Count("pk")).values("n")))

    @admin.display(description="promises")
    def cited_by(self, row):
        return row.promise_count or 0

    @admin.display(description="archived", boolean=True)
    def is_archived(self, row):
        return bool(row.archived_url)

    @admin.display(description="shown by")
    def shown_by(self, row):
        ties = row.promise_sources.select_related("promise") if row.pk else ()
        rows = [(reverse("admin:promises_promise_change", args=[t.promise_id]), t.promise, t.key) for t in ties]
        return (
            format_html("<ul>{}</ul>", format_html_join("", '<li><a href="{}">{}</a> as “{}”</li>', rows))
            if rows
            else "—"
        )


class EvidenceInline(admin.StackedInline):
    """Claims that the source bears out."""

    model = Evidence
    formset = Lines
    formfield_overrides = PLAIN_FIELDS
    extra = 1
    fields = ("claim", "read", "how", "address", "position")
    verbose_name = "claim"
    verbose_name_plural = "claims: what it is cited for"


class TieForm(TogetherForm):
    def clean_key(self):
        key = self.cleaned_data["key"]
        if (
            PromiseSource.objects.filter(promise=self.instance.promise_id, key=key)
            .exclude(pk=self.instance.pk)
            .exists()
        ):
            raise ValidationError(f"“{key}” is the key of another source of this promise. Choose another.")
        return key


@admin.register(PromiseSource)
class PromiseSourceAdmin(DeskAdmin):
    """A source in the list of one promise, with what it is cited for."""

    purpose = "What this source is cited for in this promise. Claims are public; what you noted while reading is not."
    form = TieForm
    inlines = (EvidenceInline,)
    fields = ("of_promise", "source_itself", "key")
    readonly_fields = ("of_promise", "source_itself")
    list_select_related = ("promise", "source")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("promise", "source")

    def promises_touched(self, row):
        return [row.promise]

    def histories(self, row):
        claims = Evidence.history.filter(promise_source_id=row.pk)
        return [*super().histories(row), (Evidence, claims)]

    @admin.display(description="promise")
    def of_promise(self, row):
        return link(reverse("admin:promises_promise_change", args=[row.promise_id]), row.promise)

    @admin.display(description="source")
    def source_itself(self, row):
        return link(reverse("admin:promises_source_change", args=[row.source_id]), row.source)

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def has_module_permission(self, request):
        return False


def key_for(source, taken):
    """A short key for a source in a promise's list: its publisher and year, numbered where that is taken."""
    year = str(source.published or "")[:4]
    words = slugify(source.publisher).split("-")
    short = "".join(word[0] for word in words) if len(words) > 2 else "-".join(words)
    stem = "-".join(part for part in (short[:40].strip("-"), year) if part) or "source"
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}-{number}", number + 1
    return key
