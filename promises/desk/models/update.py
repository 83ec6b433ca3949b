from django.core.exceptions import ValidationError
from django.db import models
from simple_history.models import HistoricalRecords

from promises.dates import Day, DayField
from promises.desk import rules
from promises.desk.fields import PlainTextField
from promises.desk.models.promise import Promise
from promises.desk.models.source import PromiseSource
from promises.statuses import Status, reasons_problem


class Update(models.Model):
    """Something that happened to a promise, with the status it earned."""

    promise = models.ForeignKey(Promise, models.CASCADE, related_name="updates")
    number = models.PositiveIntegerField(
        null=True, blank=True, editable=False, help_text="Given at its first publication, for ever."
    )
    counts_from = models.DateField(null=True, blank=True, editable=False, help_text="Written by the door.")
    date = DayField(
        "day", help_text="The day it became true in the world; YYYY-MM or YYYY if that is all that is known."
    )
    status = models.CharField(max_length=20, choices=Status)
    reason = models.JSONField(default=list, blank=True, help_text="Why it is not simply kept.")
    headline = models.CharField(
        max_length=rules.HEADLINE_MOST,
        validators=[rules.validate_text],
        help_text="What happened, in at most 90 characters.",
    )
    explanation = PlainTextField(
        max_length=rules.TEXT_MOST,
        validators=[rules.validate_text],
        help_text="One to four sentences: what changed and why it earns this status.",
    )
    withdrawn = PlainTextField(
        "withdrawn because",
        blank=True,
        max_length=1000,
        validators=[rules.validate_text],
        help_text="A published update is not deleted: say here why it no longer counts.",
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["promise", models.F("number").asc(nulls_last=True), "date", "id"]
        constraints = [
            models.UniqueConstraint(fields=["promise", "number"], name="update_number_once_a_promise"),
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="update_status_known"),
            rules.known_day("date", "update_date_day"),
        ]

    def __str__(self):
        return f"{self.date}: {self.headline}"

    def clean(self):
        """Reasons fit the status, and nothing happens to a promise before it was made."""
        problems = {}
        if self.status in Status.values and (problem := reasons_problem(self.status, self.reason or [])):
            problems["reason"] = problem
        if self.date and self.promise_id and self.promise.made_on:
            try:
                made, happened = Day.parse(self.promise.made_on), Day.parse(self.date)
            except ValueError:
                return
            if happened.last_day < made.first_day:
                problems["date"] = (
                    f"{happened.in_words()} is before the promise was made ({made.in_words()}). "
                    "Correct the day here or on the promise."
                )
        if problems:
            raise ValidationError(problems)


class Citation(models.Model):
    """The tie between an update and a source: where in it, and what it says that bears the update out."""

    update = models.ForeignKey(Update, models.CASCADE, related_name="citations")
    source = models.ForeignKey(PromiseSource, models.RESTRICT, related_name="citations")
    locator = models.CharField(
        max_length=200,
        blank=True,
        validators=[rules.validate_text],
        help_text="Where in it: “page 12”, “column 481”.",
    )
    quoted = PlainTextField(
        "quoted passage", blank=True, max_length=1000, validators=[rules.validate_text],
        help_text="The words that bear the update out, exactly.",
    )  # fmt: skip
    note = PlainTextField(
        "cited for", blank=True, max_length=1000, validators=[rules.validate_text],
        help_text="What it is cited for; empty takes the claims noted with the source.",
    )  # fmt: skip
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["update", "source"], name="citation_once")]

    def __str__(self):
        return str(self.source)

    def clean(self):
        """An update cites sources of its own promise only."""
        if self.source_id and self.update_id and self.source.promise_id != self.update.promise_id:
            raise ValidationError(
                {"source": "This source stands in the list of another promise. Add it to this one first."}
            )
