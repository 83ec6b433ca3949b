"""Everything a reader may ask of the list of promises, in every format."""

import re
from copy import copy
from functools import cached_property, lru_cache
from itertools import chain, islice
from urllib.parse import urlencode

from django import forms
from django.db.models import Case, Q, Value, When
from django.http import QueryDict
from django_filters import Filter, FilterSet

from promises.public import spelling
from promises.public.asking import BadQuestion, MomentForm
from promises.public.counts import BY, DEPARTMENT, FACETS, PLACE, REASON, STATUS, THEME, Census, series
from promises.record import words as record_words
from promises.record.listing import Listing
from promises.record.period import Period
from promises.record.register import SLUG, register_of
from promises.record.search import found
from promises.statuses import Status
from promises.text import MOST_TERMS, is_short, stem, terms, wholes, words

KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
LONGEST_QUESTION = 200
PAGE_ROWS = {"html": 50, "json": 100}
"""How many rows a page holds, of the formats that have pages."""

IN_ORDER = Case(*(When(status=status, then=Value(place)) for place, status in enumerate(Status)))
LATEST_FIRST = ("-date_from", "order_slug")
SORTS = {
    "changed": LATEST_FIRST,
    "-changed": ("date_from", "order_slug"),
    "made": ("made_from", "slug"),
    "-made": ("-made_from", "slug"),
    "title": ("title_plain", "slug"),
    "-title": ("-title_plain", "slug"),
    "status": ("status_order", *LATEST_FIRST),
    "-status": ("-status_order", *LATEST_FIRST),
}
"""What each `sort` orders by: every order ends in the slug, so that none depends on the database's mood."""


def quoted(value):
    """A reader's own word as a message repeats it."""
    value = "".join(c if c.isprintable() else " " for c in str(value))
    return f"“{value[:40]}{'…' if len(value) > 40 else ''}”"


class KeysField(forms.MultipleChoiceField):
    """Keys of one facet, each known; empty ones count as not given."""

    def __init__(self, *, facet, **kwargs):
        self.facet = facet
        super().__init__(required=False, **kwargs)

    def to_python(self, value):
        return list(dict.fromkeys(key for key in super().to_python(value) if key.strip()))

    def validate(self, value):
        for key in value:
            if not (len(key) <= 100 and KEY.fullmatch(key) and self.facet.knows(key)):
                known = self.facet.where_known or f"Known: {', '.join(self.facet.known())}."
                raise forms.ValidationError(
                    f"{quoted(key)} is not a {self.facet.noun or self.facet.name} we know. {known}"
                )


class WordsField(forms.CharField):
    """Words to look for: at least one, if anything."""

    def clean(self, value):
        value = " ".join("".join(c if c.isprintable() else " " for c in str(value or "")).split())
        if len(value) > LONGEST_QUESTION:
            raise forms.ValidationError(
                f"That is {len(value)} characters long. Write at most {LONGEST_QUESTION}: a few words find more."
            )
        if value and not words(value):
            raise forms.ValidationError(f"{quoted(value)} holds no word to look for. Write at least one.")
        return value


class SortField(forms.CharField):
    """The name of an order."""

    def clean(self, value):
        value = (value or "").strip()
        if value and value not in SORTS:
            raise forms.ValidationError(f"{quoted(value)} is not an order we know. Known: {', '.join(SORTS)}.")
        return value


class PageField(forms.CharField):
    """A page number, of the formats that have pages."""

    def clean(self, value):
        value = (value or "").strip()
        if value and not (value.isascii() and value.isdecimal() and int(value[:7]) >= 1 and len(value) <= 6):
            raise forms.ValidationError(f"{quoted(value)} is not a page. Pages are numbered from 1.")
        return int(value) if value else None


class AskedFilter(Filter):
    """A filter of ours: each question has its own, with the fields and conditions of all."""

    def __deepcopy__(self, memo):
        return copy(self)


class KeysFilter(AskedFilter):
    """Keeps the promises that have any of the keys chosen."""

    def __init__(self, facet):
        self.facet = facet
        super().__init__(label=facet.label)

    @property
    def field(self):
        return KeysField(facet=self.facet, label=self.label)

    def filter(self, listings, keys):
        return listings.filter(self.facet.condition(keys)) if keys else listings


class WordsFilter(AskedFilter):
    """Keeps the promises in which every word is found; `PromiseFilter.standing` applies it, as it may forgive spelling."""

    field_class = WordsField

    def filter(self, listings, value):
        return listings


class SortFilter(AskedFilter):
    """Puts the promises in order; words, unless told otherwise, put the closest matches first."""

    field_class = SortField

    def filter(self, listings, value):
        if value.lstrip("-") == "status":
            listings = listings.annotate(status_order=IN_ORDER)
        if value or not self.parent.terms:
            return listings.order_by(*SORTS[value or "changed"])
        return listings.annotate(relevance=relevance(self.parent.terms)).order_by("relevance", *LATEST_FIRST)


class PageFilter(AskedFilter):
    """Leaves the rows alone: the answer cuts them into pages."""

    field_class = PageField

    def filter(self, listings, value):
        return listings


def relevance(asked_terms):
    """How close a match is: 0 where the title has all the words, 1 where the promise's own words do, 2 elsewhere.

    A title is asked by the beginnings of its words (whole ones for a short term), the same on both databases.
    """
    in_title, in_own_words = Q(), Q()
    for term, pattern in zip(asked_terms, beginnings(asked_terms), strict=True):
        in_title &= Q(title_plain__regex=pattern)
        in_own_words &= Q(search_text__finds=term)
    return Case(When(in_title, then=Value(0)), When(in_own_words, then=Value(1)), default=Value(2))


def beginnings(asked_terms):
    """Yield for each term the pattern by which a title has it."""
    for term in asked_terms:
        whole = [word for word in wholes(term) if not word.startswith("_")]
        root = stem(term)[1:]
        begin = root if not is_short(root) and term.startswith(root) else term
        yield f"(^|[^a-z0-9])({'|'.join(whole)})($|[^a-z0-9])" if whole else f"(^|[^a-z0-9]){begin}"


class PromiseFilter(FilterSet):
    """One question about the promises, understood in full or refused (`BadQuestion`).

    `today` is the British day; `format` names the answer, as not each has pages; `shelf` is the
    (facet name, key) that the address itself gives: a theme's page, or a place's.
    """

    q = WordsFilter(label="Search promises")
    status = KeysFilter(STATUS)
    reason = KeysFilter(REASON)
    theme = KeysFilter(THEME)
    place = KeysFilter(PLACE)
    department = KeysFilter(DEPARTMENT)
    by = KeysFilter(BY)
    sort = SortFilter(label="Sort by")
    page = PageFilter(label="Page")

    class Meta:
        model = Listing
        fields = []
        form = MomentForm

    NAMES = ("q", "status", "reason", "theme", "place", "department", "by", "as_of", "edition", "sort", "page")
    """Every name we know, in the order in which addresses give them."""

    def __init__(self, data, *, today, format="html", shelf=None):
        super().__init__(data, queryset=Listing.objects.all())
        self.is_bound = True
        self.today = today
        self.format = format
        self.shelf = shelf
        errors = {name.replace("__all__", "query"): list(sentences) for name, sentences in self.form.errors.items()}
        if self.form.data.get("page", "").strip() and format not in PAGE_ROWS:
            errors.setdefault("page", []).append("This answer holds every row and has no pages. Leave “page” out.")
        if shelf and set(self.given(shelf[0])) - {shelf[1]}:
            errors.setdefault(shelf[0], []).append(
                f"This address is about one {shelf[0]}. Ask for another at / instead."
            )
        if errors:
            raise BadQuestion(errors, asked=self)

    @classmethod
    @lru_cache(maxsize=1)
    def _form_class(cls):
        fields = {name: a_filter.field for name, a_filter in cls.base_filters.items()}
        form = type("PromiseFilterForm", (MomentForm,), fields)
        for field in form.base_fields.values():  # no form changes its fields, so all may have the same
            field.__deepcopy__ = lambda memo, field=field: field
        return form

    @cached_property
    def form(self):
        return self._form_class()(self.data, today=self.today)

    def given(self, name):
        getlist = getattr(self.data, "getlist", None)
        return [value for value in (getlist(name) if getlist else [self.data.get(name)]) if value]

    # What was asked

    @cached_property
    def moment(self):
        return self.form.moment

    @cached_property
    def chosen(self):
        """The keys chosen, by name of facet; those that the address itself gives included."""
        chosen = {facet.name: self.form.cleaned_data[facet.name] for facet in FACETS}
        return chosen | {self.shelf[0]: [self.shelf[1]]} if self.shelf else chosen

    @property
    def words(self):
        """The words as typed."""
        return self.form.cleaned_data["q"]

    @property
    def order(self):
        """The order asked for; empty where the question leaves it to us."""
        return self.form.cleaned_data["sort"]

    @property
    def number(self):
        """The number of the page."""
        return self.form.cleaned_data["page"] or 1

    @cached_property
    def parameters(self):
        """The question as understood, canonical: what was given, in one order, each key once."""
        given = {name: list(keys) for name, keys in self.chosen.items() if keys}
        if self.words:
            given["q"] = self.words
        if self.moment.asked_day:
            given["as_of"] = self.moment.day.isoformat()
        if self.moment.asked_edition:
            given["edition"] = self.moment.number
        if self.order and not (self.order == "changed" and not self.words):
            given["sort"] = self.order
        if self.number > 1:
            given["page"] = self.number
        return {name: given[name] for name in self.NAMES if name in given}

    # What answers

    @cached_property
    def terms(self):
        """The words looked for: as typed, or, where nothing has those, the likeliest that something has."""
        typed = terms(self.words)
        if not typed or self._found(typed):
            return typed
        return next((other for other in spelling.nearest(typed, moment=self.moment) if self._found(other)), typed)

    @property
    def looked_for(self):
        """What was looked for instead of the words as typed; empty where they were."""
        return " ".join(self.terms) if self.terms != terms(self.words) else ""

    @property
    def has_too_many_words(self):
        return len(set(words(self.words))) > MOST_TERMS

    def _standing_with(self, asked_terms):
        listings = Listing.objects.in_edition(self.moment.number, latest=self.moment.latest)
        listings = listings.standing(as_of=self.moment.day)
        if not asked_terms:
            return listings
        periods = Period.objects.in_edition(self.moment.number, latest=self.moment.latest)
        return listings.filter(found(asked_terms, as_of=self.moment.day, periods=periods))

    @property
    def standing(self):
        """The promises of the moment in which the words are found, each with how it stood; in no order."""
        return self._standing_with(self.terms)

    @cached_property
    def qs(self):
        return self.filter_queryset(self.standing)

    def filter_queryset(self, queryset):
        for facet in FACETS:
            queryset = self.filters[facet.name].filter(queryset, self.chosen[facet.name])
        return self.filters["sort"].filter(queryset, self.order)

    @cached_property
    def register(self):
        return register_of(self.moment.edition)

    def _found(self, asked_terms):
        return record_words.found(asked_terms, register=self.register, as_of=self.moment.day)

    @cached_property
    def census(self):
        return Census(self.moment, self.chosen, self._found(self.terms) if self.terms else None)

    def between(self, begin, end):
        """The slugs of some of the promises asked for, in order, and a queryset that has them in none."""
        chosen = list(islice(self._in_order(), begin, end))
        # A range of editions, where one number would do: it leaves the promises themselves as the better way in.
        listings = Listing.objects.filter(edition_from__lte=self.moment.number, edition_to__gt=self.moment.number)
        listings = listings.filter(promise_id__in=chosen).standing(as_of=self.moment.day)
        return [self.register.names[promise][SLUG] for promise in chosen], listings.order_by()

    def _in_order(self):
        """The promises asked for, one after the other."""
        promises, day = self.census.promises, self.moment.day
        if self.order or not self.terms:
            return self.register.in_order(promises, self.order or "changed", day)
        closest, close, others = self._by_relevance(promises)
        return chain.from_iterable(
            self.register.in_order(some, "changed", day) for some in (closest, close, others) if some
        )

    def _by_relevance(self, promises):
        """The same three kinds of matches as `relevance`."""
        asked = {"register": self.register, "as_of": self.moment.day}
        patterns = [re.compile(pattern) for pattern in beginnings(self.terms)]
        in_title = promises & record_words.found_in_title(self.terms, patterns, **asked)
        own = promises & record_words.found_in_own_words(self.terms, **asked)
        return in_title, own & ~in_title, promises & ~own & ~in_title

    @property
    def counts(self):
        """How many stand in each status, whatever status was asked for."""
        return self.census.counts

    @property
    def count(self):
        """How many rows match."""
        return self.census.total

    @cached_property
    def series(self):
        return series(self)

    @classmethod
    def of(cls, given, *, today, **kwargs):
        """A question put together by ourselves: {name: text, number, list of keys or None}."""
        data = QueryDict(mutable=True)
        for name, value in given.items():
            if value is not None:
                data.setlist(name, value if isinstance(value, list) else [str(value)])
        return cls(data, today=today, **kwargs)

    def otherwise(self, **changes):
        """The same question with other values: None drops a name."""
        own = ("page", self.shelf[0]) if self.shelf else ("page",)
        given = {name: value for name, value in self.parameters.items() if name not in own}
        return self.of({**given, **changes}, today=self.today, format=self.format, shelf=self.shelf)

    # Addresses

    @property
    def rows_a_page(self):
        return PAGE_ROWS[self.format]

    @property
    def pages(self):
        """How many pages there are; one where there is nothing."""
        return max(1, -(-self.count // self.rows_a_page))

    def query(self, *, shelf=True, **changes):
        """The query that asks the same with these changes: None drops a name, and `page` is dropped unless given."""
        given = {**self.parameters, "page": None, **changes}
        if self.shelf and not shelf:
            given.pop(self.shelf[0], None)
        pairs = [(name, value) for name in self.NAMES if (value := given.get(name))]
        return urlencode(pairs, doseq=True) if pairs else ""

    @property
    def home(self):
        """The path of the page that asks this: the tracker, or a shelf."""
        return f"/{self.shelf[0]}s/{self.shelf[1]}/" if self.shelf else "/"

    def address(self, **changes):
        """The path and query of the page that asks the same with these changes."""
        return _joined(self.home, self.query(shelf=False, **changes))

    def tracker_address(self, **changes):
        """The same on the tracker itself."""
        return _joined("/", self.query(**changes))

    def data_address(self, format, **changes):
        """The same as data."""
        path = f"{self.home[:-1]}.{format}" if self.shelf else f"/promises.{format}"
        return _joined(path, self.query(shelf=False, **changes))

    def chart_address(self, format="", **changes):
        """The numbers of its chart, as a page or as data."""
        path = f"/chart.{format}" if format else "/chart/"
        return _joined(path, self.query(**{"sort": None, "status": None, **changes}))


def _joined(path, query):
    return f"{path}?{query}" if query else path
