"""Pictures of every kind of page, for looking at beside the design: `make screenshots`.

First the records as shipped, then a small record with every shape on top of them. Each page is
taken on a phone and a screen, in light and in dark, and as it would be printed.
"""

import os
import shutil
import sys
import threading
from datetime import timedelta
from pathlib import Path

WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
SHEET = 794
"""The width of an A4 sheet in pixels."""

AS_SHIPPED = {
    "tracker": "/",
    "tracker-search": "/?q=bus",
    "tracker-past-day": "/?as_of=2021-11-17",
    "tracker-empty": "/?q=bus&status=kept&place=northern-ireland",
    "tracker-bad-question": "/?theme=nonsense&q=bus",
    "chart": "/chart/",
    "promise": "/promises/uk-shared-prosperity-fund-match/",
    "update": "/promises/uk-shared-prosperity-fund-match/updates/2/",
    "themes": "/themes/",
    "theme": "/themes/transport/",
    "places": "/places/",
    "region": "/places/north-east/",
    "place": "/places/leeds/",
    "changes": "/changes/",
    "context": "/context/",
    "glossary": "/glossary/",
    "data": "/data/",
    "method": "/method/",
    "about": "/about/",
    "accessibility": "/accessibility/",
    "privacy": "/privacy/",
    "suggest": "/suggest/",
    "not-found": "/promises/never-made/",
    "embed-promise": "/embed/promises/uk-shared-prosperity-fund-match/",
    "embed-tally": "/embed/tally/",
    "embed-chart": "/embed/chart/",
}


def main(folder, *names):
    """Take the pictures into the folder; only of the pages named, if any are."""
    from tests import servers

    with servers.temporary_directory("tracker-screenshots-") as data:
        os.environ.update(DATA_DIR=str(data), DJANGO_SETTINGS_MODULE="tests.settings", DJANGO_ALLOW_ASYNC_UNSAFE="1")
        for name in ("SECRET_KEY", "DATABASE_URL", "PUBLIC_URL"):
            os.environ.pop(name, None)
        (data / "static").mkdir()
        take(Path(folder), names)


def take(folder, names):
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("load_records", "fixtures")
    with serving() as address, browsing() as browser:
        settings.PUBLIC_URL = address
        if not names:
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        taken = pictures(browser, address, folder, chosen(AS_SHIPPED, names))

        from tests.browser.pages import publish_pages

        shapes = publish_pages(begin=timezone.now(), apart=timedelta(seconds=1))
        rest = {name: path for name, path in shapes.items() if name not in AS_SHIPPED}
        taken += pictures(browser, address, folder, chosen(rest, names))
    (folder / "index.html").write_text(overview(taken))
    print(f"{len(taken)} pages are in {folder / 'index.html'}")


def chosen(pages, names):
    return {name: path for name, path in pages.items() if not names or name in names}


class serving:
    """Serve the site on a free port of this machine meanwhile; gives its address."""

    def __enter__(self):
        from django.contrib.staticfiles.handlers import StaticFilesHandler
        from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
        from django.core.wsgi import get_wsgi_application

        class Quiet(WSGIRequestHandler):
            def log_message(self, *args):
                pass

        self.server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
        self.server.daemon_threads = True
        self.server.set_app(StaticFilesHandler(get_wsgi_application()))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}"

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class browsing:
    """Keep a browser open meanwhile."""

    def __enter__(self):
        from playwright.sync_api import sync_playwright

        from tests.browser.conftest import FLAGS

        chromium = shutil.which("chromium") or sys.exit("chromium is missing: apt-get install chromium")
        self.playwright = sync_playwright().start()
        return self.playwright.chromium.launch(executable_path=chromium, args=FLAGS)

    def __exit__(self, *_):
        self.playwright.stop()


def pictures(browser, address, folder, pages):
    """Take each page in every way; returns (name, path, [file names])."""
    taken = {name: [] for name in pages}
    ways = [(f"{width}-{scheme}", width, scheme, "screen") for width in WIDTHS for scheme in SCHEMES]
    for way, width, scheme, media in [*ways, ("print", SHEET, "light", "print")]:
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        page = context.new_page()
        page.emulate_media(media=media)
        for name, path in pages.items():
            page.goto(path, wait_until="networkidle")
            file = f"{name}-{way}.png"
            page.screenshot(path=folder / file, full_page=True)
            taken[name].append(file)
        context.close()
    return [(name, path, taken[name]) for name, path in pages.items()]


def overview(taken):
    """Return a page that shows them side by side."""
    rows = "".join(
        f"<h2>{name} <small>{path}</small></h2><p>"
        + "".join(
            f'<a href="{file}"><img src="{file}" alt="{file}" height="600" loading="lazy"></a> ' for file in files
        )
        for name, path, files in taken
    )
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Every kind of page</title>{rows}'


if __name__ == "__main__":
    main(*sys.argv[1:])
