import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

from promises.desk import rules
from promises.desk.fields import PlainTextField
from promises.desk.models.promise import Promise

REFERENCE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Those that nobody takes for another when reading aloud."""
REFERENCE_LENGTH = 5
CONTACT_KEPT = timedelta(days=90)
"""How long after it is done we may still want to write to the sender."""


class What(models.TextChoices):
    """What somebody suggests."""

    PROMISE = "promise", "A promise that is missing"
    SOURCE = "source", "A source"
    CORRECTION = "correction", "A correction"


class Stage(models.TextChoices):
    """Where a suggestion is on its way through the editors' queue."""

    RECEIVED = "received", "Received"
    LOOKED_AT = "looked_at", "Being looked at"
    TAKEN = "taken", "Taken up"
    DECLINED = "declined", "Not taken up"


WAITING = (Stage.RECEIVED, Stage.LOOKED_AT)


class SuggestionQuerySet(models.QuerySet):
    def waiting(self):
        """Those that somebody still has to do something about."""
        return self.filter(stage__in=WAITING)

    def forget_contacts(self, *, at):
        """Take away how to reach the senders of those done long ago."""
        return (
            self.filter(handled_at__lt=at - CONTACT_KEPT)
            .exclude(stage__in=WAITING)
            .exclude(contact="")
            .update(contact="")
        )

    def purge(self, *, before):
        """Take away what was said in those done before then, and whole those that nobody took up; return how many."""
        done = self.filter(handled_at__lt=before).exclude(text="", about="", address="", contact="")
        forgotten = self.filter(stage=Stage.RECEIVED, received_at__lt=before)
        said = list(done.values_list("pk", flat=True))
        whole = list(forgotten.values_list("pk", flat=True))
        with transaction.atomic():
            done.update(text="", about="", address="", contact="")
            self.model.history.filter(id__in=said).update(text="", about="", address="")
            forgotten.delete()
            self.model.history.filter(id__in=whole).delete()  # last, as the deletion is noted there too
        return len(said) + len(whole)


class Suggestion(models.Model):
    """What a reader sent us: a promise, a source or a correction, on its way to a draft or not."""

    reference = models.CharField(max_length=8, unique=True, editable=False)
    token = models.CharField(
        max_length=32, unique=True, editable=False, help_text="Of the form it came by: one form, one suggestion."
    )
    what = models.CharField(max_length=20, choices=What)
    about = models.CharField(max_length=300, blank=True, help_text="Which promise, in the sender's words.")
    promise = models.ForeignKey(
        Promise,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="suggestions",
        help_text="The promise it is about, or the draft made from it.",
    )
    text = PlainTextField()
    address = models.CharField(max_length=rules.URL_MOST, blank=True)
    contact = models.CharField(max_length=200, blank=True, help_text="Private. Taken away 90 days after it is done.")
    received_at = models.DateTimeField()
    stage = models.CharField(max_length=20, choices=Stage, default=Stage.RECEIVED)
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="suggestions"
    )
    handled_at = models.DateTimeField(null=True, blank=True)
    reason = PlainTextField(
        "not taken up because", max_length=1000, blank=True, help_text="Private: the sender sees only that it is done."
    )

    history = HistoricalRecords(excluded_fields=["contact", "token"])
    objects = SuggestionQuerySet.as_manager()

    class Meta:
        ordering = ["-received_at", "-pk"]
        permissions = [("decline_suggestion", "Can decline a suggestion, and see how to reach its sender")]
        constraints = [
            models.CheckConstraint(condition=Q(what__in=What.values), name="suggestion_what_known"),
            models.CheckConstraint(condition=Q(stage__in=Stage.values), name="suggestion_stage_known"),
            models.CheckConstraint(
                condition=~Q(stage=Stage.DECLINED) | ~Q(reason=""),
                name="suggestion_declined_has_reason",
                violation_error_message="Say why it is not taken up.",
            ),
            models.CheckConstraint(
                condition=Q(stage=Stage.RECEIVED) | Q(handled_by__isnull=False, handled_at__isnull=False),
                name="suggestion_handled_has_person_and_time",
            ),
        ]

    def __str__(self):
        return self.reference

    def get_absolute_url(self):
        return reverse("suggestion_detail", args=[self.reference])

    @property
    def is_waiting(self):
        return self.stage in WAITING

    def handle(self, stage, *, by, at, promise=None, reason=""):
        """Move it on: who did so, when, to which promise it led, or why it led to none."""
        self.stage, self.handled_by, self.handled_at, self.reason = stage, by, at, reason
        self.promise = promise or self.promise
        self.save(update_fields=["stage", "handled_by", "handled_at", "reason", "promise"])


def new_reference():
    """Return a reference number that nobody has yet: `LU-7F3K2`."""
    while True:
        drawn = "".join(secrets.choice(REFERENCE_LETTERS) for _ in range(REFERENCE_LENGTH))
        if not Suggestion.objects.filter(reference=f"LU-{drawn}").exists():
            return f"LU-{drawn}"
