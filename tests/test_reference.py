"""The reference files hold together, and say what the records need."""

from datetime import date

import pytest
from django.conf import settings

from promises import reference
from promises.dates import Day
from promises.desk.imports import records
from promises.statuses import Theme

pytestmark = pytest.mark.same_on_both

TODAY = date(2026, 11, 25)


@pytest.fixture(scope="module")
def all_records():
    return records.read(settings.BASE_DIR / "fixtures" / "promises", today=TODAY).records


# Places


def test_there_are_twelve_regions_on_a_map_without_two_on_one_tile():
    regions = reference.places().regions
    assert len(regions) == 12
    assert len({region.tile for region in regions}) == 12
    assert all(region.code for region in regions)


def test_every_place_has_its_own_key_name_and_code():
    places = list(reference.places())
    for attribute in ("slug", "name"):
        assert len({getattr(place, attribute) for place in places}) == len(places)
    codes = [place.code for place in places if place.code]
    assert len(set(codes)) == len(codes)


def test_every_named_place_lies_in_a_region():
    regions = {region.slug for region in reference.places().regions}
    for place in reference.places():
        if place.is_region or place.is_whole_country:
            assert place.regions == ()
        else:
            assert place.regions
            assert set(place.regions) <= regions
            assert place.slug == reference.slugify(place.slug)


def test_no_spelling_means_two_places():
    named = [place for place in reference.places() if place.regions]
    spellings = [spelling for place in named for spelling in (place.name, *place.also)]
    assert len(set(spellings)) == len(spellings)
    for place in named:
        assert all(reference.places().by_name(spelling) is place for spelling in (place.name, *place.also))


def test_a_region_keeps_its_key_and_an_authority_of_the_same_name_has_another():
    places = reference.places()
    assert places.get("north-east").is_region
    assert places.by_name("North East").slug == "north-east-combined-authority"
    assert places.by_name("London").slug == "greater-london"
    assert places.by_name("leeds") is places.get("leeds")
    assert places.by_name("Atlantis") is None


def test_a_promise_is_found_under_its_regions_its_places_and_their_regions():
    places = reference.places()
    assert places.keys_of(["england"], ["leeds"]) == {"england", "leeds", "yorkshire-and-the-humber"}
    assert places.keys_of(["uk"], ["Liverpool Bay"]) == {"uk", "liverpool-bay", "north-west", "wales"}
    assert places.keys_of(["scotland"], []) == {"scotland"}


def test_a_place_is_in_use(all_records):
    used = {name for record in all_records for name in record.places}
    assert used == {place.name for place in reference.places() if place.regions}


# People, departments, themes


def test_every_maker_of_a_promise_is_known(all_records):
    people = reference.people()
    for record in all_records:
        assert all(people.get(key) for key in people.keys_of(record.made_by))


def test_no_spelling_of_people_is_without_a_promise(all_records):
    made_by = {record.made_by for record in all_records}
    spellings = {spelling for person in reference.people() for spelling in person.spellings}
    assert spellings == made_by


def test_a_promise_by_two_is_found_under_both():
    people = reference.people()
    made_by = "Michael Gove, Levelling Up Secretary, and Nadhim Zahawi, Education Secretary"
    assert people.keys_of(made_by) == ("michael-gove", "nadhim-zahawi")
    assert people.keys_of("Rishi Sunak, Prime Minister") == people.keys_of("Rishi Sunak, Chancellor of the Exchequer")
    assert people.keys_of("Boris Johnson’s government") == ("boris-johnsons-government",)


def test_somebody_new_is_their_own_key():
    people = reference.people()
    (key,) = people.keys_of("José O’Neill, Minister")
    assert key == "jose-oneill-minister"
    assert people.label(key) == "Jose oneill minister"
    assert people.label("rishi-sunak") == "Rishi Sunak"


def test_every_department_is_known_by_its_short_and_full_name(all_records):
    departments = reference.departments()
    for record in all_records:
        assert departments.get(departments.key_of(record.department)).short == record.department
    assert departments.key_of("Department for Transport") == departments.key_of("DfT") == "dft"
    assert departments.key_of("Ministry of Magic") == "ministry-of-magic"
    assert departments.label("dft") == "DfT"
    assert departments.full_name("dft") == "Department for Transport"


def test_the_themes_are_the_twelve_in_their_order():
    themes = reference.themes()
    assert list(themes) == Theme.values
    assert [theme.label for theme in themes.values()] == Theme.labels
    assert all(theme.description.endswith(".") for theme in themes.values())


# What frames the promises


def test_events_stand_in_the_order_of_their_days():
    days = [event.date for event in reference.events()]
    assert days == sorted(days)
    assert all(event.source.url.startswith("https://") for event in reference.events())


def test_figures_are_as_their_source_wrote_them():
    indicators = reference.indicators()
    employment = indicators["central-local-government-employment"]
    assert employment.breaks == ("2014-06",)
    assert [str(y) for _, y in employment.series[0].points[:2]] == ["2.340", "2.346"]
    assert employment.source.published == Day("2014-09")
    assert not employment.by_place
    assert indicators["levelling-up-fund-round-2-by-region"].by_place
    for indicator in indicators.values():
        times = [[x for x, _ in line.points] for line in indicator.series if not indicator.by_place]
        assert all(line == sorted(line) for line in times)


def test_local_action_is_in_places_we_know():
    assert len(reference.local_action()) == 5
    assert all(action.place for action in reference.local_action())


def test_the_glossary_explains_no_term_twice():
    spellings = [spelling for term in reference.glossary() for spelling in (term.term, *term.also)]
    assert len(set(spellings)) == len(spellings)
    assert all(term.definition.endswith(".") for term in reference.glossary())


@pytest.mark.parametrize("name", ["places", "people", "departments", "themes", "events", "indicators", "glossary"])
def test_each_file_says_its_own_day(name):
    assert reference.dated(f"{name}.yaml").precision == "day"


def test_people_stand_in_the_order_in_which_the_text_names_them():
    assert reference.people().keys_of("Theresa May, then Boris Johnson, Prime Ministers") == (
        "theresa-may",
        "boris-johnson",
    )
