from django.conf import settings
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from promises.desk import rules
from promises.desk.fields import PlainTextField
from promises.desk.models.promise import Promise
from promises.statuses import Kind


class State(models.TextChoices):
    """Where a submission is on its way to the door."""

    IN_REVIEW = "in_review", "Waiting for review"
    SENT_BACK = "sent_back", "Sent back"
    SCHEDULED = "scheduled", "Approved, set for a time"
    PUBLISHED = "published", "Published"
    TAKEN_BACK = "taken_back", "Taken back"


OPEN_STATES = (State.IN_REVIEW, State.SENT_BACK, State.SCHEDULED)


class SubmissionQuerySet(models.QuerySet):
    def open(self):
        return self.filter(state__in=OPEN_STATES)

    def due(self, *, at):
        """Those approved for a time that has come, in that order."""
        return self.filter(state=State.SCHEDULED, publish_at__lte=at).order_by("publish_at", "pk")


class Submission(models.Model):
    """A change of one promise, put before a second person."""

    promise = models.ForeignKey(Promise, models.PROTECT, related_name="submissions")
    state = models.CharField(max_length=20, choices=State, default=State.IN_REVIEW)
    digest = models.CharField(
        max_length=64, help_text="Of the document that was submitted: another needs another review."
    )
    correction = models.CharField(
        max_length=20,
        choices=[(k.value, k.label) for k in (Kind.MINOR_CORRECTION, Kind.MAJOR_CORRECTION)],
        default=Kind.MINOR_CORRECTION,
        help_text="How a change of what was published is marked, where it is not a new update.",
    )
    note = PlainTextField(
        "what changed", max_length=600, blank=True, validators=[rules.validate_text],
        help_text="Public: one sentence on what changed and why, shown on the changes page.",
    )  # fmt: skip
    withdrawal = PlainTextField(
        "withdrawn because", max_length=1000, blank=True, validators=[rules.validate_text],
        help_text="Public: why the promise is withdrawn; empty for any other change.",
    )  # fmt: skip
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="submissions")
    submitted_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="decisions"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    publish_at = models.DateTimeField(null=True, blank=True, help_text="Never earlier than this minute.")
    edition = models.PositiveIntegerField(null=True, blank=True, help_text="The edition that published it.")

    history = HistoricalRecords()
    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["-submitted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["promise"], condition=Q(state__in=OPEN_STATES), name="submission_one_open_a_promise"
            ),
            models.CheckConstraint(
                condition=~Q(state=State.SCHEDULED) | Q(publish_at__isnull=False, decided_by__isnull=False),
                name="submission_scheduled_has_time_and_person",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.PUBLISHED) | Q(edition__isnull=False),
                name="submission_published_has_edition",
            ),
        ]

    def __str__(self):
        return f"{self.promise} ({self.get_state_display().lower()})"


class Comment(models.Model):
    """What one person told another about a submission; kept with it."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="comments")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, help_text="Nobody: the desk itself."
    )
    at = models.DateTimeField()
    text = PlainTextField(max_length=2000)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self):
        return self.text[:60]
