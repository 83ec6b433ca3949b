"""The shelves on which promises stand: themes and places, with what is counted on each."""

from dataclasses import dataclass
from functools import cached_property

from promises import reference
from promises.public import charts, sentences
from promises.public.columns import SHOWN, number_of, page_rows, rows_between, strip_axis
from promises.public.counts import FACETS, PLACE, Facet
from promises.public.filters import PromiseFilter
from promises.record.listing import Listing
from promises.statuses import Status

MOST_ROWS_OF_COUNTRY = 20
NOT_ENGLISH = {"scotland", "wales", "northern-ireland"}


def place_of(slug):
    """The place that has a page: one of the twelve regions, or one that a published promise names; else None."""
    place = reference.places().get(slug)
    if place is None or place.is_region or Listing.objects.filter(PLACE.condition([slug])).exists():
        return place
    return None


@dataclass(frozen=True, slots=True)
class Cell:
    """A number, and the address of the rows it counts."""

    number: int
    address: str
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """A theme or a place, with its promises by status."""

    key: str
    name: str
    address: str
    description: str
    total: Cell
    cells: tuple[Cell, ...]
    bar: str


class Shelves:
    """All themes, or all places, each with what is counted on it."""

    def __init__(self, asked, facet: Facet):
        self.asked = asked
        self.facet = facet
        self._counts = asked.census.by_status(facet)

    def __iter__(self):
        """Those that have a page, in the order of the reference file; the twelve even when empty."""
        return (self._shelf(key) for key in self.facet.known() if self._has_page(key))

    def data_address(self, format):
        """The same numbers as data."""
        query = self.asked.query()
        return f"/{self.facet.name}s.{format}{'?' if query else ''}{query}"

    @property
    def csv_address(self):
        return self.data_address("csv")

    @property
    def json_address(self):
        return self.data_address("json")

    @property
    def regions(self):
        return [self._shelf(place.slug) for place in reference.places().regions]

    @property
    def countries(self):
        return [shelf for shelf in self if shelf.key in ("uk", "england")]

    @property
    def by_region(self):
        """The named places of each region: (region, places A to Z), those without promises left out."""
        places = reference.places()
        found = []
        for region in self.regions:
            named = [self._shelf(place.slug) for place in places.in_region(region.key) if self._counts.get(place.slug)]
            if named:
                found.append((region, sorted(named, key=lambda shelf: shelf.name)))
        return found

    def _has_page(self, key):
        if self.facet is not PLACE:
            return True
        return reference.places().get(key).is_region or bool(self._counts.get(key))

    def _shelf(self, key):
        counts = {status.value: self._counts[key][status.value] for status in Status}
        address = self.asked.tracker_address
        name = self.facet.name
        cells = tuple(
            Cell(counts[status], address(**{name: [key], "status": [status.value]}), status) for status in Status
        )
        kept = f"?{self.asked.moment.kept}" if self.asked.moment.kept else ""
        theme = reference.themes().get(key) if self.facet is not PLACE else None
        return Shelf(
            key=key,
            name=self.facet.label_of(key),
            address=f"/{name}s/{key}/{kept}",
            description=theme.description if theme else "",
            total=Cell(sum(counts.values()), address(**{name: [key]})),
            cells=cells,
            bar=charts.bar(counts),
        )


class PlacePage:
    """What a place's page shows beside its own promises."""

    def __init__(self, asked, place):
        self.asked = asked
        self.place = place

    @property
    def name(self):
        return self.place.name

    @property
    def in_a_sentence(self):
        return sentences.place_in_a_sentence(self.place.slug)

    @property
    def regions(self):
        """The regions it lies in: (name, address)."""
        return [self._link(reference.places().get(region)) for region in self.place.regions]

    @property
    def within(self):
        """The places within a region that have promises: (name, address, number), A to Z."""
        counts = self.asked.census.per_key["place"]
        named = [place for place in reference.places().in_region(self.place.slug) if counts[place.slug]]
        return [(*self._link(place), counts[place.slug]) for place in sorted(named, key=lambda place: place.name)]

    def _link(self, place):
        kept = f"?{self.asked.moment.kept}" if self.asked.moment.kept else ""
        return place.name, f"/places/{place.slug}/{kept}"

    # Promises to the whole country, which are no part of the place's own rows and counts.

    @property
    def countries(self):
        """The keys of the whole countries that the place is part of."""
        if self.place.is_whole_country:
            return []
        regions = {self.place.slug} if self.place.is_region else set(self.place.regions)
        return ["uk", "england"] if regions - NOT_ENGLISH else ["uk"]

    @cached_property
    def wide(self):
        """The same question about the whole country."""
        given = {facet.name: self.asked.chosen[facet.name] for facet in FACETS if facet.name != "place"}
        moment = self.asked.moment
        return PromiseFilter.of(
            {
                "q": self.asked.words or None,
                **{name: keys for name, keys in given.items() if keys},
                "place": self.countries,
                "as_of": moment.day.isoformat() if moment.asked_day else None,
                "edition": moment.number if moment.asked_edition else None,
            },
            today=self.asked.today,
        )

    @property
    def wide_number(self):
        return number_of(self.wide.count, "promise")

    @property
    def wide_address(self):
        return self.wide.tracker_address()

    @cached_property
    def wide_rows(self):
        """The latest of them, ready for a page."""
        rows = rows_between(self.wide, 0, MOST_ROWS_OF_COUNTRY, SHOWN)
        first = self.wide.register.first_made
        axis = strip_axis(first, self.wide.moment.day)
        return page_rows(rows, moment=self.wide.moment, terms=self.wide.terms, axis=axis)
