"""Themes and places as the desk's forms choose them: rows made from the reference files."""

from django.db import transaction

from promises import reference
from promises.desk.models import Place, Theme


@transaction.atomic
def store():
    """Make the rows of themes and places what `fixtures/themes.yaml` and `fixtures/places.yaml` say."""
    Theme.objects.bulk_create(
        [
            Theme(slug=theme.slug, name=theme.label, position=position)
            for position, theme in enumerate(reference.themes().values())
        ],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=["name", "position"],
    )
    places = list(reference.places())
    Place.objects.bulk_create(
        [Place(slug=place.slug, name=place.name, kind=place.kind, code=place.code or "") for place in places],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=["name", "kind", "code"],
    )
    tie = Place.regions.through
    wanted = {(place.slug, region) for place in places for region in place.regions}
    there = set(tie.objects.values_list("from_place_id", "to_place_id"))
    tie.objects.bulk_create([tie(from_place_id=one, to_place_id=other) for one, other in wanted - there])
    for one, other in there - wanted:
        tie.objects.filter(from_place_id=one, to_place_id=other).delete()
