"""Versions: a promise as published, frozen; the slugs it once had; and what the law made us seal."""

import json
from functools import cached_property

from django.db import models
from django.urls import reverse

from promises.record.document import Document
from promises.record.edition import Edition
from promises.statuses import Kind

CHUNK = 500
"""So many keys are asked for at a time: databases take a statement of bounded length."""


class VersionQuerySet(models.QuerySet):
    def of_promise(self, promise_id):
        return self.filter(promise_id=promise_id)

    def with_news(self):
        """Leave out checks: somebody looked, and nothing had changed."""
        return self.exclude(kind=Kind.CHECK)

    def newest_first(self):
        """Within an edition by slug, of which each has one version: the order of an index."""
        return self.order_by("-edition_id", "slug")

    def latest_of(self, identities):
        """The version published last of each promise with one of these identities; withdrawals among them."""
        numbers = Version.objects.filter(promise_id=models.OuterRef("promise_id")).order_by("-number").values("number")
        return self.filter(promise_id__in=list(identities), number=models.Subquery(numbers[:1]))


class Version(models.Model):
    """One promise as published: a complete, frozen document."""

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="versions")
    promise_id = models.PositiveIntegerField(help_text="The promise's identity, from its first publication on.")
    number = models.PositiveIntegerField()
    slug = models.SlugField(max_length=60, db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    note = models.TextField(blank=True)
    snapshot_text = models.TextField()
    digest = models.CharField(max_length=64)

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["promise_id", "number"], name="version_number_once_a_promise"),
        ]
        indexes = [
            models.Index(models.F("edition").desc(), models.F("slug"), models.F("kind"), name="version_by_edition"),
            models.Index(fields=["slug", "number"], name="version_by_slug"),
        ]

    def __str__(self):
        return f"{self.slug}, version {self.number}"

    def get_absolute_url(self):
        return reverse("version_detail", args=[self.slug, self.number])

    @cached_property
    def snapshot(self):
        return json.loads(self.snapshot_text)

    @cached_property
    def document(self):
        return Document(self.snapshot)

    @property
    def is_withdrawal(self):
        return self.kind == Kind.WITHDRAWAL


class Alias(models.Model):
    """A slug that a promise once had, for ever."""

    slug = models.SlugField(max_length=60, primary_key=True)
    promise_id = models.PositiveIntegerField(db_index=True)
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="aliases")

    def __str__(self):
        return self.slug


class Seal(models.Model):
    """A version that the law forbids us to show, sealed by the edition that names it."""

    version = models.OneToOneField(Version, models.PROTECT, primary_key=True, related_name="seal")
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="seals")
    reason = models.TextField()

    def __str__(self):
        return f"{self.version} (sealed)"


def latest_versions(identities):
    """The versions published last, by the promise's identity, withdrawals among them; None stands for a draft."""
    found, identities = {}, [identity for identity in identities if identity is not None]
    for start in range(0, len(identities), CHUNK):
        rows = Version.objects.latest_of(identities[start : start + CHUNK]).select_related("edition")
        found |= {version.promise_id: version for version in rows}
    return found


def latest_version(identity):
    """The version of one promise published last; None where there is none."""
    return latest_versions([identity]).get(identity)


def promise_of(slug):
    """Return the identity of the promise that has or had this slug; None where none ever had."""
    return (
        Version.objects.filter(slug=slug).values_list("promise_id", flat=True).first()
        or Alias.objects.filter(slug=slug).values_list("promise_id", flat=True).first()
    )


def promises_of(slugs):
    """Return the identities of the promises that have or had these slugs, by slug."""
    return dict(Alias.objects.filter(slug__in=slugs).values_list("slug", "promise_id")) | dict(
        Version.objects.filter(slug__in=slugs).order_by().values_list("slug", "promise_id")
    )
