"""The calendar is read back by a calendar's reader."""

from datetime import date

import icalendar
import pytest

from tests.factories import a_published_promise, broken, made

pytestmark = pytest.mark.django_db


def read(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    content = answer.getvalue()
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    calendar = icalendar.Calendar.from_ical(content)
    assert not calendar.errors
    return calendar


def test_each_promise_with_a_day_is_an_event_on_the_last_day_it_can_mean(client):
    a_published_promise(due_on="2030", title="Build the railway; all of it, in full")
    a_published_promise(made(), broken("2023-10-04"), due_on="2025-03", slug="canal", title="Dig the canal")
    a_published_promise(due_on="2024-05-01")
    a_published_promise()
    events = read(client, "/promises.ics").walk("VEVENT")
    assert [event.decoded("dtstart") for event in events] == [date(2024, 5, 1), date(2025, 3, 31), date(2030, 12, 31)]
    assert str(events[2]["summary"]) == "Due by the end of 2030: Build the railway; all of it, in full"
    assert str(events[1]["summary"]) == "Due by the end of March 2025: Dig the canal"
    assert str(events[1]["description"]).startswith("Broken since 4 October 2023. ")
    assert events[1]["url"].endswith("/promises/canal/")
    assert events[1].decoded("dtend") == date(2025, 4, 1)


def test_it_takes_the_query_of_the_tracker(client):
    a_published_promise(due_on="2030")
    a_published_promise(due_on="2031", theme="schools")
    for address in ("/promises.ics?theme=schools", "/themes/schools.ics"):
        [event] = read(client, address).walk("VEVENT")
        assert event.decoded("dtstart") == date(2031, 12, 31)


def test_long_words_are_folded_between_letters(client):
    a_published_promise(due_on="2030", title="Ł" * 80)
    [event] = read(client, "/promises.ics").walk("VEVENT")
    assert str(event["summary"]).endswith("Ł" * 80)


def test_events_are_as_many_as_there_are(client):
    for _ in range(3):
        a_published_promise(due_on="2030")
    calendar = read(client, "/promises.ics")
    assert len({str(event["uid"]) for event in calendar.walk("VEVENT")}) == 3
