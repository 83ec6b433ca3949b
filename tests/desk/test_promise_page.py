"""The promise's page: everything in place, and two people at it."""

import pytest

from promises.desk import audit, workflow
from promises.desk.models import Evidence, Measure, Promise, PromiseSource, Source, Update
from promises.desk.models.submission import State
from tests.desk.conftest import fields_of
from tests.desk.test_workflow import NOW, approve, by, submitted
from tests.factories import a_promise, a_promise_source, a_published_promise, a_source, made, publish, under_way

pytestmark = pytest.mark.django_db


def page(row):
    return f"/admin/promises/{row._meta.model_name}/{row.pk}/change/"


def filled_in(promise):
    """A promise with a row of everything."""
    tie = promise.promise_sources.first()
    promise.measures.create(measure="Money", unit="£m", promised="12.5", source=tie)
    promise.wordings.create(date="2021", before="Build it all", after="Build some", source=tie)
    promise.related_rows.create(related=a_promise())
    return promise


def test_saving_the_page_unchanged_changes_nothing(rita):
    promise = filled_in(a_published_promise(made(), under_way(), places=("darlington",)))
    publish(promise, at=NOW)
    before = workflow.digest_of(workflow.fresh(promise.pk))
    response = rita.fill(page(promise), "_save")
    assert response.status_code == 302
    assert workflow.digest_of(workflow.fresh(promise.pk)) == before


def test_parts_are_added_changed_and_removed_in_place(rita):
    promise = filled_in(a_promise())
    tie = promise.promise_sources.get()
    values = rita.open(page(promise))
    values |= {
        "title": "Build it in full",
        "promise_places-1-place": "north-east",
        "promise_places-1-position": "1",
        "promise_sources-1-source": str(a_source(publisher="National Audit Office", published="2023").pk),
        "measures-0-delivered": "3.25",
        "measures-0-as_of": "2024",
        "wordings-0-DELETE": "on",
        "reply-TOTAL_FORMS": "1",
        "reply-0-date": "2025-01",
        "reply-0-by": "Transport Secretary",
        "reply-0-text": "We disagree.",
        "reply-0-source": str(tie.pk),
    }
    response = rita.post(page(promise), values, "_save")
    assert response.status_code == 302
    promise = workflow.fresh(promise.pk)
    assert promise.title == "Build it in full"
    assert [place.slug for place in promise.regions] == ["north-west", "north-east"]
    assert promise.promise_sources.last().key == "nao-2023"
    assert str(promise.measures.get().delivered) == "3.250000"
    assert promise.wordings.count() == 0
    assert promise.reply.by == "Transport Secretary"


def test_a_cited_source_stays_in_the_list(rita):
    promise = a_promise()
    response = rita.fill(page(promise), "_save", **{"promise_sources-0-DELETE": "on"})
    assert response.status_code == 200
    assert PromiseSource.objects.filter(promise=promise).count() == 1


@pytest.mark.parametrize("key", ["NaN", "²", "9" * 30, "9" * 5000, "\0"])
def test_a_key_that_is_none_is_refused_beside_its_field(rita, key):
    promise = filled_in(a_promise())
    changed = {"promise_sources-0-source": key, "related_rows-0-related": key, "promise_places-0-place": key}
    response = rita.fill(page(promise), "_save", **changed)
    assert response.status_code == 200
    assert response.content.decode().count("Select a valid choice") == 3


def test_no_copy_is_made_by_a_button_that_no_page_has(rita):
    promise = a_promise()
    assert rita.fill(page(promise), "_saveasnew", title="Mended").status_code == 302
    assert Promise.objects.get().title == "Mended"
    assert rita.fill(page(promise), "_saveasnew", title="").status_code == 200


@pytest.mark.parametrize("key", ["-inf", "9" * 30])
def test_rows_that_are_none_are_refused(rita, key):
    a_promise()
    asked = {"action": "mark_checked", "_selected_action": key}
    assert rita.post("/admin/promises/promise/", asked).status_code == 400
    assert rita.get(f"/admin/promises/update/{key}/change/").status_code == 404


def test_sources_of_other_promises_are_not_offered(rita):
    promise, other = filled_in(a_promise()), a_promise()
    foreign = str(other.promise_sources.get().pk)
    response = rita.fill(page(promise), "_save", **{"measures-0-source": foreign})
    assert response.status_code == 200
    assert Measure.objects.get().source.promise == promise


def test_a_key_of_another_promise_is_refused(rita):
    taken, promise = a_published_promise(), a_promise()
    former = taken.slug
    taken.slug = "renamed-since"
    taken.save()
    publish(taken, at=NOW)
    response = rita.fill(page(promise), "_save", slug=former)
    assert "never used again" in response.content.decode()


def test_two_at_one_page_lose_nothing(rita, edwin):
    promise = filled_in(a_promise(title="Build the line", summary="To all.", department="DfT"))
    hers, his = rita.open(page(promise)), edwin.open(page(promise))
    edwin.post(
        page(promise), his, "_save",
        title="Build the whole line", department="HMT", **{"measures-0-unit": "£bn", "promise_places-1-place": "wales"},
    )  # fmt: skip
    response = rita.post(
        page(promise), hers, "_save", summary="To the towns.", department="DLUHC", **{"measures-0-basis": "Nominal"}
    )
    assert response.status_code == 200
    text = response.content.decode()
    assert "Changed meanwhile by edwin" in text
    assert "<del>DfT</del><ins>HMT</ins>" in text
    assert "<del>HMT</del><ins>DLUHC</ins>" in text
    promise.refresh_from_db()
    assert (promise.title, promise.summary, promise.department) == ("Build the whole line", "To all.", "HMT")
    again = fields_of(response)
    assert (again["title"], again["summary"], again["department"]) == ("Build the whole line", "To the towns.", "DLUHC")
    response = rita.post(page(promise), again, "_save")
    assert response.status_code == 302
    promise = workflow.fresh(promise.pk)
    assert (promise.title, promise.summary, promise.department) == ("Build the whole line", "To the towns.", "DLUHC")
    measure = promise.measures.get()
    assert (measure.unit, measure.basis) == ("£bn", "Nominal")
    assert {place.slug for place in promise.regions} == {"north-west", "wales"}


def test_a_row_deleted_meanwhile_stays_deleted_unless_it_was_worked_on(rita, edwin):
    promise = filled_in(a_promise())
    promise.measures.create(measure="Trains", unit="trains", promised="8", position=1)
    hers, his = rita.open(page(promise)), edwin.open(page(promise))
    edwin.post(page(promise), his, "_save", **{"measures-0-DELETE": "on", "measures-1-DELETE": "on"})
    response = rita.post(page(promise), hers, "_save", **{"measures-1-basis": "Each day"})
    again = fields_of(response)
    assert rita.post(page(promise), again, "_save").status_code == 302
    assert [(m.measure, m.basis) for m in promise.measures.all()] == [("Trains", "Each day")]


def test_a_page_without_its_token_overwrites_nothing(rita):
    promise = a_promise(title="As it stands")
    response = rita.fill(page(promise), "_save", title="Another", _base=None)
    assert response.status_code == 200
    assert "Changed meanwhile" in response.content.decode()
    promise.refresh_from_db()
    assert promise.title == "As it stands"


def test_a_form_that_fails_keeps_everything_typed(rita):
    promise = filled_in(a_promise())
    response = rita.fill(page(promise), "_save", title="", summary="Typed", **{"measures-0-basis": "Typed too"})
    again = fields_of(response)
    assert (again["title"], again["summary"], again["measures-0-basis"]) == ("", "Typed", "Typed too")
    assert rita.post(page(promise), again, "_save", title="Mended").status_code == 302
    assert Promise.objects.get(pk=promise.pk).summary == "Typed"


def test_a_change_at_the_page_lifts_a_set_time(rita, edwin):
    from datetime import timedelta

    submission = approve(submitted(rita.person), edwin.person, publish_at=NOW + timedelta(days=9999))
    response = rita.client.get(page(submission.promise))
    assert "any change here takes it back to review" in response.content.decode()
    rita.fill(page(submission.promise), "_save", summary="Changed again")
    submission.refresh_from_db()
    assert submission.state == State.IN_REVIEW
    assert "waits for review again" in rita.get("/admin/").content.decode()


def test_a_source_changed_lifts_the_set_time_of_every_promise_that_shows_it(rita, edwin):
    from datetime import timedelta

    submission = approve(submitted(rita.person), edwin.person, publish_at=NOW + timedelta(days=9999))
    rita.fill(page(submission.promise.promise_sources.get().source), "_save", title="Another title")
    submission.refresh_from_db()
    assert submission.state == State.IN_REVIEW


def test_the_same_address_twice_is_asked_about(rita):
    a_source(url="https://example.org/paper")
    given = {"title": "The paper", "publisher": "A publisher", "url": "http://example.org/paper/", "kind": "news"}
    response = rita.fill("/admin/promises/source/add/", "_save", **given)
    assert "here already" in response.content.decode()
    rita.fill("/admin/promises/source/add/", "_save", **given, another_reading="on")
    assert Source.objects.filter(title="The paper").exists()


def test_what_a_source_is_cited_for_is_written_beside_it(rita):
    promise = a_promise()
    tie = a_promise_source(promise, claims=["The line opened"])
    values = rita.open(page(tie))
    rita.post(page(tie), values, "_save", **{"evidence_rows-1-claim": "It closed", "evidence_rows-1-read": "private"})
    assert list(Evidence.objects.filter(promise_source=tie).values_list("claim", flat=True)) == [
        "The line opened",
        "It closed",
    ]


def test_everything_done_is_told_with_before_and_after(rita, edwin):
    promise = a_published_promise(made(), under_way())
    Update.history.all().delete()  # as after loading, which keeps no history
    Promise.history.all().delete()
    rita.fill(page(promise), "_save", title="Another title", summary="Another summary")
    update = promise.updates.last()
    edwin.fill(
        f"/admin/promises/promise/{promise.pk}/change-of-status/{update.pk}/", "_save", headline="Another headline"
    )
    told = {(c.by and c.by.username, c.what, field): (before, after)
            for c in audit.changes(audit.of_promise(promise)) for field, before, after in c.fields}  # fmt: skip
    assert told["rita", "promise", "title"] == (promise.title, "Another title")
    assert told["edwin", "update", "headline"] == (update.headline, "Another headline")
    text = rita.get(f"/admin/promises/promise/{promise.pk}/history/").content.decode()
    assert "Another headline" in text
    file = rita.get(f"/admin/promises/promise/{promise.pk}/history/", format="csv").content.decode()
    assert f"edwin,changed,update,Another title,headline,{update.headline},Another headline" in file
    assert "Another headline" in rita.get(f"/admin/promises/update/{update.pk}/history/").content.decode()
    mine = edwin.get(f"/admin/people/{edwin.person.pk}/did/").content.decode()
    assert "Another headline" in mine
    assert "Another summary" not in mine


def test_the_list_offers_the_work(rita):
    promise = a_published_promise()
    text = rita.get("/admin/promises/promise/", q=promise.slug).content.decode()
    assert f"/admin/promises/promise/{promise.pk}/change-of-status/" in text


def test_many_are_changed_at_once(rita):
    promises = [a_published_promise() for _ in range(3)]
    chosen = {"_selected_action": [str(p.pk) for p in promises], "action": "set_theme"}
    assert "Set the theme on 3 drafts" in rita.client.post("/admin/promises/promise/", chosen).content.decode()
    rita.client.post("/admin/promises/promise/", chosen | {"choice": "health"})
    assert set(Promise.objects.values_list("theme", flat=True)) == {"health"}
    chosen["action"] = "add_place"
    rita.client.post("/admin/promises/promise/", chosen | {"choice": "wales"})
    assert all({place.slug for place in p.regions} == {"north-west", "wales"} for p in Promise.objects.all())
    by(rita.person, promises[0], theme_id="health")
    assert workflow.authors_of(workflow.submit(promises[0], by=rita.person, at=NOW), promises[0]) == {rita.person.pk}


def test_many_are_checked_at_once(rita):
    promises = [a_published_promise() for _ in range(2)]
    chosen = {"_selected_action": [str(p.pk) for p in promises], "action": "mark_checked"}
    response = rita.client.post("/admin/promises/promise/", chosen, follow=True)
    assert "2 promises" in response.content.decode()
