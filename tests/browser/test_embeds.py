"""A frame of ours in a page of another origin."""

import http.server
import threading

import pytest

from tests.factories import a_published_promise, broken, kept, made

HOST = """<!doctype html><html lang="en"><title>An article</title><body>
<iframe id="one" src="{ours}/embed/promises/railway/" title="A promise" width="600" height="40"></iframe>
<iframe id="two" src="{ours}/embed/chart/" title="A chart" width="600" height="40"></iframe>
<iframe id="page" src="{ours}/promises/railway/" title="A page" width="600" height="40"></iframe>
{script}"""


@pytest.fixture
def elsewhere(live_server):
    """A server of another origin: an article that shows frames of ours, with the script and without."""

    class Article(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            script = f'<script async src="{live_server.url}/static/js/embed.js"></script>' if self.path == "/" else ""
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(HOST.format(ours=live_server.url, script=script).encode())

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Article)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def article(transactional_db, browser, live_server, settings, elsewhere):
    settings.PUBLIC_URL = live_server.url
    a_published_promise(made(), broken("2023-10-04"), slug="railway", title="Build the railway")
    a_published_promise(made("2019-08-01"), kept())
    contexts = []

    def open_article(path, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: page.heard.append(message.text))
        page.heard = []
        page.goto(f"{elsewhere}{path}", wait_until="load")
        return page

    yield open_article
    for context in contexts:
        context.close()


def test_frames_are_shown_and_fit_their_words(article):
    page = article("/")
    frame = page.frame_locator("#one")
    assert frame.locator("h1").inner_text() == "Build the railway"
    page.wait_for_function("document.querySelector('#one').height > 100 && document.querySelector('#two').height > 300")
    inside = page.frames[1].evaluate("[document.body.scrollHeight, innerHeight]")
    assert inside[0] <= inside[1] + 1


def test_frames_need_no_script(article):
    page = article("/plain", java_script_enabled=False)
    assert page.frame_locator("#one").locator(".status").inner_text() == "Broken"
    assert "levelling-up promises" in page.frame_locator("#two").locator("h1").inner_text()


def test_our_pages_refuse_to_be_framed_and_frames_break_no_rule(article):
    page = article("/")
    page.wait_for_function("document.querySelector('#one').height > 100")
    complaints = [words for words in page.heard if "frame-ancestors" not in words and "X-Frame-Options" not in words]
    assert len(page.heard) > len(complaints)
    assert not [words for words in complaints if "Content Security Policy" in words]
    assert page.frames[3].url.startswith("chrome-error://")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_frames_are_accessible(new_page, live_server, assert_accessible, scheme):
    a_published_promise(made(), broken("2023-10-04"), slug="railway")
    page = new_page(color_scheme=scheme)
    for path in ("/embed/promises/railway/", "/embed/promises/railway/updates/2/", "/embed/tally/", "/embed/chart/"):
        page.goto(path)
        assert_accessible(page)
