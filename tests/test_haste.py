"""A question over which the database takes too long is cut off, in words; the desk and downloads take their time."""

import pytest
from django.db import connection
from django.db.utils import OperationalError
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from promises.record import haste
from tracker.urls import urlpatterns as every_other

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s) SELECT count(*) FROM n",
    "postgresql": "SELECT count(*), pg_sleep(%s / 2e7) FROM generate_series(1, 10)",
}
FOR_EVER, A_MOMENT = 10**10, 10**7


def look(rows):
    with connection.cursor() as cursor:
        cursor.execute(SLOW[connection.vendor], [rows])
        return cursor.fetchone()[0]


def answer(request):
    return HttpResponse(str(look(FOR_EVER)))


def takes_a_moment(request):
    return HttpResponse(str(look(A_MOMENT)))


def streams(request):
    return StreamingHttpResponse(str(look(A_MOMENT)) for _ in range(1))


def for_all(request):
    with haste.at_leisure():
        return HttpResponse(str(look(A_MOMENT)))


urlpatterns = [
    path("slow/", answer),
    path("slow.json", answer),
    path("admin/slow/", takes_a_moment),
    path("streamed/", streams),
    path("for-all/", for_all),
    *every_other,
]
handler500 = "promises.public.views.errors.server_error"


@pytest.fixture(autouse=True)
def _in_a_hurry(settings):
    settings.ROOT_URLCONF = __name__
    settings.PUBLIC_SECONDS = 0.05


def test_a_question_that_takes_too_long_is_cut_off_and_told_so(client):
    page, data = client.get("/slow/"), client.get("/slow.json")
    assert (page.status_code, data.status_code) == (503, 503)
    assert "That is too much at once" in page.content.decode()
    assert "Ask for less" in data.json()["errors"]["query"][0]
    assert client.get("/health/").status_code == 200


@pytest.mark.parametrize("address", ["/admin/slow/", "/streamed/", "/for-all/"])
def test_the_desk_and_downloads_and_what_is_made_for_all_take_their_time(client, address):
    assert client.get("/slow/").status_code == 503
    assert b"".join(client.get(address)) in (b"10000000", b"10")


def test_between_questions_nothing_is_cut_off(client):
    assert client.get("/slow/").status_code == 503
    assert look(A_MOMENT)


def test_other_errors_of_the_database_are_no_lack_of_time():
    with pytest.raises(OperationalError) as caught:
        raise OperationalError("the disk is full")
    assert not haste.was_cut_off(caught.value)


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no connection that could be lost")
def test_a_connection_that_is_lost_is_no_fault_of_ours():
    import psycopg

    connection.ensure_connection()
    mine = connection.connection.info
    with psycopg.connect(mine.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [mine.backend_pid])
    with pytest.raises(OperationalError), haste.at_most(1):
        look(1)
    connection.close()
