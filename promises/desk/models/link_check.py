from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from promises.desk import rules
from promises.desk.models.source import Source

DEAD_AFTER = 3
"""Failures, each on a day of its own and with no success between: servers have bad days."""


class Outcome(models.TextChoices):
    """What came of asking for an address once."""

    ANSWERED = "answered", "Answered"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Would not tell"


class LinkState(models.TextChoices):
    """What is to be thought of an address."""

    ALIVE = "alive", "Works"
    FAILING = "failing", "Failing"
    DEAD = "dead", "Dead"
    UNKNOWN = "unknown", "Unknown"


class LinkCheckQuerySet(models.QuerySet):
    def wanting(self):
        """Those that somebody should look at: dead, without an archived copy, and not given another address since."""
        return self.filter(state=LinkState.DEAD, source__archived_url="", address=F("source__url"))


class LinkCheck(models.Model):
    """Whether the address of a source still leads to it, as far as our asking tells."""

    source = models.OneToOneField(Source, models.CASCADE, related_name="link_check")
    address = models.CharField(max_length=rules.URL_MOST, help_text="As it was asked for.")
    state = models.CharField(max_length=20, choices=LinkState)
    checked_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="What the server answered, as a number.")
    detail = models.CharField(max_length=300, blank=True, help_text="What was met, in words.")
    leads_to = models.CharField(max_length=2000, blank=True, help_text="Where redirects ended, if elsewhere.")
    failures = models.PositiveSmallIntegerField(default=0, help_text="Days on which it failed, since it last worked.")
    failed_on = models.DateField(null=True, blank=True, help_text="The last of these days.")
    failing_since = models.DateTimeField(null=True, blank=True)

    objects = LinkCheckQuerySet.as_manager()

    class Meta:
        ordering = ["-checked_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=LinkState.values), name="link_check_state_known"),
            models.CheckConstraint(
                condition=~Q(state=LinkState.DEAD) | Q(failures__gte=DEAD_AFTER), name="link_check_dead_after_days"
            ),
        ]
        indexes = [models.Index(fields=["state", "checked_at"], name="link_check_by_state")]

    def __str__(self):
        return f"{self.source} ({self.get_state_display().lower()})"

    def learn(self, outcome, *, at):
        """Take in what came of one more asking; says nothing of it to the database."""
        self.checked_at = at
        if self.address != self.source.url:
            self.address, self.failures, self.failed_on, self.failing_since = self.source.url, 0, None, None
        if outcome == Outcome.ANSWERED:
            self.state, self.failures, self.failed_on, self.failing_since = LinkState.ALIVE, 0, None, None
        elif outcome == Outcome.UNKNOWN:
            self.state = LinkState.UNKNOWN
        else:
            day = timezone.localtime(at).date()
            if self.failed_on != day:
                self.failures, self.failed_on = self.failures + 1, day
            self.failing_since = self.failing_since or at
            self.state = LinkState.DEAD if self.failures >= DEAD_AFTER else LinkState.FAILING
