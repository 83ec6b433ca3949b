"""Static files as production serves them: hashed, compressed, and none of them missing."""

import json
import re

import pytest
from django.core.management import call_command
from django.templatetags.static import static
from whitenoise.middleware import WhiteNoiseMiddleware

from tracker.settings import STORAGES
from tracker.static import without_comments

pytestmark = pytest.mark.same_on_both


@pytest.fixture
def collected(settings, tmp_path):
    settings.STORAGES = STORAGES
    settings.STATIC_ROOT = tmp_path
    # The admin's own files take long to compress and are not ours to check.
    call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=["admin", "mfa", "account"])
    return tmp_path


def test_every_file_is_there_under_a_name_made_from_its_content(collected, settings):
    ours = [path for folder in settings.STATICFILES_DIRS for path in folder.rglob("*") if path.is_file()]
    named = json.loads((collected / "staticfiles.json").read_text())["paths"]
    assert len(named) == len(ours)
    assert all((collected / name).is_file() for name in named.values())


@pytest.mark.django_db  # the end of an answer looks after connections that earlier tests left open
def test_a_style_sheet_is_sent_compressed_and_kept_for_ever(collected, rf):
    address = static("css/site.css")
    assert address != "/static/css/site.css"
    server = WhiteNoiseMiddleware(lambda request: None)
    response = server(rf.get(address, headers={"accept-encoding": "br, gzip"}))
    response.close()
    assert response["Content-Encoding"] == "br"
    assert "immutable" in response["Cache-Control"]


def test_readers_are_not_sent_what_style_sheets_say_to_those_who_work_on_them(collected, settings):
    (source,) = (folder / "css/site.css" for folder in settings.STATICFILES_DIRS)
    sent = (collected / static("css/site.css").removeprefix("/static/")).read_text()
    assert "/*" in source.read_text()
    assert "/*" not in sent
    assert sent.count("{") == re.sub(r"/\*.*?\*/", "", source.read_text(), flags=re.DOTALL).count("{")


@pytest.mark.parametrize(
    ("css", "sent"),
    [
        ("/* why */\na { b: c } /* it's\nlong */\nd { e: f }", "a { b: c } d { e: f }"),
        ("a { content: '/* said */' }", "a { content: '/* said */' }"),
        ('a { content: "\\"/* said */" }', 'a { content: "\\"/* said */" }'),
        ("a { b: url(x/*y) } /* z */ c {}", "a { b: url(x/*y) }  c {}"),
        ("/*! Licence */ a {}", "/*! Licence */ a {}"),
        ("a { margin: 1px/**/2px }", "a { margin: 1px/**/2px }"),
    ],
)
def test_only_comments_are_taken_out_of_a_style_sheet(css, sent):
    assert without_comments(css.encode()).decode() == sent
