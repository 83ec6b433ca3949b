"""Nothing unpublished is ever public: secret words planted in drafts of every kind appear in no answer."""

import io
import re
import zipfile
from datetime import timedelta
from html import unescape
from urllib.parse import urljoin, urlsplit

import pytest

from promises.desk.models import Comment, Promise, Reply, Submission
from tests.factories import (
    NOON,
    a_person,
    a_promise,
    a_promise_source,
    a_published_promise,
    a_source,
    an_update,
    broken,
    kept,
    made,
    publish,
    watered_down,
)

pytestmark = pytest.mark.django_db
SECRET = "zebrafinch"
ENOUGH = 400
LINK = re.compile(r"""(?:href|src)="([^"#]+)"|"(https?://[^"\s]+)"|<(?:loc|id|link)>([^<]+)<""")
NOT_PUBLIC = ("/admin/", "/accounts/", "/static/")
DATED = "/suggest/"  # its form carries the moment at which it was given out


@pytest.fixture
def desk():
    """A small record, with drafts and notes of every kind beside it that nobody may see."""
    public = a_published_promise(made(), watered_down(), kept(), slug="a-line", places=["leeds"])
    other = a_published_promise(made(), broken(), slug="another-line", theme="health", regions=["north-east"])
    withdrawn = a_published_promise(slug="a-withdrawn-line")
    publish(withdrawn, at=NOON + timedelta(hours=1), withdrawal="It was never said.")
    Promise.objects.filter(pk=other.pk).update(slug="a-renamed-line")
    publish(other, at=NOON + timedelta(hours=2))

    a_promise(
        made(headline=f"{SECRET} begins", explanation=f"{SECRET} is why"),
        slug=f"{SECRET}-line",
        title=f"Build the {SECRET} line",
        summary=f"The {SECRET} line.",
        success_test=f"The {SECRET} runs.",
        quote=f"We will build {SECRET}.",
        made_by=f"{SECRET}, Minister",
        department=f"{SECRET}",
        made_in=f"{SECRET} speech",
    )
    secret_source = a_source(title=f"{SECRET} title", publisher=f"{SECRET} press", url=f"https://example.org/{SECRET}")
    tie = a_promise_source(public, secret_source, key=SECRET, claims=[f"{SECRET} claim"], read=f"{SECRET} read")
    an_update(public, broken("2024-01-01"), source=tie, headline=f"{SECRET} headline", explanation=f"{SECRET} why")
    public_tie = public.promise_sources.first()
    public.updates.first().citations.update(locator=f"{SECRET} p. 1", quoted=f"{SECRET} quoted", note=f"{SECRET} note")
    public_tie.evidence_rows.create(claim=f"{SECRET} claim", read=f"{SECRET} read", how=f"{SECRET}")
    public.measures.create(measure=f"{SECRET} km", unit=SECRET, promised=1, basis=SECRET, source=public_tie)
    public.wordings.create(date="2021-01-01", before=f"{SECRET} one", after=f"{SECRET} two", source=public_tie)
    Reply.objects.create(promise=public, date="2024-01-01", by=SECRET, text=f"{SECRET} reply", source=public_tie)
    Promise.objects.filter(pk=public.pk).update(title=f"The {SECRET} title", slug=f"a-{SECRET}-slug")
    author = a_person(SECRET, first_name=SECRET, last_name=SECRET, email=f"{SECRET}@example.org")
    submission = Submission.objects.create(
        promise=public, digest="0" * 64, note=f"{SECRET} note", submitted_by=author, submitted_at=NOON
    )
    Comment.objects.create(submission=submission, by=author, at=NOON, text=f"{SECRET} comment")
    return public


def addresses_in(text):
    for found in LINK.finditer(text):
        yield unescape(next(filter(None, found.groups())))


def crawl(client, *starts):
    """Ask every public address that pages, feeds and data name, as far as there are enough; yield the answers."""
    waiting, seen = list(starts), set()
    while waiting and len(seen) < ENOUGH:
        address = waiting.pop(0)
        if address in seen:
            continue
        seen.add(address)
        response = client.get(address)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        yield address, response, body
        kind = response.headers.get("Content-Type", "")
        if response.status_code in (301, 302):
            waiting.append(response.headers["Location"])
        if not kind.startswith(
            ("text/", "application/json", "application/atom", "application/xml", "application/feed")
        ):
            continue
        for link in addresses_in(body.decode()):
            parts = urlsplit(urljoin(f"http://testserver{address}", link))
            ours = parts.netloc in ("testserver", "127.0.0.1:8000")
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            if ours and not path.startswith(NOT_PUBLIC) and path not in seen:
                waiting.append(path)


def readable(response, body):
    """What can be read in an answer, the insides of archives and workbooks too."""
    texts = [body, *(f"{name}: {value}".encode() for name, value in response.headers.items())]
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            texts += [archive.read(name) for name in archive.namelist()]
    return b"\n".join(texts).lower()


def test_secret_words_of_the_desk_appear_in_no_public_answer(client, desk):
    asked = {}
    starts = ["/", "/changes/", "/themes/", "/places/", "/data/", "/context/", "/method/", "/about/", "/sitemap.xml"]
    starts += [f"/promises{ending}" for ending in (".csv", ".json", ".xlsx", ".atom")]
    starts += [
        "/promises/a-line/",
        "/promises/a-renamed-line/",
        "/promises/another-line/",
        "/promises/a-withdrawn-line/",
    ]
    for address, response, body in crawl(client, *starts):
        assert response.status_code < 500, address
        assert SECRET.encode() not in readable(response, body), address
        asked[address] = response.status_code
    assert len(asked) > 100
    for wanted in (
        "/promises/a-line/updates/3/",
        "/promises/a-line/versions/1/",
        "/promises/a-line.json",
        "/changes.csv",
    ):
        assert asked.get(wanted) == 200, wanted
    assert asked["/promises/another-line/"] == 301
    assert asked["/promises/a-withdrawn-line/"] == 410


@pytest.mark.parametrize(
    "address",
    [
        f"/promises/{SECRET}-line/",
        f"/promises/{SECRET}-line.json",
        f"/promises/{SECRET}-line/card.png",
        f"/promises/a-{SECRET}-slug/",
        "/promises/a-line/updates/4/",
        "/promises/a-line/versions/2/",
    ],
)
def test_the_address_of_a_draft_is_not_found(client, desk, address):
    response, never_there = client.get(address), client.get(address.replace(SECRET, "mockingbird"))
    assert response.status_code == never_there.status_code == 404
    assert response.content.decode() == never_there.content.decode().replace("mockingbird", SECRET).replace(
        "Mockingbird", SECRET.capitalize()
    )


def test_a_search_for_the_secret_finds_nothing(client, desk):
    answer = client.get("/promises.json", {"q": SECRET}).json()
    assert answer["count"] == 0
    assert sum(answer["counts"].values()) == 0


def test_drafting_changes_no_public_answer_by_a_byte(client):
    promise = a_published_promise(made(), kept(), slug="a-line")
    starts = ["/", "/promises.csv", "/promises.json", "/promises/a-line/", "/changes/", "/themes/", "/places/"]
    before = {address: body for address, _, body in crawl(client, *starts) if not address.startswith(DATED)}
    an_update(promise, broken())
    a_promise(slug="a-draft")
    Promise.objects.filter(pk=promise.pk).update(title="Another title")
    assert {address: body for address, _, body in crawl(client, *starts) if not address.startswith(DATED)} == before
