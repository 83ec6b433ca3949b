"""Periods: an index of how each version says its promise stood, stretch by stretch."""

from django.db import models

from promises.dates import DayField
from promises.record.listing import Listing, ListingQuerySet, keys_text
from promises.statuses import Status, Theme
from promises.text import searchable


class PeriodQuerySet(models.QuerySet):
    in_edition = ListingQuerySet.in_edition


class Period(models.Model):
    """One stretch of days between updates, half open: `valid_from` belongs to it, `valid_to` does not.

    Copies of what lists sort and filter by stand in it, so that a list walks one index.
    """

    listing = models.ForeignKey(Listing, models.CASCADE, related_name="periods", db_index=False)
    edition_from = models.PositiveIntegerField()
    edition_to = models.PositiveIntegerField()
    slug = models.SlugField(max_length=60, db_index=False)
    theme = models.CharField(max_length=30, choices=Theme)
    valid_from = models.DateField()
    valid_to = models.DateField()
    status = models.CharField(max_length=20, choices=Status)
    reasons = models.TextField(blank=True)
    since = DayField()
    since_from = models.DateField()
    date = DayField()
    update_number = models.PositiveIntegerField()
    headline = models.CharField(max_length=200)
    sources = models.PositiveIntegerField(help_text="Distinct sources of its update.")
    search_text = models.TextField()

    objects = PeriodQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["listing", "valid_from"], name="period_of_listing"),
            models.Index(
                models.F("edition_to"),
                models.F("valid_from").desc(),
                models.F("slug"),
                models.F("valid_to"),
                models.F("status"),
                models.F("theme"),
                name="period_recent",
            ),
            models.Index(
                models.F("edition_to"),
                models.F("status"),
                models.F("valid_from").desc(),
                models.F("slug"),
                models.F("valid_to"),
                name="period_by_status",
            ),
            models.Index(
                models.F("edition_to"),
                models.F("theme"),
                models.F("valid_from").desc(),
                models.F("slug"),
                models.F("valid_to"),
                models.F("status"),
                name="period_by_theme",
            ),
        ]

    def __str__(self):
        return f"{self.slug} from {self.valid_from}"


def periods_of(version, *, edition_to, document=None):
    """Return the unsaved index rows of one version's stretches, made from its snapshot alone."""
    document = document or version.document
    return [
        Period(
            listing_id=version.pk,
            edition_from=version.edition_id,
            edition_to=edition_to,
            slug=version.slug,
            theme=document["theme"]["slug"],
            valid_from=span.begins,
            valid_to=span.until,
            status=span.update["status"],
            reasons=keys_text(span.update["reason"]),
            since=span.since,
            since_from=span.since_from,
            date=span.update["date"],
            update_number=span.update["number"],
            headline=span.update["headline"],
            sources=len(set(span.update["sources"])),
            search_text=searchable(
                span.update["headline"],
                span.update["explanation"],
                *(document.source(key)["title"] for key in span.update["sources"]),
            ),
        )
        for span in document.spans
    ]
