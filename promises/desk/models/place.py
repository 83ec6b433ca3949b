from django.db import models


class Place(models.Model):
    """A country, region or named place that a promise is for, as `fixtures/places.yaml` lists them."""

    slug = models.SlugField(max_length=60, primary_key=True)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=30)
    code = models.CharField(max_length=9, blank=True, help_text="Its ONS code, where it has one.")
    regions = models.ManyToManyField("self", symmetrical=False, related_name="parts", blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    @property
    def is_region(self):
        """Whether a record names it under `regions`: a region or a whole country."""
        return self.kind in ("region", "country")
