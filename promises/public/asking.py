"""When a question is about: the day in the world, and the edition of ours. Read once, for every page and format."""

from dataclasses import dataclass
from datetime import date

from django import forms
from django.core.exceptions import BadRequest
from django.http import QueryDict

from promises.dates import in_words
from promises.record.edition import Edition

ONCE = ("as_of", "edition", "version", "q", "sort", "page")
"""Names that may be given once only."""

NAMES = frozenset(
    [
        *ONCE,
        *("status", "reason", "theme", "place", "department", "by", "kind"),
        *("url", "format", "maxwidth", "maxheight"),  # those of oEmbed
    ]
)
"""Every name that some address reads: pages are kept by these, and no view sees another."""


class BadQuestion(BadRequest):
    """A question we did not understand: answered with 400 and these sentences, by name.

    `asked` is the filter that did not understand, where there is one: its form keeps the rest of the question.
    """

    def __init__(self, errors, *, asked=None):
        self.errors = errors
        self.asked = asked
        super().__init__("; ".join(f"{name}: {' '.join(sentences)}" for name, sentences in errors.items()))


@dataclass(frozen=True)
class Moment:
    """The two clocks of one question: how the world stood on `day`, by what we had said in `edition`."""

    day: date
    today: date
    edition: Edition | None
    latest: int
    asked_day: bool
    asked_edition: bool

    @property
    def number(self):
        """The number of the edition answered from; 0 where nothing was ever published."""
        return self.edition.number if self.edition else 0

    @property
    def is_past_day(self):
        return self.day < self.today

    @property
    def is_past_edition(self):
        return self.number < self.latest

    @property
    def day_in_words(self):
        return in_words(self.day)

    @property
    def pinned(self):
        """The query that pins this moment for good: `edition=N&as_of=DAY`."""
        query = QueryDict(mutable=True)
        query["edition"] = self.number
        query["as_of"] = self.day.isoformat()
        return query.urlencode()

    @property
    def kept(self):
        """The query of what was asked of the two clocks, for links that keep the question; empty for today."""
        query = QueryDict(mutable=True)
        if self.asked_edition:
            query["edition"] = self.number
        if self.asked_day:
            query["as_of"] = self.day.isoformat()
        return query.urlencode()


class MomentForm(forms.Form):
    """The two clocks as a reader gives them; the base of the tracker's filter form."""

    as_of = forms.DateField(
        label="As it stood on",
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write the day as YYYY-MM-DD, for instance 2022-02-02."},
    )
    edition = forms.IntegerField(
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid": "Write the edition as a whole number."},
    )

    def __init__(self, data, *args, today, **kwargs):
        super().__init__(data, *args, **kwargs)
        self.today = today
        self.latest = Edition.objects.newest_first().first()

    def clean_as_of(self):
        day = self.cleaned_data["as_of"]
        if day and day > self.today:
            raise forms.ValidationError(
                f"{in_words(day)} is still to come. The record knows days up to today, {in_words(self.today)}."
            )
        return day

    def clean_edition(self):
        number = self.cleaned_data["edition"]
        if number is None:
            return None
        latest = self.latest.number if self.latest else 0
        if not 1 <= number <= latest:
            raise forms.ValidationError(f"There is no edition {number}. The latest is {latest}.")
        return number

    def clean(self):
        for name in ONCE:
            if hasattr(self.data, "getlist") and len(self.data.getlist(name)) > 1:
                self.add_error(name if name in self.fields else None, f"“{name}” may be given once only.")
        return self.cleaned_data

    @property
    def moment(self):
        """The moment asked for; only of a valid form."""
        day, number = self.cleaned_data.get("as_of"), self.cleaned_data.get("edition")
        edition = self.latest
        if number and self.latest and number != self.latest.number:
            edition = Edition.objects.get(number=number)
        return Moment(
            day=day or self.today,
            today=self.today,
            edition=edition,
            latest=self.latest.number if self.latest else 0,
            asked_day=day is not None,
            asked_edition=number is not None,
        )


def moment_asked(data, *, today):
    """Read the two clocks from a query; BadQuestion where they make no sense."""
    form = MomentForm(data, today=today)
    if not form.is_valid():
        raise BadQuestion({(name if name != "__all__" else "query"): list(e) for name, e in form.errors.items()})
    return form.moment
