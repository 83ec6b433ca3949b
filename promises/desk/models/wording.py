from django.db import models
from simple_history.models import HistoricalRecords

from promises.dates import DayField
from promises.desk import rules
from promises.desk.fields import PlainTextField
from promises.desk.models.measure import same_promise
from promises.desk.models.promise import Promise
from promises.desk.models.source import PromiseSource


class Wording(models.Model):
    """How the promise itself was rewritten on a day."""

    promise = models.ForeignKey(Promise, models.CASCADE, related_name="wordings")
    date = DayField("day")
    before = PlainTextField(max_length=600, validators=[rules.validate_text, rules.validate_wording])
    after = PlainTextField(max_length=600, validators=[rules.validate_text, rules.validate_wording])
    source = models.ForeignKey(PromiseSource, models.RESTRICT, related_name="wordings")
    position = models.PositiveSmallIntegerField(default=0)

    history = HistoricalRecords()

    class Meta:
        ordering = ["position", "id"]
        constraints = [rules.known_day("date", "wording_date_day")]

    def __str__(self):
        return f"{self.date}: {self.after}"

    def clean(self):
        """A source cited stands in the promise's own list."""
        same_promise(self)
