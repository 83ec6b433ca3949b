from django.core.exceptions import ValidationError
from django.db import models
from simple_history.models import HistoricalRecords

from promises.dates import DayField
from promises.desk import rules
from promises.desk.fields import PlainTextField
from promises.desk.models.promise import Promise
from promises.desk.models.source import PromiseSource


class Measure(models.Model):
    """A number promised, with unit and footing, and the number delivered."""

    promise = models.ForeignKey(Promise, models.CASCADE, related_name="measures")
    measure = models.CharField(max_length=200, validators=[rules.validate_text], help_text="What is counted.")
    unit = models.CharField(max_length=60, validators=[rules.validate_text], help_text="£m, £bn, % or words.")
    promised = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    delivered = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    as_of = DayField(null=True, blank=True, help_text="The day of the delivered figure.")
    basis = PlainTextField(
        blank=True, max_length=1000, validators=[rules.validate_text],
        help_text="Nominal or real prices, area, or other footing.",
    )  # fmt: skip
    source = models.ForeignKey(PromiseSource, models.RESTRICT, null=True, blank=True, related_name="measures")
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "id"]
        constraints = [rules.known_day("as_of", "measure_as_of_day", null=True)]

    def __str__(self):
        return self.measure

    def clean(self):
        """A source cited stands in the promise's own list."""
        same_promise(self)


def same_promise(row):
    """Refuse a source of another promise: `row` has `promise` and `source`."""
    if row.source_id and row.source.promise_id != row.promise_id:
        raise ValidationError(
            {"source": "This source stands in the list of another promise. Add it to this one first."}
        )
