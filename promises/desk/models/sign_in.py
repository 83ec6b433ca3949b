from django.conf import settings
from django.db import models


class SignIn(models.Model):
    """That somebody came to the desk, or tried to; where from is not kept."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="sign_ins")
    name = models.CharField(max_length=150, help_text="The name that was typed.")
    at = models.DateTimeField()
    succeeded = models.BooleanField()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "sign-in"
        indexes = [models.Index(fields=["at"], name="sign_in_by_moment")]

    def __str__(self):
        return f"{self.name}, {'in' if self.succeeded else 'refused'}"
