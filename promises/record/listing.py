"""Listings: an index of versions, made from them alone, for lists to filter, sort and show."""

import json
from datetime import date
from functools import lru_cache

from django.db import models
from django.db.models import F

from promises import reference
from promises.dates import Day, DayField
from promises.record import search  # noqa: F401  (registers the `finds` lookup)
from promises.record.edition import OPEN
from promises.record.version import Version
from promises.statuses import Theme
from promises.text import plain, searchable


def keys_text(keys):
    """Keys as a column keeps them: `|leeds|yorkshire-and-the-humber|`, so that one can be looked for."""
    return f"|{'|'.join(keys)}|" if keys else ""


def keys_of(text):
    """The keys that such a column holds."""
    return tuple(text.strip("|").split("|")) if text else ()


def any_key(column, keys):
    """A condition: the column holds at least one of these keys."""
    condition = models.Q(pk__in=[])
    for key in keys:
        condition |= models.Q(**{f"{column}__contains": f"|{key}|"})
    return condition


class ListingQuerySet(models.QuerySet):
    def in_edition(self, edition, *, latest):
        """What had been published when that edition came out, and not yet been replaced.

        `latest` is the number of the latest edition: for that one, rows are found by their open
        end, which an index holds together.
        """
        if edition >= latest:
            return self.filter(edition_to=OPEN)
        return self.filter(edition_from__lte=edition, edition_to__gt=edition)

    def standing(self, *, as_of):
        """Keep the promises made by that day, each with how it stood."""
        return self.filter(
            periods__valid_from__lte=as_of, periods__valid_to__gt=as_of, periods__edition_to=F("edition_to")
        ).annotate(
            status=F("periods__status"),
            reasons=F("periods__reasons"),
            since=F("periods__since"),
            since_from=F("periods__since_from"),
            date=F("periods__date"),
            date_from=F("periods__valid_from"),
            headline=F("periods__headline"),
            sources=F("periods__sources"),
            update_number=F("periods__update_number"),
            order_slug=F("periods__slug"),  # the listing's own slug would keep the index from giving the order
        )


class Listing(models.Model):
    """One version that was published and not withdrawn: what lists show of it."""

    version = models.OneToOneField(Version, models.CASCADE, primary_key=True, related_name="listing")
    promise_id = models.PositiveIntegerField()
    edition_from = models.PositiveIntegerField()
    edition_to = models.PositiveIntegerField()
    slug = models.SlugField(max_length=60, db_index=False)
    number = models.PositiveIntegerField(help_text="The version's number.")
    published_at = models.DateTimeField(help_text="The moment of its edition.")
    title = models.CharField(max_length=200)
    title_plain = models.CharField(max_length=200)
    summary = models.TextField()
    theme = models.CharField(max_length=30, choices=Theme)
    regions = models.TextField(blank=True, help_text="Keys of its own regions.")
    places = models.TextField(blank=True, help_text="Keys of its own places.")
    place_keys = models.TextField(blank=True, help_text="Every place or region it is found under.")
    department = models.CharField(max_length=100)
    department_key = models.SlugField(max_length=100, db_index=False)
    made_by = models.CharField(max_length=200)
    made_by_keys = models.TextField(blank=True)
    made_on = DayField()
    made_from = models.DateField()
    made_in = models.CharField(max_length=200)
    due_on = DayField(null=True)
    due_from = models.DateField(null=True)
    checked_on = models.DateField(null=True)
    runs = models.TextField(help_text="Its whole history for drawing: JSON of [status, first day].")
    search_text = models.TextField()

    objects = ListingQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["promise_id", "edition_to"], name="listing_of_promise"),
            models.Index(fields=["slug", "edition_to"], name="listing_by_slug"),
            models.Index(fields=["edition_to", "title_plain", "slug"], name="listing_by_title"),
            models.Index(fields=["edition_to", "made_from", "slug"], name="listing_by_made"),
        ]

    def __str__(self):
        return self.slug

    def get_absolute_url(self):
        return f"/promises/{self.slug}/"

    @property
    def place_slugs(self):
        """Its regions, then its places, in the record's order."""
        return (*keys_of(self.regions), *keys_of(self.places))

    def runs_by(self, as_of):
        """Runs of equal status up to a day, for drawing: [(status key, first day, day after the last)]."""
        begun = [run for run in runs_of(self.runs) if run[1] <= as_of]
        ends = [first for _, first in begun[1:]] + [as_of]
        return [(key, first, end) for (key, first), end in zip(begun, ends, strict=True)]


@lru_cache(maxsize=2048)
def runs_of(text):
    """The runs that a listing keeps as text: (status key, first day) each."""
    return tuple((key, date.fromisoformat(first)) for key, first in json.loads(text))


def listing_of(version, *, edition_to, published_at, document=None):
    """Return the unsaved index row of one version, made from its snapshot (and the reference files) alone."""
    document = document or version.document
    regions = [place["slug"] for place in document["regions"]]
    places = [place["slug"] for place in document["places"]]
    first = document.spans[0]
    due_on = document["due_on"] and Day(document["due_on"])
    return Listing(
        version_id=version.pk,
        promise_id=version.promise_id,
        edition_from=version.edition_id,
        edition_to=edition_to,
        slug=version.slug,
        number=version.number,
        published_at=published_at,
        title=document["title"],
        title_plain=plain(document["title"])[:200],
        summary=document["summary"],
        theme=document["theme"]["slug"],
        regions=keys_text(regions),
        places=keys_text(places),
        place_keys=keys_text(sorted(reference.places().keys_of(regions, places))),
        department=document["department"],
        department_key=reference.departments().key_of(document["department"]),
        made_by=document["made_by"],
        made_by_keys=keys_text(reference.people().keys_of(document["made_by"])),
        made_on=document["made_on"],
        made_from=first.begins,
        made_in=document["made_in"],
        due_on=due_on,
        due_from=due_on and due_on.last_day,
        checked_on=document["checked_on"],
        runs=json.dumps([[key, begins.isoformat()] for key, begins, _ in document.runs(date(9999, 12, 30))]),
        search_text=searchable(
            document["title"],
            document["summary"],
            document["quote"],
            document["theme"]["name"],
            *(place["name"] for place in document["regions"] + document["places"]),
            *(_quote_source(document)),
        ),
    )


def _quote_source(document):
    key = document["quote_source"]
    return [document.source(key)["title"]] if key else []
