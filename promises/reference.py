"""What is known of places, people, departments, events and figures: files under `fixtures/`, read once a process."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import yaml

from promises.dates import Day
from promises.statuses import Theme as ThemeKey

WHOLE_COUNTRIES = ("uk", "england")


def slugify(text):
    """Return the text as a key: lower-case letters, digits and single hyphens, at most 60 characters."""
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", re.sub("['’]", "", letters))[:60].strip("-")


def _folded(text):
    """Return the text without regard to case, kind of apostrophe or blanks."""
    return " ".join(text.replace("’", "'").casefold().split())


def _read(name):
    # Everything is read as text: a figure stays as its source wrote it, and a day as it is known.
    from django.conf import settings

    with (settings.BASE_DIR / "fixtures" / name).open("rb") as file:
        return yaml.load(file, yaml.CBaseLoader)  # noqa: S506  (it builds texts, lists and dicts, nothing else)


def _day(text):
    return None if text in ("null", "") else Day.parse(text)


# Places


@dataclass(frozen=True, slots=True)
class Place:
    """A country, region or named place; `regions` are the regions it lies in, `tile` its column and row on the map."""

    slug: str
    name: str
    kind: str
    code: str = ""
    regions: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    tile: tuple[int, int] | None = None

    @property
    def is_region(self):
        """Whether it is one of the twelve regions."""
        return self.kind == "region"

    @property
    def is_whole_country(self):
        """Whether a promise to it is a promise to a whole country, kept apart from those to a place."""
        return self.kind == "country"


class Places:
    """Every place we know, in the file's order."""

    def __init__(self, places):
        self._by_slug = {place.slug: place for place in places}
        self._by_name = {}
        for place in places:
            if not (place.is_region or place.is_whole_country):
                for name in (place.name, *place.also):
                    self._by_name[_folded(name)] = place
        self.regions = tuple(place for place in places if place.is_region)

    def __iter__(self):
        return iter(self._by_slug.values())

    def __len__(self):
        return len(self._by_slug)

    def __contains__(self, slug):
        return slug in self._by_slug

    def get(self, slug):
        """Return the place with this key, or `None`."""
        return self._by_slug.get(slug)

    def by_name(self, name):
        """Return the named place that a record's `places` means, in any known spelling, or `None`."""
        return self._by_name.get(_folded(name))

    def in_region(self, region):
        """Return the named places that lie in the region."""
        return tuple(place for place in self if region in place.regions)

    def keys_of(self, regions, places):
        """Return the keys under which a promise is found: its own regions and places, and the regions these lie in.

        Both are given as keys; a place may also be given by its name.
        """
        keys = set(regions)
        for given in places:
            place = self.get(given) or self.by_name(given)
            if place:
                keys.add(place.slug)
                keys.update(place.regions)
        return keys


@lru_cache(maxsize=1)
def places():
    """Return the places of `fixtures/places.yaml`."""
    return Places(
        [
            Place(
                slug=row["slug"],
                name=row["name"],
                kind=row["kind"],
                code=row.get("code", ""),
                regions=tuple(row.get("regions", ())),
                also=tuple(row.get("also", ())),
                tile=tuple(int(number) for number in row["tile"]) if "tile" in row else None,
            )
            for row in _read("places.yaml")["places"]
        ]
    )


# People and departments


@dataclass(frozen=True, slots=True)
class Person:
    """A person or body that made promises, and the `made_by` texts that mean it."""

    slug: str
    name: str
    kind: str
    spellings: tuple[str, ...]


class People:
    """Everybody who made a promise."""

    def __init__(self, people):
        self._by_slug = {person.slug: person for person in people}
        self._by_spelling = {}
        for person in people:
            for spelling in person.spellings:
                self._by_spelling.setdefault(_folded(spelling), []).append(person.slug)

    def __iter__(self):
        return iter(self._by_slug.values())

    def get(self, slug):
        """Return the person or body with this key, or `None`."""
        return self._by_slug.get(slug)

    def keys_of(self, made_by):
        """Return the keys of all whom the text means, in its order; an unknown text is its own key."""
        meant = self._by_spelling.get(_folded(made_by))
        if not meant:
            return (slugify(made_by),)
        return tuple(sorted(meant, key=lambda slug: made_by.find(self._by_slug[slug].name)))

    def label(self, key):
        """Return the name to show for a key."""
        person = self.get(key)
        return person.name if person else key.replace("-", " ").capitalize()


@lru_cache(maxsize=1)
def people():
    """Return the people and bodies of `fixtures/people.yaml`."""
    return People(
        [
            Person(row["slug"], row["name"], row["kind"], tuple(row["spellings"]))
            for row in _read("people.yaml")["people"]
        ]
    )


@dataclass(frozen=True, slots=True)
class Department:
    """A government department: its key, the short name that records write, and its full name."""

    key: str
    short: str
    name: str
    also: tuple[str, ...] = ()


class Departments:
    """Every department that answers for a promise."""

    def __init__(self, departments):
        self._by_key = {department.key: department for department in departments}
        self._by_text = {}
        for department in departments:
            for text in (department.short, department.name, *department.also):
                self._by_text[_folded(text)] = department.key

    def __iter__(self):
        return iter(self._by_key.values())

    def get(self, key):
        """Return the department with this key, or `None`."""
        return self._by_key.get(key)

    def key_of(self, text):
        """Return the key of the department as written; an unknown one is its own key."""
        return self._by_text.get(_folded(text)) or slugify(text)

    def label(self, key):
        """Return the short name to show for a key."""
        department = self.get(key)
        return department.short if department else key.replace("-", " ").capitalize()

    def full_name(self, key):
        """Return the full name to show for a key."""
        department = self.get(key)
        return department.name if department else self.label(key)


@lru_cache(maxsize=1)
def departments():
    """Return the departments of `fixtures/departments.yaml`."""
    return Departments(
        [
            Department(row["key"], row["short"], row["name"], tuple(row.get("also", ())))
            for row in _read("departments.yaml")["departments"]
        ]
    )


# Themes


@dataclass(frozen=True, slots=True)
class Theme:
    """One of the twelve themes, with a sentence on what belongs to it."""

    slug: str
    label: str
    description: str


@lru_cache(maxsize=1)
def themes():
    """Return the themes by key, in their order."""
    rows = _read("themes.yaml")["themes"]
    return {row["slug"]: Theme(row["slug"], ThemeKey(row["slug"]).label, row["description"]) for row in rows}


# What frames the promises


@dataclass(frozen=True, slots=True)
class Source:
    """Where a reference file's fact was read."""

    title: str
    publisher: str
    url: str
    published: Day | None = None


def _source(row):
    return Source(row["title"], row["publisher"], row["url"], _day(row.get("published", "")))


@dataclass(frozen=True, slots=True)
class Event:
    """A day of the agenda that charts mark and time-travel links offer."""

    date: Day
    label: str
    source: Source


@lru_cache(maxsize=1)
def events():
    """Return the events, earliest first."""
    return tuple(
        Event(_day(row["date"]), row["label"], _source(row["source"])) for row in _read("events.yaml")["events"]
    )


@dataclass(frozen=True, slots=True)
class Series:
    """A named line of figures: pairs of a year, month or region as text and a number."""

    name: str
    points: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Indicator:
    """Figures that put the promises in context; a line is broken after each x in `breaks`."""

    slug: str
    title: str
    unit: str
    note: str
    source: Source
    more_sources: tuple[Source, ...]
    breaks: tuple[str, ...]
    series: tuple[Series, ...]

    @property
    def by_place(self):
        """Whether its points stand for regions rather than times."""
        return any(x in places() for line in self.series for x, _ in line.points)


@lru_cache(maxsize=1)
def indicators():
    """Return the context figures by key, in the file's order."""
    return {
        row["slug"]: Indicator(
            slug=row["slug"],
            title=row["title"],
            unit=row["unit"],
            note=row["note"],
            source=_source(row["source"]),
            more_sources=tuple(_source(source) for source in row.get("more_sources", ())),
            breaks=tuple(row.get("breaks", ())),
            series=tuple(
                Series(line["name"], tuple((x, Decimal(y)) for x, y in line["points"])) for line in row["series"]
            ),
        )
        for row in _read("indicators.yaml")["indicators"]
    }


@dataclass(frozen=True, slots=True)
class LocalAction:
    """What a place did for itself."""

    name: str
    place: Place
    what: str
    source: Source


@lru_cache(maxsize=1)
def local_action():
    """Return the examples of what places did for themselves."""
    return tuple(
        LocalAction(row["name"], places().by_name(row["place"]), row["what"], _source(row["source"]))
        for row in _read("indicators.yaml")["local_action"]
    )


@dataclass(frozen=True, slots=True)
class Term:
    """A term that readers meet, and what it means."""

    term: str
    also: tuple[str, ...]
    definition: str

    @property
    def slug(self):
        return slugify(self.term)


@lru_cache(maxsize=1)
def glossary():
    """Return the terms, A to Z."""
    rows = _read("glossary.yaml")["terms"]
    terms = (Term(row["term"], tuple(row.get("also", ())), row["definition"]) for row in rows)
    return tuple(sorted(terms, key=lambda term: term.term.casefold()))


@lru_cache(maxsize=16)
def dated(name):
    """Return the day of a reference file, such as `indicators.yaml`, on which it was last looked through."""
    return _day(_read(name)["dated"])
