"""What readers send us: nothing typed is lost, little spam comes in, and nobody is known."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import html5lib
import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from promises.desk import limits, suggesting
from promises.desk.models import Promise, Suggestion
from promises.desk.models.suggestion import CONTACT_KEPT, REFERENCE_LETTERS, Stage
from tests.factories import a_person, a_promise, a_published_promise

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HERE = {"HTTP_ORIGIN": "http://testserver"}


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    cache.clear()
    yield
    cache.clear()


def opened(*, ago=timedelta(seconds=30)):
    """The token of a form that was opened that long ago."""
    return suggesting.new_token(at=timezone.now() - ago).signed()


def filled(**changed):
    """What a browser sends of a form that is in order."""
    given = {
        "what": "source",
        "about": "",
        "text": "The select committee says otherwise.",
        "address": "https://example.org/report",
        "contact": "",
        "website": "",
        "token": opened(),
    }
    return given | changed


def send(client, **changed):
    origin = changed.pop("origin", HERE)
    return client.post("/suggest/", filled(**changed), **origin)


def a_suggestion(**fields):
    given = filled() | {"token": None} | fields
    token = suggesting.new_token(at=NOW)
    given = {name: given[name] for name in ("what", "about", "text", "address", "contact")}
    return suggesting.receive(given, token, at=fields.get("at", NOW))


# Sending


def test_a_suggestion_gets_a_reference_number(client):
    answer = send(client)
    suggestion = Suggestion.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == f"/suggest/{suggestion.reference}/"
    assert re.fullmatch(f"LU-[{REFERENCE_LETTERS}]{{5}}", suggestion.reference)
    assert suggestion.stage == Stage.RECEIVED
    assert suggestion.text == "The select committee says otherwise."


def test_no_cookie_is_set_and_none_is_asked_for(client):
    client.force_login(a_person())
    before = dict(client.cookies)
    for answer in (client.get("/suggest/"), send(client), client.get(Suggestion.objects.get().get_absolute_url())):
        assert dict(client.cookies) == before
        assert "Cookie" not in answer.get("Vary", "")
        assert "no-store" in answer["Cache-Control"]
    assert Suggestion.history.get().history_user is None


def test_a_form_sent_twice_is_one_suggestion(client):
    token = opened()
    first, second = send(client, token=token), send(client, token=token)
    assert first["Location"] == second["Location"]
    assert Suggestion.objects.count() == 1


def test_the_form_is_sound_and_needs_no_script(client):
    promise = a_published_promise(title="Build the line")
    page = client.get("/suggest/", {"promise": promise.slug}).content.decode()
    html5lib.HTMLParser(strict=True).parse(page)
    assert 'value="Build the line"' in page
    assert "style=" not in page


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"what": ""}, "Choose one of the three."),
        ({"what": "pony"}, "pony"),
        ({"text": " "}, "Write what we should know."),
        ({"text": "x" * 4001}, "It has 4,001 characters; at most 4,000 are allowed."),
        ({"text": "http://a.b " * 6}, "The text holds 6 addresses; at most 5 are allowed."),
        ({"text": "<script>alert(1)</script>"}, "It holds markup"),
        ({"address": ""}, "Give the address at which the source can be read."),
        ({"address": "not an address"}, "has a blank in it"),
        ({"address": "javascript:alert(1)"}, "is not an http or https address"),
        ({"contact": "x" * 201}, "It has 201 characters; at most 200 are allowed."),
        ({"about": "x" * 301}, "It has 301 characters; at most 300 are allowed."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(client, changed, sentence):
    typed = {"text": "A rare word: quokka.", "contact": "ada@example.org", "about": "that line"} | changed
    answer = send(client, **typed)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in page
    assert "Nothing you typed is lost" in page
    fields = html5lib.parse(page, namespaceHTMLElements=False)
    kept = {field.get("name"): field.get("value", "") for field in fields.iter("input")}
    kept["text"] = "".join(fields.find(".//textarea").itertext()).strip()
    for name in ("text", "about", "contact"):
        assert kept[name] == typed[name].strip()
    assert not Suggestion.objects.exists()


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        ({"origin": {"HTTP_ORIGIN": "https://elsewhere.example"}}, 403, "sent from our own page"),
        ({"origin": {}}, 403, "sent from our own page"),
        ({"origin": {"HTTP_ORIGIN": "null"}}, 403, "sent from our own page"),
        ({"token": "forged"}, 400, "open for more than a day"),
        ({"token": ""}, 400, "open for more than a day"),
        ({"website": "https://spam.example"}, 400, "that is to stay empty"),
    ],
)
def test_what_programs_send_is_held_back_without_loss(client, changed, status, sentence):
    answer = send(client, text="A rare word: quokka.", **changed)
    page = answer.content.decode()
    assert answer.status_code == status
    assert sentence in page
    assert "A rare word: quokka." in page
    assert not Suggestion.objects.exists()
    # Sent once more from the page that came back, it goes through: that is how people differ.
    token = suggesting.token_in(re.search('name="token" value="([^"]+)"', page).group(1))
    ripe = suggesting.Token(token.name, token.opened_at - timedelta(seconds=10)).signed()
    assert send(client, token=ripe).status_code == 303


def test_a_referrer_will_do_where_no_origin_is_sent(client):
    assert send(client, origin={"HTTP_REFERER": "http://testserver/suggest/"}).status_code == 303


def test_our_public_address_is_an_origin_of_ours(client, settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://tracker.example"]
    assert send(client, origin={"HTTP_ORIGIN": "https://tracker.example"}).status_code == 303


def test_a_form_filled_too_quickly_waits_and_one_open_too_long_is_renewed(client):
    quick = opened(ago=timedelta(seconds=1))
    answer = send(client, token=quick)
    assert answer.status_code == 400
    # The same token: by the next try it is old enough.
    assert suggesting.token_in(re.search('name="token" value="([^"]+)"', answer.content.decode()).group(1)) == (
        suggesting.token_in(quick)
    )
    old = opened(ago=timedelta(hours=25))
    answer = send(client, token=old)
    assert answer.status_code == 400
    assert old not in answer.content.decode()


def test_too_many_from_one_address_wait(client):
    for _ in range(suggesting.SENT_MOST):
        assert send(client).status_code == 303
    answer = send(client, text="A rare word: quokka.")
    assert answer.status_code == 429
    assert answer["Retry-After"] == "300"
    assert "A rare word: quokka." in answer.content.decode()
    assert send(Client(REMOTE_ADDR="198.51.100.7")).status_code == 303


def test_a_forged_header_escapes_no_limit_and_our_proxy_is_believed(client, settings):
    for number in range(suggesting.SENT_MOST):
        assert send(client, origin=HERE | {"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}"}).status_code == 303
    assert send(client, origin=HERE | {"HTTP_X_FORWARDED_FOR": "198.51.100.99"}).status_code == 429
    settings.TRUSTED_PROXIES = 1
    assert send(client, origin=HERE | {"HTTP_X_FORWARDED_FOR": "8.8.8.8, 198.51.100.98"}).status_code == 303


def test_who_asked_cannot_be_read_from_the_cache():
    request = RequestFactory().post("/suggest/", REMOTE_ADDR="203.0.113.9")
    one, other = (limits.who(request, NOW + timedelta(days=days)) for days in (0, 1))
    assert "203.0.113.9" not in one
    assert one != other
    long_one, same_network = (
        limits.who(RequestFactory().get("/", REMOTE_ADDR=address), NOW)
        for address in ("2001:db8::1", "2001:db8::ffff:2")
    )
    assert long_one == same_network


# Which promise


def test_a_promise_is_known_by_address_key_or_title():
    promise = a_published_promise(slug="build-it", title="Build it in full")
    for about in ("https://tracker.example/promises/build-it/updates/2/", "build-it", "BUILD IT in full"):
        assert suggesting.promise_meant(about) == promise
    assert suggesting.promise_meant("something else") is None


def test_a_draft_is_not_found_out_here(client):
    draft = a_promise(slug="secret-draft", title="A secret draft")
    assert suggesting.promise_meant("secret-draft") is None
    assert suggesting.promise_meant("A secret draft") is None
    assert "A secret draft" not in client.get("/suggest/?promise=secret-draft").content.decode()
    assert send(client, about=draft.title).status_code == 303


# What became of it


def test_the_sender_sees_how_far_it_is_and_nothing_it_says(client):
    suggestion = a_suggestion(contact="ada@example.org")
    ada = a_person(role="Editor")
    for stage, words in (
        (None, "Received"),
        (Stage.LOOKED_AT, "Being looked at"),
        (Stage.TAKEN, "Done: taken up"),
        (Stage.DECLINED, "Done"),
    ):
        if stage:
            suggestion.handle(stage, by=ada, at=NOW, reason="Wrong, quokka." if stage == Stage.DECLINED else "")
        page = client.get(f"/suggest/{suggestion.reference}/").content.decode()
        assert f"<strong>{words}</strong>" in page
        assert 'content="noindex"' in page
        for private in ("select committee", "ada@example.org", "quokka", str(ada), "example.org/report"):
            assert private not in page


def test_a_reference_number_is_read_as_people_type_it(client):
    suggestion = a_suggestion()
    typed = suggestion.reference.lower().replace("-", "")
    assert client.get("/suggest/", {"reference": f" {typed} "})["Location"] == f"/suggest/{suggestion.reference}/"
    assert client.get(f"/suggest/{typed}/")["Location"] == f"/suggest/{suggestion.reference}/"
    assert client.get("/suggest/", {"reference": "what?"}).status_code == 400
    assert client.get("/suggest/LU-22222/").status_code == 404
    assert client.get("/suggest/anything/").status_code == 404


def test_reference_numbers_cannot_be_tried_out(client):
    for _ in range(suggesting.LOOKED_UP_MOST):
        client.get("/suggest/LU-22222/")
    assert client.get("/suggest/LU-22222/").status_code == 429


def test_contacts_are_forgotten():
    done, waiting = a_suggestion(contact="ada@example.org"), a_suggestion(contact="bea@example.org")
    done.handle(Stage.TAKEN, by=a_person(), at=NOW)
    a_suggestion(at=NOW + CONTACT_KEPT + timedelta(days=1))
    done.refresh_from_db()
    waiting.refresh_from_db()
    assert done.contact == ""
    assert waiting.contact == "bea@example.org"
    assert not any("ada@example.org" in str(vars(row)) for row in Suggestion.history.all())


# What is taken away with time

RARE = "quokka"


def days_ago(days):
    return timezone.now() - timedelta(days=days)


def told(command):
    out = StringIO()
    call_command(command, stdout=out)
    return out.getvalue().strip()


def assert_nothing_said_is_left(reference):
    for row in [*Suggestion.objects.filter(reference=reference), *Suggestion.history.filter(reference=reference)]:
        assert RARE not in str(vars(row)), vars(row)


def test_what_a_reader_wrote_is_taken_away_and_what_became_of_it_stays(settings):
    promise, editor = a_published_promise(slug="build-the-line"), a_person("edwin", role="Editor")
    said = {"text": f"A {RARE}.", "about": "build-the-line", "address": f"https://{RARE}.example/", "contact": RARE}
    suggestion = a_suggestion(**said, at=days_ago(400))
    suggestion.handle(Stage.DECLINED, by=editor, at=days_ago(366), reason="Known already.")
    assert told("purge_suggestions") == "Took away what 1 suggestions said."
    assert_nothing_said_is_left(suggestion.reference)
    suggestion.refresh_from_db()
    assert (suggestion.stage, suggestion.handled_by, suggestion.promise) == (Stage.DECLINED, editor, promise)
    assert suggestion.reason == "Known already."
    assert told("purge_suggestions") == "Took away what 0 suggestions said."


def test_what_nobody_took_up_goes_whole(client):
    suggestion = a_suggestion(text=f"A {RARE}.", address="", what="correction", at=days_ago(366))
    told("purge_suggestions")
    assert not Suggestion.objects.exists()
    assert not Suggestion.history.filter(reference=suggestion.reference).exists()
    assert client.get(suggestion.get_absolute_url()).status_code == 404


def test_what_is_younger_stays(settings):
    settings.SUGGESTION_KEEP_DAYS = 30
    young, done = a_suggestion(text=f"A {RARE}.", at=days_ago(29)), a_suggestion(text=f"A {RARE}.", at=days_ago(90))
    done.handle(Stage.TAKEN, by=a_person(), at=days_ago(29))
    told("purge_suggestions")
    assert {row.text for row in Suggestion.objects.all()} == {f"A {RARE}."}
    assert young.is_waiting


def test_a_suggestion_without_its_words_still_opens_at_the_desk(at_desk):
    suggestion = a_suggestion(at=days_ago(400))
    suggestion.handle(Stage.TAKEN, by=a_person(), at=days_ago(366))
    told("purge_suggestions")
    assert "taken away, as /privacy/ says" in at_desk("Editor").get(path_of(suggestion)).content.decode()


# At the desk


def path_of(suggestion):
    return reverse("admin:promises_suggestion_change", args=[suggestion.pk])


def test_the_queue_shows_what_waits_oldest_first(at_desk):
    late, early = a_suggestion(at=NOW), a_suggestion(at=NOW - timedelta(days=3))
    done = a_suggestion()
    done.handle(Stage.TAKEN, by=a_person(), at=NOW)
    page = at_desk("Researcher").get("/admin/promises/suggestion/").content.decode()
    assert page.index(early.reference) < page.index(late.reference)
    assert done.reference not in page
    assert done.reference in at_desk("Researcher").get("/admin/promises/suggestion/?stage=all").content.decode()


def test_the_front_page_counts_what_waits(at_desk):
    suggestion = a_suggestion()
    page = at_desk("Editor").get("/admin/").content.decode()
    assert suggestion.reference in page
    assert 'Suggestions from readers <span class="desk-count">1</span>' in page


def test_a_missing_promise_becomes_a_new_draft(at_desk):
    ada = at_desk("Researcher")
    suggestion = a_suggestion(what="promise", text="Reopen the Leamside line\nIt was in the Bishop Auckland speech.")
    answer = ada.fill(path_of(suggestion), "_take")
    suggestion.refresh_from_db()
    assert (suggestion.stage, suggestion.handled_by) == (Stage.LOOKED_AT, ada.person)
    assert answer["Location"].startswith("/admin/promises/promise/add/?")
    form = ada.open(answer["Location"])
    assert form["title"] == "Reopen the Leamside line"
    assert "Bishop Auckland" in form["summary"]


def test_saving_the_draft_ties_it_to_the_suggestion(at_desk):
    ada = at_desk("Researcher")
    suggestion = a_suggestion(what="promise", text="Reopen the Leamside line")
    form = ada.fill(path_of(suggestion), "_take")["Location"]
    answer = ada.fill(
        form,
        "_save",
        slug="leamside",
        success_test="Trains run.",
        theme="transport",
        made_by="Boris Johnson, Prime Minister",
        department="DfT",
        made_on="2020-01-31",
        made_in="A speech",
        **{"promise_places-0-place": "north-east"},
    )
    assert answer.status_code == 302
    suggestion.refresh_from_db()
    assert suggestion.promise == Promise.objects.get(slug="leamside")
    assert suggestion.stage == Stage.TAKEN


def test_a_source_leads_to_a_change_of_its_promise_with_the_note_in_sight(at_desk):
    ada = at_desk("Researcher")
    promise = a_published_promise()
    suggestion = a_suggestion(about=promise.slug)
    answer = ada.fill(path_of(suggestion), "_take")
    assert answer["Location"] == f"/admin/promises/promise/{promise.pk}/change-of-status/"
    page = ada.get(answer["Location"]).content.decode()
    assert suggestion.text in page
    assert suggestion.address in page
    assert suggestion.reference in ada.get(f"/admin/promises/promise/{promise.pk}/change/").content.decode()


def test_declining_takes_an_editor_and_a_reason(at_desk):
    suggestion = a_suggestion(contact="ada@example.org")
    researcher, editor = at_desk("Researcher"), at_desk("Editor")
    assert "ada@example.org" not in researcher.get(path_of(suggestion)).content.decode()
    assert "ada@example.org" in editor.get(path_of(suggestion)).content.decode()
    assert researcher.fill(path_of(suggestion), "_decline", reason="No.").status_code == 403
    assert "Say why it is not taken up" in editor.fill(path_of(suggestion), "_decline").content.decode()
    assert editor.fill(path_of(suggestion), "_decline", reason="It is another promise.").status_code == 302
    suggestion.refresh_from_db()
    assert (suggestion.stage, suggestion.handled_by) == (Stage.DECLINED, editor.person)


def test_the_second_to_decide_is_told(at_desk):
    suggestion = a_suggestion()
    editor = at_desk("Editor")
    form = editor.open(path_of(suggestion))
    suggestion.handle(Stage.TAKEN, by=a_person(), at=NOW)
    page = editor.post(path_of(suggestion), form, "_decline", reason="No.").content.decode()
    assert "Somebody else has dealt with this one meanwhile" in page
    suggestion.refresh_from_db()
    assert suggestion.stage == Stage.TAKEN


def test_nobody_adds_or_deletes_suggestions_at_the_desk(at_desk):
    suggestion = a_suggestion()
    admin = at_desk("Administrator")
    assert admin.get("/admin/promises/suggestion/add/").status_code == 403
    assert admin.get(f"/admin/promises/suggestion/{suggestion.pk}/delete/").status_code == 403
