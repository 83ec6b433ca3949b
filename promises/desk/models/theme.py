from django.db import models


class Theme(models.Model):
    """What a promise is about: one of the closed list in `fixtures/themes.yaml`."""

    slug = models.SlugField(max_length=30, primary_key=True)
    name = models.CharField(max_length=60, unique=True)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]

    def __str__(self):
        return self.name
