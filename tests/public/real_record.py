"""The real records, published once for a file of tests; and what their files say, read without our code."""

import calendar
import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
STATUSES = ["kept", "watered_down", "broken", "in_progress"]


@pytest.fixture(scope="module")
def published_record(django_db_setup, django_db_blocker):
    """Every record of `fixtures/`, published in one edition; rolled back after the file's last test."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_records", str(FIXTURES / "promises"), verbosity=0)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def record(published_record, db):
    """What the files say: the list of records."""
    return records()


@cache
def records():
    """The records as their files have them."""
    read = [yaml.load(file.read_text(), yaml.CBaseLoader) for file in sorted((FIXTURES / "promises").glob("*.yaml"))]  # noqa: S506
    return [one for whole in read for one in (whole.get("promises", [whole]) if isinstance(whole, dict) else whole)]


@cache
def reference(name):
    return yaml.load((FIXTURES / name).read_text(), yaml.CBaseLoader)  # noqa: S506


def counts_from(text):
    """The last day that a day as written can mean, but no later than today."""
    parts = [int(part) for part in text.split("-")]
    if len(parts) == 3:
        return date(*parts)
    year, month = parts[0], (parts[1] if len(parts) == 2 else 12)
    return min(date(year, month, calendar.monthrange(year, month)[1]), timezone.localdate())


def latest(one, day):
    """The update that holds on a day; None before the promise was made."""
    by_then = [update for update in one["updates"] if counts_from(update["date"]) <= day]
    # A later one of the same day wins, so the order in the file decides.
    return max(enumerate(by_then), key=lambda pair: (counts_from(pair[1]["date"]), pair[0]))[1] if by_then else None


def places_of(one):
    """Every key under which a promise is found by place."""
    known = reference("places.yaml")["places"]
    named = {
        name: row
        for row in known
        if row["kind"] not in ("country", "region")
        for name in [row["name"], *row.get("also", [])]
    }
    keys = set(one["regions"])
    for name in one.get("places", []):
        keys |= {named[name]["slug"], *named[name].get("regions", [])}
    return keys


def people_of(one):
    rows = reference("people.yaml")["people"]
    return {row["slug"] for row in rows if one["made_by"] in row["spellings"]}


def department_of(one):
    rows = reference("departments.yaml")["departments"]
    (found,) = (row["key"] for row in rows if one["department"] in [row["short"], row["name"], *row.get("also", [])])
    return found


def text_of(one, day):
    """All the words that a day shows of a promise."""
    sources = {source["id"]: source["title"] for source in one["sources"]}
    names = {row["slug"]: row["name"] for row in reference("places.yaml")["places"]}
    parts = [one["title"], one["summary"], one.get("quote", ""), one["theme"].replace("-", " ")]
    parts += [names[key] for key in one["regions"]] + list(one.get("places", []))
    parts += [sources[one["quote_source"]]] if one.get("quote_source") else []
    for update in one["updates"]:
        if counts_from(update["date"]) <= day:
            cited = [source if isinstance(source, str) else source["source"] for source in update["sources"]]
            parts += [update["headline"], update["explanation"], *(sources[key] for key in cited)]
    return " ".join(parts).lower()


def expected(day, *, sort="changed", q="", **chosen):
    """The slugs that a question is to give, in order, worked out from the files alone."""
    found = []
    for one in records():
        update = latest(one, day)
        if update is None:
            continue
        has = {
            "status": {update["status"]},
            "reason": set(update.get("reason", [])),
            "theme": {one["theme"]},
            "place": places_of(one),
            "department": {department_of(one)},
            "by": people_of(one),
        }
        words_there = re.findall(r"\w+", text_of(one, day))
        if all(has[name] & set(keys) for name, keys in chosen.items()) and all(
            any(answers(word, term) for word in words_there) for term in q.split()
        ):
            found.append((one, update))
    found.sort(key=lambda pair: pair[0]["slug"])
    latest_first = lambda pair: -counts_from(pair[1]["date"]).toordinal()  # noqa: E731
    key, back = sort.lstrip("-"), sort.startswith("-")
    if key == "title":
        found.sort(key=lambda pair: plain(pair[0]["title"]), reverse=back)
    elif key == "made":
        found.sort(key=lambda pair: counts_from(pair[0]["made_on"]).toordinal() * (-1 if back else 1))
    elif key == "status":
        found.sort(key=latest_first)
        found.sort(key=lambda pair: STATUSES.index(pair[1]["status"]) * (-1 if back else 1))
    else:
        found.sort(key=lambda pair: latest_first(pair) * (-1 if back else 1))
    return [one["slug"] for one, _ in found]


def answers(word, term):
    return word.startswith(term) if len(term) > 3 else word in (term, term + "s", term + "es")


def plain(title):
    return title.casefold()


def counted(day, **chosen):
    """The number of promises in each status that a question is to give."""
    return {status: len(expected(day, status=[status], **chosen)) for status in STATUSES}
