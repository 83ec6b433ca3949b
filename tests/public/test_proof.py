"""The proof of a version is checked with the tools and the commands that the page names, and nothing of ours."""

import hashlib
import html
import json
import re
import subprocess
import sys
from datetime import timedelta

import feedparser
import pytest
from django.conf import settings as django_settings

from promises.public import proofs
from promises.public.asking import NAMES
from promises.publishing import door
from promises.record import bell
from promises.record.edition import Edition
from promises.record.version import Version
from tests.factories import NOON, a_promise, a_published_promise, an_update, broken, kept, made, publish
from tests.public.reading import words_of
from tracker.cache import Editions, PageCache

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def a_record():
    """A promise of two versions, “quoted” and with ümlauts, among others; three editions after its first."""
    line = a_promise(made(), kept(headline="Züge “fahren” \\ <b>&"), slug="the-line", title="Build the “line”")
    publish(line, a_promise(slug="another"), note="The “first”.")
    an_update(line, broken())
    publish(line, at=NOON + DAY, note="News.")
    a_published_promise(at=NOON + 2 * DAY)
    publish(a_promise(made()), a_promise(made()), at=NOON + 3 * DAY)
    return line


def proof(client, ending="1/proof.json", **query):
    return client.get(f"/promises/the-line/versions/{ending}", query)


def commands_of_page(client):
    section = re.search(r'(?s)<section[^>]*id="check".*?</section>', client.get("/data/").text)[0]
    return [html.unescape(command) for command in re.findall(r"(?s)<pre[^>]*><code>(.*?)</code></pre>", section)]


def commands_of_document():
    text = (django_settings.BASE_DIR / "docs" / "data.md").read_text()
    section = text[text.index("## Check that nothing was altered") :]
    return re.findall(r"(?s)```sh\n(.*?)```", section)[:3]


def run(command, folder):
    """Run a command as a reader would, in the folder to which the proof was saved."""
    (folder / "python3").unlink(missing_ok=True)
    (folder / "python3").symlink_to(sys.executable)
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder, env={"PATH": f"{folder}:/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(params=["page", "document"])
def commands(request, client):
    """The commands to type, from the page or from the document; the first of them only fetches."""
    fetch, *others = commands_of_page(client) if request.param == "page" else commands_of_document()
    assert re.fullmatch(r"curl -o proof\.json https?://\S+/promises/SLUG/versions/N/proof\.json", fetch.strip())
    return others


def test_the_commands_on_the_page_and_in_the_document_prove_a_version(client, commands, tmp_path):
    a_record()
    for number in (1, 2):
        answer = proof(client, f"{number}/proof.json")
        assert answer["Content-Type"] == "application/json"
        (tmp_path / "proof.json").write_bytes(answer.getvalue())
        summed, checked = (run(command, tmp_path) for command in commands)
        assert summed.stdout.split()[0] == Version.objects.get(slug="the-line", number=number).digest
        assert checked.stdout.splitlines() == ["edition 4", Edition.objects.get(number=4).digest], checked.stderr
        assert checked.stdout.splitlines()[1] in client.get("/data/").text


ALTERED = {
    "a letter of its text": lambda told: told.update(text=told["text"].replace("railway", "canal").replace("line", "lane")),
    "its number": lambda told: told.update(version=7),
    "a note of its edition": lambda told: replaced(told["editions"][0], "News", "Olds"),
    "the moment of a later edition": lambda told: replaced(told["editions"][1], "2025-06-04", "2025-06-05"),
    "an edition left out": lambda told: told["editions"].pop(1),
    "two editions swapped": lambda told: told["editions"].reverse(),
    "the last edition left out": lambda told: told["editions"].pop(),
}  # fmt: skip


def replaced(edition, old, new):
    assert old in edition["payload"]
    edition["payload"] = edition["payload"].replace(old, new)


@pytest.mark.parametrize("what", ALTERED)
def test_whatever_is_altered_leads_to_another_head_or_to_none(client, tmp_path, what):
    a_record()
    told = json.loads(proof(client, "2/proof.json").getvalue())
    ALTERED[what](told)
    (tmp_path / "proof.json").write_text(json.dumps(told))
    checked = run(commands_of_page(client)[2], tmp_path)
    assert Edition.objects.get(number=4).digest not in checked.stdout


def test_the_document_names_the_commands_of_the_page(client):
    assert [command.strip() for command in commands_of_document()[1:]] == [
        command.strip() for command in commands_of_page(client)[1:]
    ]


def test_a_proof_holds_the_version_and_every_edition_up_to_the_one_asked_for(client):
    a_record()
    told = json.loads(proof(client).getvalue())
    assert [edition["number"] for edition in told["editions"]] == [1, 2, 3, 4]
    for edition in told["editions"]:
        assert hashlib.sha256(edition["payload"].encode()).hexdigest() == edition["digest"]
        assert edition["digest"] == Edition.objects.get(number=edition["number"]).digest
    assert told["head"] == {
        "edition": 4, "published_at": "2025-06-05T12:00:00Z", "digest": Edition.objects.get(number=4).digest
    }  # fmt: skip
    assert told["digest"] == Version.objects.get(slug="the-line", number=1).digest
    pinned = proof(client, edition=2).getvalue()
    assert [edition["number"] for edition in json.loads(pinned)["editions"]] == [1, 2]
    a_published_promise(at=NOON + 9 * DAY)
    assert proof(client, edition=2).getvalue() == pinned
    assert len(json.loads(proof(client).getvalue())["editions"]) == 5


def test_an_edition_before_its_own_ends_a_proof_with_its_own(client):
    a_record()
    told = json.loads(proof(client, "2/proof.json", edition=1).getvalue())
    assert [edition["number"] for edition in told["editions"]] == [2]
    assert told["head"]["edition"] == 2
    assert proof(client, "2.json", edition=1).status_code == 200, "as the version itself answers"


@pytest.mark.parametrize(
    ("ending", "query", "status"),
    [
        ("3/proof.json", {}, 404),
        ("0/proof.json", {}, 404),
        ("1/proof.csv", {}, 404),
        ("1/proof.json", {"edition": "5"}, 400),
        ("1/proof.json", {"edition": "soon"}, 400),
        ("1/proof.json", {"as_of": "2999-01-01"}, 400),
    ],
)
def test_what_there_is_no_proof_of(client, ending, query, status):
    a_record()
    assert proof(client, ending, **query).status_code == status
    assert client.get("/promises/nothing/versions/1/proof.json").status_code == 404


def test_a_withdrawn_promise_keeps_its_proofs_and_an_earlier_name_leads_to_them(client, tmp_path):
    line = a_record()
    line.slug = "the-railway"
    line.save()
    publish(line, at=NOON + 4 * DAY)
    moved = proof(client, edition=2)
    assert moved.status_code == 301
    assert moved["Location"] == "/promises/the-railway/versions/1/proof.json?edition=2"
    publish(line, at=NOON + 5 * DAY, withdrawal="It was never said.")
    for number in (1, 4):
        answer = client.get(f"/promises/the-railway/versions/{number}/proof.json")
        (tmp_path / "proof.json").write_bytes(answer.getvalue())
        checked = run(proofs.CHECK, tmp_path)
        assert checked.stdout.splitlines() == ["edition 6", Edition.objects.get(number=6).digest]


def test_a_sealed_version_has_no_proof_and_no_other_proof_tells_its_words_or_note(client, tmp_path):
    line = a_promise(made(), slug="the-line", summary="A libel.")
    publish(line)
    line.summary = "Another libel."
    line.save()
    door.publish([door.Publication(line, note="He did it.")], at=NOON + DAY, roles={"by": "researcher"})
    line.summary = "The truth."
    line.save()
    publish(line, at=NOON + 2 * DAY)
    first, second, _ = Version.objects.order_by("number")
    door.seal([first], at=NOON + 3 * DAY, reason="A court ordered it.")
    told = json.loads(proof(client, "2/proof.json").getvalue())
    assert all(edition["payload"] for edition in told["editions"])
    door.seal([second], at=NOON + 4 * DAY, reason="A court ordered more.")
    for number in (1, 2):
        answer = proof(client, f"{number}/proof.json")
        assert answer.status_code == 451
        assert "libel" not in answer.text
        assert "A court ordered" in answer.json()["reason"]
    other = a_published_promise(at=NOON + 5 * DAY, slug="other")
    for address in ("/promises/the-line/versions/3/proof.json", f"/promises/{other.slug}/versions/1/proof.json"):
        content = client.get(address).getvalue()
        (tmp_path / "proof.json").write_bytes(content)
        assert "libel" not in content.decode()
        assert "He did it" not in content.decode()
        assert run(proofs.CHECK, tmp_path).stdout.startswith("edition 6\n")


def test_a_proof_says_where_a_sealed_note_keeps_it_from_going_on(client, tmp_path):
    line = a_promise(made(), slug="the-line")
    publish(line)
    other = a_promise(slug="other")
    door.publish([door.Publication(other, note="He did it.")], at=NOON + DAY, roles={"by": "researcher"})
    door.seal([Version.objects.get(slug="other")], at=NOON + 2 * DAY, reason="A court ordered it.")
    content = proof(client).getvalue()
    assert "He did it" not in content.decode()
    told = json.loads(content)
    assert [edition["payload"] is None for edition in told["editions"]] == [False, True, False]
    assert told["editions"][1]["digest"] == Edition.objects.get(number=2).digest
    (tmp_path / "proof.json").write_bytes(content)
    checked = run(proofs.CHECK, tmp_path)
    assert checked.returncode == 1
    assert checked.stderr.startswith("Edition 2 cannot be checked: a note in it belongs to a version that the law")


def test_the_page_of_a_version_links_to_its_proof_and_its_data_names_it(client):
    a_record()
    assert 'href="/promises/the-line/versions/1/proof.json"' in client.get("/promises/the-line/versions/1/").text
    assert (
        client.get("/promises/the-line/versions/1.json")
        .json()["urls"]["proof"]
        .endswith("/promises/the-line/versions/1/proof.json")
    )
    assert proof(client)["Link"].endswith(
        '/promises/the-line/versions/1/proof.json>; rel="canonical", <https://creativecommons.org/licenses/by/4.0/>; rel="license"'
    )


def test_a_proof_is_kept_whole_for_everybody_by_its_address_and_edition(client, tmp_path):
    a_record()
    made = []

    def application(environ, start_response):
        made.append(environ["QUERY_STRING"])
        answer = client.get(f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}")
        start_response(f"{answer.status_code} OK", list(answer.items()))
        return [answer.getvalue()]

    site = PageCache(application, editions=Editions(bell.look, bell.Bell(tmp_path / "edition")), names=NAMES)

    def asked(query):
        path = "/promises/the-line/versions/1/proof.json"
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "wsgi.url_scheme": "http"}
        return b"".join(site(environ, lambda status, headers: None))

    assert asked("") == asked("utm_source=x") == proof(client).getvalue()
    assert asked("edition=2") == asked("edition=2") == proof(client, edition=2).getvalue()
    assert made == ["", "edition=2"]


def test_a_proof_costs_the_same_few_queries_however_long_the_chain(client, django_assert_max_num_queries):
    line = a_record()
    with django_assert_max_num_queries(8):
        proof(client).getvalue()
    for number in range(4, 16):
        line.summary = f"Summary {number}."
        line.save()
        publish(line, at=NOON + number * DAY)
    with django_assert_max_num_queries(8):
        proof(client).getvalue()


# The head of the chain, wherever it can be kept from


def head():
    latest = Edition.objects.latest("number")
    return {"edition": latest.number, "published_at": "2025-06-05T12:00:00Z", "digest": latest.digest}


def test_the_head_stands_on_the_page_of_the_data_with_its_edition_and_moment(client):
    a_record()
    words = words_of(client.get("/data/"))
    assert f"edition 4 {head()['digest']}" in words
    assert "Published 5 June 2025, 13:00 (British time)" in words


def test_the_head_stands_in_the_log_as_data_and_in_its_feeds(client):
    assert client.get("/changes.json").json()["head"] is None
    assert "_record" not in client.get("/changes.feed.json").json()
    assert "record:head" not in client.get("/changes.atom").text
    a_record()
    assert client.get("/changes.json").json()["head"] == head()
    told = client.get("/changes.feed.json").json()["_record"]
    assert told.pop("about").endswith("/data/#check")
    assert told == head()
    answer = client.get("/changes.atom")
    feed = feedparser.parse(answer.content, response_headers={"content-type": answer["Content-Type"]})
    assert not feed.bozo
    assert feed.namespaces["record"] == "tag:127.0.0.1,2026:record"
    assert feed.feed.record_head == {name: str(value) for name, value in head().items()}
    assert client.get("/changes.json?edition=1").json()["head"]["edition"] == 1


def test_feeds_of_promises_change_with_their_own_news_alone(client):
    a_record()
    before = client.get("/promises/the-line.atom").content
    a_published_promise(at=NOON + 9 * DAY)
    assert client.get("/promises/the-line.atom").content == before
