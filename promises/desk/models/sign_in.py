from datetime import timedelta

from django.conf import settings
from django.db import models

KEPT_FOR = timedelta(days=365)


class SignInQuerySet(models.QuerySet):
    def forget_old(self, *, at):
        """Delete those of more than a year ago; returns how many."""
        count, _ = self.filter(at__lt=at - KEPT_FOR).delete()
        return count


class SignIn(models.Model):
    """That somebody came to the desk, or tried to; where from is not kept."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="sign_ins")
    name = models.CharField(max_length=150, help_text="The name that was typed.")
    at = models.DateTimeField()
    succeeded = models.BooleanField()

    objects = SignInQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "sign-in"
        indexes = [models.Index(fields=["at"], name="sign_in_by_moment")]

    def __str__(self):
        return f"{self.name}, {'in' if self.succeeded else 'refused'}"
