from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Prefetch, Q
from simple_history.models import HistoricalRecords

from promises.dates import DayField
from promises.desk import rules
from promises.desk.fields import PlainTextField
from promises.desk.models.place import Place
from promises.desk.models.theme import Theme


class PromiseQuerySet(models.QuerySet):
    def with_everything(self):
        """Fetch all that a snapshot needs in a fixed number of queries."""
        from promises.desk.models.source import PromiseSource

        return self.select_related("theme", "reply").prefetch_related(
            Prefetch("promise_places", PromisePlace.objects.select_related("place")),
            Prefetch("promise_sources", PromiseSource.objects.select_related("source")),
            "promise_sources__evidence_rows",
            "updates",
            "updates__citations",
            "measures",
            "wordings",
            Prefetch("related_rows", RelatedPromise.objects.select_related("related")),
        )

    def published(self):
        """Those that have gone through the door at least once."""
        return self.filter(identity__isnull=False)


class Promise(models.Model):
    """The working copy of something the government said it would do to level up the country."""

    identity = models.PositiveIntegerField(
        null=True,
        blank=True,
        unique=True,
        editable=False,
        help_text="Given at its first publication, for ever.",
    )
    slug = models.SlugField(
        "key",
        max_length=rules.SLUG_MOST,
        unique=True,
        validators=[rules.validate_slug],
        help_text="Part of its address, for ever: lower case with hyphens. A change is a rename, and the old one redirects.",
    )
    title = models.CharField(
        max_length=rules.TITLE_MOST,
        validators=[rules.validate_text],
        help_text="What was promised, as a short imperative phrase: “Build Northern Powerhouse Rail in full”.",
    )
    summary = PlainTextField(
        max_length=rules.TEXT_MOST,
        validators=[rules.validate_text],
        help_text="One to three sentences: what was promised, to whom, and why it matters for levelling up.",
    )
    quote = PlainTextField(
        blank=True,
        max_length=600,
        validators=[rules.validate_text, rules.validate_quote],
        help_text="The promise in its maker's exact words, at most 25; leave empty if not read verbatim.",
    )
    quote_source = models.ForeignKey(
        "PromiseSource",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The source in which the words were read.",
    )
    success_test = PlainTextField(
        max_length=rules.TEXT_MOST,
        validators=[rules.validate_text],
        help_text="One sentence: what would have to be true for a fair reader to call this promise kept.",
    )
    theme = models.ForeignKey(Theme, models.PROTECT, related_name="promises")
    made_by = models.CharField(
        max_length=200,
        validators=[rules.validate_text],
        help_text="Office-holder or party, with office: “Boris Johnson, Prime Minister”.",
    )
    department = models.CharField(
        max_length=100,
        validators=[rules.validate_text],
        help_text="The department answerable now or last, by its short name: “DfT”.",
    )
    made_on = DayField(help_text="YYYY-MM-DD, or YYYY-MM or YYYY if that is all a source gives.")
    made_in = models.CharField(
        max_length=200,
        validators=[rules.validate_text],
        help_text="The document or speech: “Conservative manifesto 2019”.",
    )
    due_on = DayField(null=True, blank=True, help_text="The day, month or year it was promised for; empty if none.")
    checked_on = models.DateField(
        null=True, blank=True, help_text="The day a researcher last looked whether anything had changed."
    )
    former_slugs = models.JSONField(
        default=list, blank=True, editable=False, help_text="Earlier keys, which the door writes down."
    )

    history = HistoricalRecords()
    objects = PromiseQuerySet.as_manager()

    class Meta:
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=Q(slug__regex=rules.SLUG_PATTERN),
                name="promise_slug_form",
                violation_error_message="Write the key in lower case with hyphens.",
            ),
            rules.known_day("made_on", "promise_made_on_day"),
            rules.known_day("due_on", "promise_due_on_day", null=True),
        ]
        permissions = [
            ("submit_promise", "Can submit a change for review"),
            ("publish_promise", "Can publish a change, at once or at a set time, or send it back"),
            ("withdraw_promise", "Can withdraw a promise"),
            ("seal_version", "Can seal a version where the law demands it"),
        ]

    def __str__(self):
        return self.title or self.slug

    def clean(self):
        """A quotation and its source come together."""
        if bool(self.quote) != bool(self.quote_source_id):
            raise ValidationError(
                {"quote_source": "Give the quotation together with the source in which it was read, or neither."}
            )

    @property
    def regions(self):
        """Its regions or whole countries, in the record's order."""
        return [row.place for row in self.promise_places.all() if row.place.is_region]

    @property
    def places(self):
        """Its named places, in the record's order."""
        return [row.place for row in self.promise_places.all() if not row.place.is_region]


class PromisePlace(models.Model):
    """That a promise is for a place, and where it stands in the record's list."""

    promise = models.ForeignKey(Promise, models.CASCADE, related_name="promise_places")
    place = models.ForeignKey(Place, models.PROTECT, related_name="promise_places")
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "id"]
        constraints = [models.UniqueConstraint(fields=["promise", "place"], name="place_once_a_promise")]

    def __str__(self):
        return str(self.place)


class RelatedPromise(models.Model):
    """That a reader of one promise will want another."""

    promise = models.ForeignKey(Promise, models.CASCADE, related_name="related_rows")
    related = models.ForeignKey(Promise, models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["promise", "related"], name="related_once_a_promise"),
            models.CheckConstraint(
                condition=~Q(promise=models.F("related")),
                name="related_to_another",
                violation_error_message="A promise is not related to itself.",
            ),
        ]

    def __str__(self):
        return str(self.related)
