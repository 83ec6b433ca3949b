from django.db import models
from simple_history.models import HistoricalRecords

from promises.dates import DayField
from promises.desk import rules
from promises.desk.fields import PlainTextField
from promises.desk.models.measure import same_promise
from promises.desk.models.promise import Promise
from promises.desk.models.source import PromiseSource


class Reply(models.Model):
    """What the government said in answer, in our words."""

    promise = models.OneToOneField(Promise, models.CASCADE, related_name="reply")
    date = DayField("day")
    by = models.CharField(max_length=200, validators=[rules.validate_text])
    text = PlainTextField(max_length=rules.TEXT_MOST, validators=[rules.validate_text])
    source = models.ForeignKey(PromiseSource, models.RESTRICT, related_name="replies")

    history = HistoricalRecords()

    class Meta:
        verbose_name_plural = "replies"
        constraints = [rules.known_day("date", "reply_date_day")]

    def __str__(self):
        return f"{self.by}, {self.date}"

    def clean(self):
        """A source cited stands in the promise's own list."""
        same_promise(self)
