from django.db import models
from django.db.models.functions import Coalesce
from simple_history.models import HistoricalRecords

from promises.dates import DayField
from promises.desk import rules
from promises.desk.fields import PlainTextField
from promises.desk.models.promise import Promise
from promises.statuses import SourceKind


class Source(models.Model):
    """A document anyone can open, as of one reading; shared by all promises that cite it."""

    title = models.CharField(max_length=300, validators=[rules.validate_text])
    publisher = models.CharField(max_length=200, validators=[rules.validate_text])
    url = models.CharField("address", max_length=rules.URL_MOST, validators=[rules.validate_url])
    published = DayField(null=True, blank=True, help_text="When it was published, as far as known.")
    kind = models.CharField(max_length=20, choices=SourceKind)
    via = models.CharField(
        "carried by", max_length=200, blank=True, validators=[rules.validate_text],
        help_text="Who carries it, where the address is not the publisher's own.",
    )  # fmt: skip
    copy_of = models.CharField(
        max_length=300,
        blank=True,
        validators=[rules.validate_text],
        help_text="Whose work an unofficial copy repeats.",
    )
    archived_url = models.CharField(
        "archived copy", max_length=rules.URL_MOST, blank=True, validators=[rules.validate_url]
    )
    archived_on = models.DateField(null=True, blank=True, help_text="The day of the archived copy.")

    history = HistoricalRecords()

    class Meta:
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint(
                "url",
                "title",
                Coalesce("published", models.Value("")),
                name="source_once",
                violation_error_message="This source is here already: same address, title and day.",
            ),
            rules.web_address("url", "source_url_web"),
            rules.web_address("archived_url", "source_archived_url_web", blank=True),
            rules.known_day("published", "source_published_day", null=True),
        ]

    def __str__(self):
        return f"{self.title} ({self.publisher})"


class PromiseSource(models.Model):
    """A source in the list of one promise, under the short key by which the record cites it."""

    promise = models.ForeignKey(Promise, models.CASCADE, related_name="promise_sources")
    source = models.ForeignKey(Source, models.PROTECT, related_name="promise_sources")
    key = models.SlugField(max_length=60, help_text="Short, unique within the promise: “irp-2021”.")
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["promise", "key"], name="source_key_once_a_promise"),
            models.UniqueConstraint(fields=["promise", "source"], name="source_once_a_promise"),
        ]

    def __str__(self):
        return f"{self.key}: {self.source}"


class Evidence(models.Model):
    """A claim that a source bears out for a promise; the note of how it was read stays at the desk."""

    promise_source = models.ForeignKey(PromiseSource, models.CASCADE, related_name="evidence_rows")
    claim = PlainTextField(max_length=1000, validators=[rules.validate_text], help_text="Public: “cited for: …”.")
    read = PlainTextField(
        max_length=2000, blank=True, validators=[rules.validate_text],
        help_text="Private: what the text says, in your words.",
    )  # fmt: skip
    how = models.CharField(max_length=60, blank=True, help_text="Private: how it was read.")
    address = models.CharField(max_length=60, blank=True, help_text="Private: “normalised” if the link was rewritten.")
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "id"]
        verbose_name_plural = "evidence"

    def __str__(self):
        return self.claim
