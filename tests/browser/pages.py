"""A small record with something of every shape, and the address of every kind of page that shows it."""

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from promises.desk import suggesting
from promises.desk.models import Measure, Reply, Wording
from tests.factories import (
    NOON,
    a_promise,
    a_promise_source,
    a_published_promise,
    an_update,
    broken,
    kept,
    made,
    publish,
    under_way,
    watered_down,
)


def publish_record(*, begin=NOON, apart=timedelta(days=1)):
    """Publish promises of every status and shape, with a correction, a rename and a withdrawal after them."""
    at = [begin + number * apart for number in range(5)]
    line = a_promise(
        made("2019-11-24"),
        under_way("2020-06"),
        watered_down("2021-11-18", "smaller", "later"),
        broken("2023-10-04", "dropped", headline="The rest of the line is given up and the money goes elsewhere"),
        slug="build-the-line",
        title="Build the line between Leeds and Manchester in full by 2033",
        summary="HS2 was to meet a new line across the Pennines, so that levelling up would reach every town beside it.",
        success_test="Trains run on the whole of the new line.",
        places=("leeds", "greater-manchester"),
        regions=("north-west", "yorkshire-and-the-humber"),
        due_on="2033",
    )
    tie = a_promise_source(line, key="plan", title="Integrated Rail Plan", claims=["that the line ends at Marsden"])
    line.quote, line.quote_source = "we will build the line in full", tie
    line.save()
    an_update(
        line, watered_down("2022-02-02"), source=tie, quoted="the core network", locator="page 12", note="the cut"
    )
    Measure.objects.create(
        promise=line, measure="Length of new line", unit="km", promised=60, delivered=24, as_of="2023-10", source=tie
    )
    Measure.objects.create(promise=line, measure="Money", unit="£bn", promised="39.2", basis="2019 prices", source=tie)
    Wording.objects.create(
        promise=line, date="2021-11-18", source=tie,
        before="we will build the line in full", after="we will build the core of the line",
    )  # fmt: skip
    Reply.objects.create(promise=line, date="2021-11-19", by="The Department", text="Journeys get faster.", source=tie)
    publish(line, at=at[0])

    related = [line]
    fund = a_published_promise(
        made(), kept(), slug="fund-towns", title="Fund towns", theme="housing-and-towns", related=related, at=at[1]
    )
    a_published_promise(
        made("2020"),
        slug="train-people",
        title="Train 200,000 people",
        theme="skills-and-jobs",
        regions=("england",),
        at=at[1],
    )
    a_published_promise(
        made(), watered_down(), slug="open-hospitals", theme="health", regions=("north-east",), at=at[1]
    )
    gone = a_published_promise(made(), broken(), slug="lost-cause", title="A promise nobody made", at=at[1])

    line.title = "Build the line from Leeds to Manchester in full by 2033"
    line.save()
    publish(line, at=at[2], correction="major_correction", note="The title named the towns the wrong way round.")
    publish(gone, at=at[3], withdrawal="It was the opposition that promised it.")
    fund.slug = "pay-for-towns"
    fund.save()
    publish(fund, at=at[4])


def publish_pages(**times):
    """Publish the record, a release of it and a suggestion; return the address of each kind of page by its name."""
    publish_record(**times)
    call_command("release", verbosity=0)
    now = timezone.now()
    given = {"what": "source", "about": "", "text": "See there.", "address": "https://example.org/", "contact": ""}
    suggestion = suggesting.receive(given, suggesting.new_token(at=now), at=now)
    return PAGES | {"suggestion": suggestion.get_absolute_url()}


PAGES = {
    "tracker": "/",
    "tracker-search": "/?q=line&status=broken",
    "tracker-past-day": "/?as_of=2021-12-31",
    "tracker-past-edition": "/?edition=2",
    "tracker-empty": "/?status=kept&place=wales",
    "tracker-bad-question": "/?theme=nonsense&q=line",
    "chart": "/chart/",
    "promise": "/promises/build-the-line/",
    "promise-past-day": "/promises/build-the-line/?as_of=2020-12-31",
    "promise-before-it-was-made": "/promises/build-the-line/?as_of=2019-01-01",
    "promise-kept": "/promises/pay-for-towns/",
    "promise-withdrawn": "/promises/lost-cause/",
    "update": "/promises/build-the-line/updates/3/",
    "versions": "/promises/build-the-line/versions/",
    "version-old": "/promises/build-the-line/versions/1/",
    "cite": "/promises/build-the-line/cite/",
    "cite-list": "/cite/",
    "themes": "/themes/",
    "theme": "/themes/transport/",
    "places": "/places/",
    "region": "/places/north-west/",
    "place": "/places/leeds/",
    "changes": "/changes/",
    "edition": "/changes/3/",
    "context": "/context/",
    "glossary": "/glossary/",
    "data": "/data/",
    "api": "/data/api/",
    "releases": "/data/releases/",
    "release": "/data/releases/1/",
    "method": "/method/",
    "about": "/about/",
    "accessibility": "/accessibility/",
    "privacy": "/privacy/",
    "suggest": "/suggest/",
    "not-found": "/promises/never-made/",
    "embed-promise": "/embed/promises/build-the-line/",
    "embed-tally": "/embed/tally/",
    "embed-chart": "/embed/chart/",
}
FRAMES = {name for name in PAGES if name.startswith("embed-")}
"""Kinds that stand in other people's pages, without our frame around them."""
