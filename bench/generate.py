"""Made-up promises, as many as wanted, always the same: `python -m bench.generate N DIR|--into-database`.

Promise number i is the same whatever N is, so that a small database is the beginning of a large one.
"""

import argparse
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from random import Random

from promises.dates import Day
from promises.desk.imports.records import (
    CitationRecord,
    EvidenceRecord,
    MeasureRecord,
    Record,
    ReplyRecord,
    SourceRecord,
    UpdateRecord,
    WordingRecord,
)

SEED = 2019
FIRST, LAST = date(2014, 1, 1), date(2026, 6, 30)
UPDATES = 10
"""Each promise has between 5 and 15 updates: this many on average, and as many sources."""

CHUNK = 1000
"""Promises an edition."""

# What promises are about: by theme, what one does, and to what.
WORK = {
    "transport": ("Build Reopen Electrify Widen Restore Extend", "railway stations;miles of track;tram stops;bus lanes;bypasses;miles of cycle path;freight loops;park-and-ride sites"),
    "local-funding": ("Pay Restore Guarantee Share Release Give", "million pounds of core funding;town deals;growth fund grants;high street grants;maintenance grants;community shares"),
    "devolution": ("Sign Offer Agree Create Complete Transfer", "devolution deals;county deals;mayoral powers;single settlements;parish charters;transport powers"),
    "skills-and-jobs": ("Fund Train Place Create Support Enrol", "apprentices;bootcamp places;adult learners;college workshops;job coaches;traineeships"),
    "schools": ("Open Rebuild Repair Support Staff Equip", "primary schools;free schools;sixth forms;tutoring places;school kitchens;special school places"),
    "health": ("Build Upgrade Open Staff Equip Move", "hospitals;diagnostic centres;surgery hubs;family doctors' practices;dental chairs;community clinics"),
    "housing-and-towns": ("Build Renew Insulate Improve Buy Convert", "affordable homes;high streets;brownfield plots;council homes;market squares;empty shops"),
    "research": ("Fund Move Found Open Double Endow", "research institutes;innovation accelerators;laboratories;catapult centres;doctoral places;spin-out funds"),
    "crime": ("Recruit Light Fund Open Equip Post", "police officers;safer streets schemes;youth centres;neighbourhood teams;court rooms;hotspot patrols"),
    "digital": ("Connect Wire Cover Roll out Finish Test", "gigabit premises;mobile masts;full-fibre villages;public hubs;rural exchanges;5G test beds"),
    "net-zero": ("Install Plant Retrofit Build Open Fund", "heat pumps;wind turbines;charging points;hydrogen plants;hectares of forest;flood defences"),
    "culture-and-pride": ("Save Restore Open Fund Buy Celebrate", "libraries;museums;football grounds;parks;community pubs;theatres"),
}  # fmt: skip
GROUPS = [
    "commuters",
    "pensioners",
    "young families",
    "apprentices",
    "small firms",
    "tenants",
    "patients",
    "pupils",
    "carers",
    "farmers",
    "night workers",
    "first-time buyers",
]
ENDS = [
    "so that the gap with the capital closes",
    "so that no town waits a generation",
    "because local incomes had fallen behind",
    "to bring back what was lost in earlier cuts",
    "so that nobody need leave to get on",
    "to raise output where it is lowest",
]
PAPERS = [
    "Conservative manifesto 2019",
    "Levelling Up the United Kingdom white paper",
    "Spending Review 2020",
    "Autumn Budget 2021",
    "Integrated Rail Plan",
    "Speech in Manchester",
    "Network North",
    "Labour manifesto 2024",
    "Spring Statement",
    "Letter to council leaders",
]
PUBLISHERS = {
    "official": "Department for Transport;HM Treasury;Department for Education;Cabinet Office;Homes England",
    "parliament": "House of Commons;House of Lords;Commons Library;Public Accounts Committee",
    "statistics": "Office for National Statistics;NHS England;Office of Rail and Road",
    "audit": "National Audit Office;Audit Wales",
    "research": "Institute for Government;Resolution Foundation;University of Leeds;Centre for Cities",
    "news": "Northern Echo;Yorkshire Post;Local Democracy Reporting Service;Liverpool Echo;Express and Star",
    "party": "Conservative Party;Labour Party",
}
NEWS = {
    "in_progress": "Works begin on;Bids invited for;First money paid for;Contracts signed for;Consultation closes on;Business case sent for",
    "kept": "Last of;All finished:;Minister opens;Target met for",
    "watered_down": "Plan trimmed for;Fewer towns to get;Budget cut for;Later date set for",
    "broken": "Scheme dropped for;Deadline passes without;Funding withdrawn from;Minister rules out",
}  # fmt: skip
JUDGED = {
    "in_progress": "No verdict can be given yet, as most of the money is still to be spent.;The work has begun but the success test lies years ahead.;Ministers say that it is on track; nothing published settles it.",
    "kept": "What was promised is there and in use, in the form and by the time promised.;Independent figures bear out that the test is met.",
    "watered_down": "What will be delivered is less than was promised.;The new date is years later than the one given.;Only some of the places named are still to be served.",
    "broken": "Nothing of it is left in the plans.;The day came and the test was clearly unmet.;The money has gone to something else.",
}  # fmt: skip
REASONS = {
    "watered_down": ["smaller", "later", "narrower", "replaces", "redefined"],
    "broken": ["dropped", "reversed", "missed"],
    "in_progress": ["under_way", "too_early", "unsettled", "unclear"],
}
NEXT = {  # what follows, and how often
    "in_progress": (["in_progress", "kept", "watered_down", "broken"], [74, 7, 12, 7]),
    "kept": (["kept", "in_progress", "watered_down"], [90, 5, 5]),
    "watered_down": (["watered_down", "in_progress", "kept", "broken"], [72, 10, 8, 10]),
    "broken": (["broken", "in_progress", "watered_down"], [88, 7, 5]),
}


def records(count, *, start=0):
    """Yield promises number `start` to `start + count` as records that pass every check."""
    known = Known()
    for number in range(start, start + count):
        yield promise(number, known)


class Known:
    """The reference files, as lists to choose from."""

    def __init__(self):
        from promises import reference

        self.slugify = reference.slugify
        everywhere = list(reference.places())
        self.regions = [place for place in everywhere if place.is_region]
        self.countries = [place for place in everywhere if place.is_whole_country]
        self.places = [place for place in everywhere if not (place.is_region or place.is_whole_country)]
        self.departments = [department.short for department in reference.departments()]
        self.makers = [spelling for person in reference.people() for spelling in person.spellings]


def promise(number, known):
    """Return promise number `number`."""
    chance = Random(f"{SEED}-{number}")
    theme = chance.choice(list(WORK))
    verbs, things = WORK[theme]
    verb = "Roll out" if "Roll out" in verbs and chance.random() < 0.2 else chance.choice(verbs.split())
    verb = {"Roll": "Roll out", "out": "Finish"}.get(verb, verb)
    thing, amount = chance.choice(things.split(";")), chance.randrange(2, 5000)
    regions, places, where = whereabouts(chance, known)
    made_on = FIRST + timedelta(days=chance.randrange((LAST - FIRST).days - 400))
    due_year = made_on.year + chance.randrange(2, 12)
    subject = f"{amount:,} {thing}"
    title = f"{verb} {subject} in {where} by {due_year}"
    if len(title) > 80:
        title = f"{verb} {subject} in {where}"[:80].rstrip(" ,-")
    sources = sources_of(chance, number, made_on, subject, known)
    updates = updates_of(chance, made_on, subject, where, sources)
    keys = [source.id for source in sources]
    quoted = chance.random() < 0.5
    return Record(
        slug=f"{known.slugify(title)[:50].strip('-')}-{number}",
        title=title,
        summary=(
            f"Ministers promised {subject} for {chance.choice(GROUPS)} in {where}, {chance.choice(ENDS)}. "
            f"The pledge was put at £{chance.randrange(5, 900)} million in {chance.choice(PAPERS)}, and "
            f"{chance.choice(GROUPS)} were to see the first of it by {due_year - 1}."
        ),
        quote=f"We will {verb.lower()} {subject} for {chance.choice(GROUPS)} across {where}." if quoted else "",
        quote_source=keys[0] if quoted else "",
        success_test=f"By the end of {due_year} at least {subject} in {where} are finished and in use.",
        theme=theme,
        regions=regions,
        places=places,
        made_by=chance.choice(known.makers),
        department=chance.choice(known.departments),
        made_on=updates[0].date,
        made_in=chance.choice(PAPERS),
        due_on=Day(str(due_year)) if chance.random() < 0.8 else None,
        targets=targets_of(chance, thing, amount, keys) if chance.random() < 0.4 else (),
        wording_changes=(
            WordingRecord(
                date=updates[-1].date,
                before=f"{verb} {subject} in {where}",
                after=f"{verb} up to {subject} in parts of {where}",
                source=keys[-1],
            ),
        )
        if chance.random() < 0.1
        else (),
        updates=updates,
        sources=sources,
        related=(),
        checked_on=Day((LAST - timedelta(days=chance.randrange(300))).isoformat()),
        reply=ReplyRecord(
            date=Day(LAST.isoformat()),
            by=f"A spokesman for {chance.choice(known.departments)}",
            text=f"The department says that {subject} remain its aim and that {where} has had record funding.",
            source=keys[-1],
        )
        if chance.random() < 0.05
        else None,
    )


def whereabouts(chance, known):
    """Return regions, places, and the name by which to speak of them."""
    if chance.random() < 0.12:
        country = chance.choice(known.countries)
        return (country.slug,), (), country.name
    if chance.random() < 0.45:
        place = chance.choice(known.places)
        return (place.regions[0],), (place.name,), place.name
    region = chance.choice(known.regions)
    return (region.slug,), (), region.name


def sources_of(chance, number, made_on, subject, known):
    found = []
    for place in range(chance.randrange(UPDATES // 2, UPDATES * 3 // 2 + 1)):
        kind = chance.choice(list(PUBLISHERS))
        publisher = chance.choice(PUBLISHERS[kind].split(";"))
        day = made_on + timedelta(days=chance.randrange((LAST - made_on).days))
        claims = (
            (
                EvidenceRecord(
                    claim=f"That {subject} were counted again in {day.year}.", read="The table says so.", how="page"
                ),
            )
            if chance.random() < 0.3
            else ()
        )
        found.append(
            SourceRecord(
                id=f"{known.slugify(publisher)[:20].strip('-')}-{day.year}-{place + 1}",
                title=f"{publisher} on {subject}: {chance.choice(PAPERS)}, part {place + 1}",
                publisher=publisher,
                url=f"https://example.org/{known.slugify(publisher)}/{day.year}/{number}-{place + 1}",
                published=Day(day.isoformat()),
                kind=kind,
                evidence=claims,
            )
        )
    return tuple(found)


def updates_of(chance, made_on, subject, where, sources):
    """Return the history: the making, then what came of it, each thing on a later day."""
    count = chance.randrange(UPDATES // 2, UPDATES * 3 // 2 + 1)
    later = sorted(chance.sample(range(1, (LAST - made_on).days + 1), count - 1))
    status, found = "in_progress", []
    for place, days in enumerate([0, *later]):
        if place:
            status = chance.choices(*NEXT[status])[0]
        day = made_on + timedelta(days=days)
        vague = place and chance.random() < 0.08
        reasons = ("made",) if not place else tuple(chance.sample(REASONS[status], 1)) if status in REASONS else ()
        opening = "Promise made of" if not place else chance.choice(NEWS[status].split(";"))
        cited = chance.sample(sources, min(len(sources), chance.choice((1, 1, 2))))
        found.append(
            UpdateRecord(
                date=Day(day.isoformat()[:7] if vague else day.isoformat()),
                status=status,
                reason=reasons,
                headline=f"{opening} {subject} in {where}"[:90].rstrip(" ,-"),
                explanation=(
                    f"In {day:%B} {day.year} {chance.choice(GROUPS)} in {where} were told that "
                    f"{chance.randrange(1, 100)} per cent of the {subject} stood. {chance.choice(JUDGED[status].split('.;'))}"
                ).rstrip(".") + ".",
                sources=tuple(
                    CitationRecord(source=source.id, locator=f"page {chance.randrange(2, 90)}" if chance.random() < 0.4 else "")
                    for source in cited
                ),
            )
        )  # fmt: skip
    return tuple(sorted(found, key=lambda update: update.date.last_day))


def targets_of(chance, thing, amount, keys):
    return (
        MeasureRecord(
            measure=thing.capitalize(),
            unit=thing,
            promised=Decimal(amount),
            delivered=Decimal(amount * chance.randrange(110) // 100),
            as_of=Day(LAST.isoformat()[:7]),
            basis="As counted by the department.",
            source=chance.choice(keys),
        ),
    )


def into_database(count, *, say=print):
    """Load promises until there are `count`, an edition for each thousand; returns the seconds it took."""
    from django.utils import timezone

    from bench.site import with_room
    from promises.desk.models import Promise
    from promises.publishing.loading import load

    with_room()
    there = Promise.objects.count()
    wanted, begun = records(count - there, start=there), time.perf_counter()
    while chunk := list(islice(wanted, CHUNK)):
        loading = load(chunk, at=timezone.now(), note="Made up, to measure by.")
        if loading.problems:
            sys.exit("\n".join(map(str, loading.problems)))
        there += len(chunk)
        say(f"{there:,} promises after {time.perf_counter() - begun:.0f} s")
    return time.perf_counter() - begun


def into_folder(count, folder):
    """Write promises as record files."""
    from promises.desk.imports.records import dump

    folder.mkdir(parents=True, exist_ok=True)
    for record in records(count):
        (folder / f"{record.slug}.yaml").write_text(dump(record), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(prog="python -m bench.generate", description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, metavar="N")
    parser.add_argument("folder", nargs="?", type=Path, metavar="DIR")
    parser.add_argument("--into-database", action="store_true", help="load them into the database of the settings")
    asked = parser.parse_args()
    if bool(asked.folder) == asked.into_database:
        parser.error("Name a folder, or say --into-database.")
    from bench.site import set_up

    set_up()
    if asked.folder:
        into_folder(asked.count, asked.folder)
    else:
        into_database(asked.count)


if __name__ == "__main__":
    main()
