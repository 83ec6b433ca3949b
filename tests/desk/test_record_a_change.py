"""“Record a change”, from the first word to the public page, as people do it."""

import pytest
from django.test import Client

from promises.desk.models import Citation, Promise, PromiseSource, Source, Submission, Update
from promises.desk.models.submission import State
from promises.record.edition import Edition
from promises.record.version import Version
from tests.factories import a_promise, a_promise_source, a_published_promise, a_source, an_update, broken, made, publish

pytestmark = pytest.mark.django_db

WHAT = {
    "status": "broken",
    "reason": ["dropped", "missed"],
    "date": "2024-10",
    "headline": "Line dropped in the budget",
    "explanation": "The Treasury took the money back.",
}
NEW = {
    "new0-title": "Budget 2024",
    "new0-publisher": "HM Treasury",
    "new0-url": "https://example.org/budget-2024",
    "new0-published": "2024-10-30",
    "new0-kind": "official",
    "new0-locator": "page 12",
    "new0-quoted": "The line will not be built.",
}


def screen(promise, update=None):
    tail = f"{update.pk}/" if update else ""
    return f"/admin/promises/promise/{promise.pk}/change-of-status/{tail}"


def review(submission):
    return f"/admin/promises/submission/{submission.pk}/change/"


def public_answers(promise):
    """What a reader gets of everything that shows the promise."""
    reader = Client()
    paths = ["/", "/promises.csv", "/promises.json", "/promises.atom", "/changes/", "/changes.json"]
    paths += [f"/promises/{promise.slug}{end}" for end in ("/", ".json", ".csv", ".atom")]
    paths += ["/?q=treasury", "/promises.json?q=budget", "/themes/", "/places/north-west/", "/sitemap.xml"]
    answers = {path: reader.get(path) for path in paths}
    return {
        path: (r.status_code, b"".join(r.streaming_content) if r.streaming else r.content)
        for path, r in answers.items()
    }


def test_the_whole_way_from_draft_to_public_page(rita, edwin):
    promise = a_published_promise()
    before = public_answers(promise)
    response = rita.fill(screen(promise), "_submit", **WHAT, **NEW, note="The budget dropped it.")
    submission = Submission.objects.get()
    assert response.url == review(submission)
    assert public_answers(promise) == before
    assert rita.get(screen(promise)).status_code == 200

    page = edwin.get(review(submission)).content.decode()
    assert "Line dropped in the budget" in page
    assert "Budget 2024" in page
    assert "The line will not be built." in page
    edwin.fill(review(submission), "_publish")

    submission.refresh_from_db()
    assert submission.state == State.PUBLISHED
    version = Version.objects.get(edition_id=submission.edition)
    assert (version.kind, version.note) == ("update", "The budget dropped it.")
    update = version.snapshot["updates"][-1]
    assert update["number"] == 2
    assert update["date"] == "2024-10"
    assert update["citations"][0]["locator"] == "page 12"
    after = public_answers(promise)
    assert b"Line dropped in the budget" in after[f"/promises/{promise.slug}/"][1]
    assert b"Line dropped in the budget" in after["/promises.csv"][1]
    assert b"Budget 2024" in after[f"/promises/{promise.slug}.json"][1]
    assert version.edition.roles == {"by": "researcher", "checked_by": "editor"}


def test_a_draft_is_saved_and_taken_further(rita):
    promise = a_published_promise()
    response = rita.fill(screen(promise), "_save", **WHAT, **NEW)
    update = Update.objects.get(number=None)
    assert response.url == screen(promise, update)
    assert Submission.objects.count() == 0
    values = rita.open(screen(promise, update))
    assert values["headline"] == "Line dropped in the budget"
    assert sorted(values["reason"]) == ["dropped", "missed"]
    rita.post(screen(promise, update), values, "_submit", explanation="It was dropped for good.")
    assert Update.objects.get(pk=update.pk).explanation == "It was dropped for good."
    assert Submission.objects.get().note == "Line dropped in the budget"
    assert Citation.objects.filter(update=update).count() == 1


def test_sources_are_chosen_found_and_added(rita):
    promise = a_published_promise()
    own, other = promise.promise_sources.get().source, a_source(title="Hansard of a day in May", publisher="Parliament")
    values = rita.open(screen(promise))
    found = rita.post(screen(promise), values, "_find", **WHAT, find="hansard parliament")
    assert found.status_code == 200
    assert b"1 found" in found.content
    assert b"Line dropped in the budget" in found.content
    assert Update.objects.filter(number=None).count() == 0
    values = values | WHAT | NEW | {"found": str(other.pk), f"s{own.pk}-cite": "on", f"s{other.pk}-cite": "on"}
    values[f"s{other.pk}-quoted"] = "word for word"
    rita.post(screen(promise), values, "_save")
    update = Update.objects.get(number=None)
    assert {c.source.source.title for c in update.citations.select_related("source__source")} == {
        own.title,
        other.title,
        "Budget 2024",
    }
    assert PromiseSource.objects.filter(promise=promise).count() == 3
    assert update.citations.get(source__source=other).quoted == "word for word"


def test_more_lines_for_new_sources_keep_what_was_typed(rita):
    promise = a_published_promise()
    values = rita.open(screen(promise))
    response = rita.post(screen(promise), values, "_more", **WHAT, **NEW)
    assert response.content.count(b"A source that is not here yet") == 2
    assert b"Budget 2024" in response.content
    assert b"errorlist" not in response.content


def test_enter_in_the_search_looks_for_sources(rita):
    promise = a_published_promise()
    a_source(title="Hansard of a day in May")
    response = rita.fill(screen(promise), "_enter", find="hansard")
    assert b"1 found" in response.content


@pytest.mark.parametrize("number", ["²", "9" * 30, "9" * 5000, "-1", "\0"])
def test_numbers_that_are_none_are_passed_over(rita, number):
    promise = a_published_promise()
    response = rita.fill(screen(promise), "_find", found=number, new_count=number, find="hansard")
    assert response.status_code == 200


def test_a_form_that_fails_keeps_everything(rita):
    promise = a_published_promise()
    typed = (
        WHAT | NEW | {"status": "kept", "headline": "x" * 91, "new0-url": "ftp://example.org/file", "note": "Told so"}
    )
    response = rita.fill(screen(promise), "_submit", **typed)
    assert response.status_code == 200
    page = response.content.decode()
    for text in [
        "x" * 91,
        "ftp://example.org/file",
        "Budget 2024",
        "page 12",
        "The line will not be built.",
        "Told so",
    ]:
        assert text in page
    assert "A kept promise needs no reason" in page
    assert "is not an http or https address" in page
    assert Update.objects.filter(number=None).count() == Source.objects.filter(title="Budget 2024").count() == 0


def test_an_address_that_is_here_already_is_pointed_out(rita):
    promise, there = a_published_promise(), a_source(title="The budget", url="http://www.example.org/budget-2024/")
    response = rita.fill(screen(promise), "_save", **WHAT, **NEW)
    page = response.content.decode()
    assert "This address is here already" in page
    assert f"s{there.pk}-cite" in page
    rita.fill(screen(promise), "_save", **WHAT, **NEW, **{"new0-another_reading": "on"})
    assert Source.objects.filter(url__contains="budget-2024").count() == 2


def test_without_a_source_it_is_a_draft_and_no_more(rita):
    promise = a_published_promise()
    response = rita.fill(screen(promise), "_submit", **WHAT)
    update = Update.objects.get(number=None)
    assert response.url == screen(promise, update)
    page = rita.get(response.url).content.decode()
    assert "cannot be submitted yet" in page
    assert "sources is empty" in page
    assert Submission.objects.count() == 0


def test_the_preview_is_the_page_as_it_will_be_and_saves_nothing(rita, edwin):
    promise = a_published_promise()
    before = public_answers(promise)
    preview = rita.fill(screen(promise), "_preview", **WHAT, **NEW)
    assert b"Line dropped in the budget" in preview.content
    assert b"The line will not be built." in preview.content
    assert Update.objects.filter(number=None).count() == Source.objects.filter(title="Budget 2024").count() == 0
    assert public_answers(promise) == before
    rita.fill(screen(promise), "_submit", **WHAT, **NEW)
    saved = rita.get(f"/admin/promises/promise/{promise.pk}/preview/")
    edwin.fill(review(Submission.objects.get()), "_publish")
    page = Client().get(f"/promises/{promise.slug}/").content.decode()

    def history(text):
        start = text.index('id="history"')
        return text[start : text.index("</section>", start)]

    assert history(saved.content.decode()) == history(page)
    assert history(preview.content.decode()) == history(page)


def test_a_new_promise_begins_with_its_making(rita, edwin):
    path = "/admin/promises/promise/add/"
    values = rita.open(path)
    source = a_source(publisher="Conservative Party", published="2019-11-24")
    values |= {
        "title": "Reopen the line",
        "slug": "reopen-the-line",
        "summary": "The line was to be reopened.",
        "success_test": "Trains run.",
        "theme": "transport",
        "made_by": "Boris Johnson, Prime Minister",
        "department": "DfT",
        "made_on": "2019-11-24",
        "made_in": "Conservative manifesto 2019",
        "promise_places-0-place": "north-west",
        "promise_sources-0-source": str(source.pk),
    }
    response = rita.post(path, values, "_save")
    promise = Promise.objects.get(slug="reopen-the-line")
    assert promise.promise_sources.get().key == "conservative-party-2019"
    assert response.url == screen(promise)
    values = rita.open(response.url)
    assert values["date"] == "2019-11-24"
    assert values["status"] == "in_progress"
    assert values["reason"] == "made"
    rita.post(
        response.url, values, "_submit",
        headline="Manifesto promises the line", explanation="It said so.", **{f"s{source.pk}-cite": "on"},
    )  # fmt: skip
    assert Client().get("/promises/reopen-the-line/").status_code == 404
    edwin.fill(review(Submission.objects.get()), "_publish")
    assert Client().get("/promises/reopen-the-line/").status_code == 200
    assert Edition.objects.get().versions.get().kind == "new"


def test_a_published_update_is_withdrawn_with_a_reason_never_deleted(rita, edwin):
    promise = a_published_promise(made(), broken())
    update = promise.updates.last()
    assert rita.client.post(f"/admin/promises/update/{update.pk}/delete/", {"post": "yes"}).status_code == 403
    rita.fill(
        screen(promise, update), "_submit", withdrawn="It never happened.", correction="major_correction", note="Wrong."
    )
    edwin.fill(review(Submission.objects.get()), "_publish")
    version = Version.objects.latest("pk")
    assert version.kind == "major_correction"
    assert version.snapshot["updates"][1]["withdrawn"] == "It never happened."


def test_a_draft_of_an_update_can_be_deleted(rita):
    promise = a_published_promise()
    update = an_update(promise, broken())
    page = rita.get(screen(promise, update)).content.decode()
    assert f"/admin/promises/update/{update.pk}/delete/" in page
    rita.client.post(f"/admin/promises/update/{update.pk}/delete/", {"post": "yes"})
    assert promise.updates.count() == 1


def test_an_unticked_source_is_no_longer_cited(rita):
    promise = a_promise()
    update = promise.updates.get()
    a_promise_source(promise)
    tie = update.citations.get().source
    values = rita.open(screen(promise, update))
    assert values[f"s{tie.source_id}-cite"] == "on"
    rita.post(screen(promise, update), values, "_save", **{f"s{tie.source_id}-cite": None})
    assert update.citations.count() == 0
    assert promise.promise_sources.count() == 2


def test_two_at_the_same_update_lose_nothing(rita, edwin):
    promise = a_promise()
    publish(promise)
    update = an_update(promise, broken())
    hers, his = rita.open(screen(promise, update)), edwin.open(screen(promise, update))
    edwin.post(screen(promise, update), his, "_save", headline="His headline", date="2023-10-05")
    response = rita.post(screen(promise, update), hers, "_save", headline="Her headline", explanation="Her explanation")
    assert response.status_code == 409
    update.refresh_from_db()
    assert (update.headline, update.date) == ("His headline", "2023-10-05")
    from tests.desk.conftest import fields_of

    again = fields_of(response)
    assert "Changed meanwhile by edwin" in response.content.decode()
    assert (again["headline"], again["explanation"]) == ("Her headline", "Her explanation")
    assert again["date"] == "2023-10-05"
    rita.post(screen(promise, update), again, "_save")
    update.refresh_from_db()
    assert (update.headline, update.explanation, update.date) == ("Her headline", "Her explanation", "2023-10-05")


def test_two_who_record_the_same_change_are_told(rita, edwin):
    promise = a_published_promise()
    hers, his = rita.open(screen(promise)), edwin.open(screen(promise))
    edwin.post(screen(promise), his, "_save", **WHAT)
    response = rita.post(screen(promise), hers, "_save", **WHAT | {"headline": "The same in other words"})
    assert response.status_code == 409
    assert b"Line dropped in the budget" in response.content
    assert Update.objects.filter(number=None).count() == 1
