"""Editions: one act of publishing each, numbered through, chained by digest."""

import hashlib
from datetime import UTC

from django.db import connections, models
from django.urls import reverse
from django.utils import timezone

from promises.record.document import canonical

OPEN = 2_147_483_647
"""The edition in which what still stands will end: later than any number."""


class EditionQuerySet(models.QuerySet):
    def newest_first(self):
        return self.order_by("-number")

    def latest_number(self):
        """The number of the latest edition; 0 before the first."""
        return self.order_by("-number").values_list("number", flat=True).first() or 0


class Edition(models.Model):
    """One act of publishing."""

    number = models.PositiveIntegerField(primary_key=True)
    published_at = models.DateTimeField()
    roles = models.JSONField(help_text="The roles that acted, never persons; or none, with why.")
    note = models.TextField(blank=True)
    digest = models.CharField(max_length=64)

    objects = EditionQuerySet.as_manager()

    class Meta:
        ordering = ["number"]

    def __str__(self):
        return f"Edition {self.number}"

    def get_absolute_url(self):
        return reverse("edition_detail", args=[self.number])

    @property
    def published_on(self):
        """The British day of its publication."""
        return timezone.localtime(self.published_at).date()

    @property
    def roles_in_words(self):
        """Who acted, for readers: roles, or why there were none."""
        by, checked = self.roles.get("by"), self.roles.get("checked_by")
        if not by:
            return self.roles.get("why", "")
        return f"{by}, checked by {checked}" if checked else f"{by}; {self.roles.get('why', 'no second person')}"


def reading():
    """The connection to the database that the record is being read from, for questions in SQL: a page may have chosen a replica."""
    return connections[Edition.objects.db]


def moment(value):
    """A moment as the digest and every data format write it: UTC, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def edition_digest(*, before, number, published_at, roles, note, entries):
    """Return an edition's digest: that of its payload, whatever the order of its `entries`."""
    told = {"before": before, "number": number, "published_at": published_at, "roles": roles, "note": note}
    return digest_of_pieces(payload(**told, entries=sorted(list(entry) for entry in entries)))


def payload(*, before, number, published_at, roles, note, entries):
    """Yield, piece by piece, the canonical text that an edition's digest is made of.

    `entries` are its (promise id, version number, version digest, kind, note), in order; `before`
    is the digest of the edition before, empty for the first.
    """
    told = {"before": before, "number": number, "published_at": moment(published_at), "roles": roles, "note": note}
    yield canonical({**told, "versions": []}).decode().removesuffix("]}")
    comma = ""
    for entry in entries:
        yield comma + canonical(list(entry)).decode()
        comma = ","
    yield "]}"


def digest_of_pieces(pieces):
    """Return the SHA-256 of a canonical text that comes in pieces."""
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece.encode())
    return found.hexdigest()
