"""The whole public site as plain files, which any web server can give for ever.

Every page is asked for as a reader would, and written with its links made to lead from file to
file, wherever the files are put. A static server cannot read a query, so the pages that links
ask for with one choice have files of their own. Combinations of choices and past days are left
out: their links become plain words, and the forms that would make them go.
"""

import csv
import html
import io
import re
import shutil
from collections import deque
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import relpath
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

from promises.dates import in_words
from promises.public import releases
from promises.record.edition import Edition
from promises.record.version import Alias, Version

MOVED, GONE = (301, 308), (410, 451)
SEEDS = (
    *("/", "/chart/", "/themes/", "/places/", "/changes/", "/context/", "/data/", "/data/api/", "/data/releases/"),
    *("/method/", "/about/", "/glossary/", "/accessibility/", "/privacy/", "/cite/"),
    *("/embed/tally/", "/embed/chart/"),
    *("/promises.csv", "/promises.xlsx", "/promises.json", "/promises.atom", "/promises.feed.json", "/promises.ics"),
    *("/themes.csv", "/themes.json", "/places.csv", "/places.json", "/chart.csv", "/chart.json", "/card.png"),
    *("/chart.svg", "/chart.png"),
    *("/changes.csv", "/changes.json", "/changes.atom", "/changes.feed.json"),
    *("/data/openapi.json", "/data/snapshot.schema.json", "/sitemap.xml", "/sitemap-pages.xml", "/robots.txt"),
)
PROOF = "/proof.json"
"""Left out: each holds every later edition, so that together they would grow as the square of the record."""
LEFT_OUT = ("/admin/", "/accounts/", "/suggest/", "/health/", "/oembed")
ALONE = {"status", "reason", "theme", "place", "department", "by", "kind", "version"}
"""Names that may stand in a link, alone or with a page number: each value then has a file."""
CITE = ("cite/", *(f"cite.{ending}" for ending in ("bib", "ris", "csl.json", "txt")))
BESIDE = (
    (r"(/(theme|place)s/([\w-]+))/", (".atom", ".feed.json", ".ics", "/card.png")),
    (
        r"(/promises/[\w-]+)/",
        (".json", ".csv", ".atom", ".feed.json", "/versions/", "/card.png", *(f"/{end}" for end in CITE)),
    ),
    (r"(/promises/[\w-]+/updates/\d+)/", (".json", "/card.png", *(f"/{end}" for end in CITE))),
)
"""What a page has beside it, whether it links to it or not."""


class CannotFreeze(Exception):
    """Why there is no frozen copy, in a sentence."""


@dataclass(frozen=True, slots=True)
class Address:
    """A page or file of ours: its path, and what of its query a frozen copy can tell apart."""

    path: str
    choices: tuple = ()

    @property
    def is_page(self):
        return self.path.endswith("/")

    @property
    def query(self):
        return "&".join(f"{name}={value}" for name, value in self.choices)

    @property
    def file(self):
        """The path of its file, from the folder of the copy."""
        told = [f"{name}-{value}" for name, value in self.choices]
        if self.is_page:
            return "/".join([*self.path.strip("/").split("/"), *told, "index.html"]).lstrip("/")
        path = PurePosixPath(self.path.lstrip("/"))
        stem, dot, endings = path.name.partition(".")
        return str(path.with_name("-".join([stem, *told]) + dot + endings))

    @property
    def link(self):
        """The path by which links lead to it."""
        return self.file.removesuffix("index.html") if self.is_page else self.file


def freeze(folder, *, today, say=lambda sentence: None):
    """Write the copy into an empty or new folder; returns how many files. `today` is the British day."""
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotFreeze(f"{folder} is not an empty folder. Give one that is empty, or not there yet.")
    edition = Edition.objects.newest_first().first()
    if edition is None:
        raise CannotFreeze("Nothing has been published yet, so there is nothing to freeze.")
    return _Copy(folder, edition, today, say).made()


class _Copy:
    """A frozen copy being made."""

    def __init__(self, folder, edition, today, say):
        self.folder, self.edition, self.today, self.say = folder, edition, today, say
        self.site = _Site()
        self.waiting, self.known = deque(), set()
        self.static, self.elsewhere, self.missing, self.files = set(), [], set(), 0

    def made(self):
        for address in self._seeds():
            self._want(address)
        while self.waiting:
            self._write(self.waiting.popleft())
        if self.missing:
            self._mend()
        self._write_not_found()
        self._write_static()
        self._write_releases()
        self._write_elsewhere()
        if Edition.objects.latest_number() != self.edition.number:
            raise CannotFreeze("An edition was published meanwhile, so the copy is of two minds. Freeze again.")
        return self.files

    # What belongs to it

    def _seeds(self):
        yield from map(Address, SEEDS)
        slugs = Version.objects.order_by("slug").values_list("slug", flat=True).distinct()
        for slug in [*slugs, *Alias.objects.order_by("slug").values_list("slug", flat=True)]:
            yield Address(f"/promises/{slug}/")

    def _beside(self, path):
        """What belongs to a page whether it links to it or not."""
        for pattern, endings in BESIDE:
            if found := re.fullmatch(pattern, path):
                yield from (Address(f"{found[1]}{ending}") for ending in endings)
                if shelf := found.groups()[1:]:
                    yield from (Address(f"/embed/{kind}/", (shelf,)) for kind in ("tally", "chart"))
                else:
                    yield Address(f"/embed{path}")

    def _want(self, address):
        if address not in self.known:
            self.known.add(address)
            self.waiting.append(address)

    def target(self, href, base):
        """The address that a link of a page leads to; None where the copy has none."""
        parts = urlsplit(urljoin(base, href))
        if parts.netloc or parts.scheme or parts.path.startswith(LEFT_OUT) or parts.path.endswith(PROOF):
            return None
        given = self._choices(parts.path, parse_qsl(parts.query))
        return None if given is None else _on_its_shelf(unquote(parts.path), given)

    def _choices(self, path, pairs):
        """What of a query makes a file of its own: nothing, or one choice and a page; None for anything else."""
        now = {"as_of": self.today.isoformat(), "edition": str(self.edition.number)}
        pairs = [(name, value) for name, value in pairs if now.get(name) != value]
        chosen = [(name, value) for name, value in pairs if name != "page"]
        if len(chosen) > 1 or any(name not in ALONE for name, _ in chosen) or len(pairs) - len(chosen) > 1:
            return None
        if not all(re.fullmatch(r"-?[\w-]+", value) for _, value in pairs):
            return None
        is_page, names = path.endswith("/"), {name for name, _ in pairs}
        if not is_page and names - {"version", "theme", "place"}:
            return None
        return tuple(sorted(pairs))

    # Writing

    def _write(self, address):
        answer = self.site.ask(address)
        if answer.status in MOVED:
            self._write_moved(address, answer)
            return
        if answer.status in GONE:
            self.elsewhere.append((address.path, answer.status, ""))
        elif answer.status == 404:
            self.missing.add(address.link)
            return
        elif answer.status != 200:
            raise CannotFreeze(f"{address.path}?{address.query} answered {answer.status} instead of 200.")
        if not address.choices:
            for other in self._beside(address.path):
                self._want(other)
        content = answer.content
        if answer.is_html:
            content = self._rewritten(content.decode(), address).encode()
        elif address.is_page:
            return  # a withdrawn promise has no frame
        self._put(address.file, content)

    def _put(self, path, content):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        self.files += 1
        if self.files % 1000 == 0:
            self.say(f"{self.files} files")

    def _write_moved(self, address, answer):
        target = self.target(answer.location, address.path)
        self.elsewhere.append((address.path, answer.status, answer.location))
        if target is None or not address.is_page:
            return
        self._want(target)
        link = html.escape(_relative(target.link, address))
        self._put(
            address.file,
            f'<!doctype html>\n<html lang="en-GB">\n<meta charset="utf-8">\n<title>Moved</title>\n'
            f'<meta http-equiv="refresh" content="0; url={link}">\n'
            f'<p>This promise has another address now: <a href="{link}">{link}</a></p>\n'.encode(),
        )

    def _rewritten(self, text, address):
        text = FORM.sub("", text)
        text = TAG.sub(lambda found: self._tag(found[0], address), text)
        return MAIN.sub(lambda found: found[0] + self._notice(address), text, count=1)

    def _tag(self, tag, address):
        """A tag with what it leads to made relative; one that leads out of the copy leads nowhere."""
        found = LINK.search(tag)
        if not found:
            return tag
        href = html.unescape(found[2])
        if href.startswith(("#", "mailto:", "data:", "http://", "https://")):
            return tag
        path, mark, fragment = href.partition("#")
        if path.startswith(settings.STATIC_URL):
            self.static.add(path.removeprefix(settings.STATIC_URL))
            return _with_link(tag, found, _relative(path.lstrip("/"), address))
        if target := self._release(path):
            return _with_link(tag, found, _relative(target, address))
        target = self.target(path, f"{address.path}?{address.query}")
        if target is None:
            return (
                ""
                if tag.startswith("<link")
                else f'{tag[: found.start()]} title="Not part of this copy"{tag[found.end() :]}'
            )
        self._want(target)
        return _with_link(tag, found, _relative(target.link, address) + mark + fragment)

    def _release(self, path):
        """The file of a release, which is copied as it is."""
        return path.lstrip("/") if re.fullmatch(r"/data/releases/\d+/[\w.-]+", path) else ""

    def _notice(self, address):
        home = html.escape(_relative("data/", address))
        return (
            f'\n<p class="banner" role="note">This is a copy of {html.escape(settings.PUBLIC_URL)}, frozen on '
            f"{in_words(self.today)}: edition {self.edition.number}, and nothing in it changes any more. Search, combined "
            f'filters and past days are not part of it; <a href="{home}">the data</a> are.</p>'
        )

    def _mend(self):
        """Take away links to what turned out not to be there."""
        for link in sorted(self.missing):
            self.say(f"/{link} is linked to, and is not there.")
        for file in self.folder.rglob("*.html"):
            here = file.relative_to(self.folder).as_posix()
            text = file.read_text()
            mended = TAG.sub(lambda found, here=here: self._mended(found[0], here), text)
            if mended != text:
                file.write_text(mended)

    def _mended(self, tag, here):
        found = LINK.search(tag)
        path = found and urlsplit(html.unescape(found[2])).path
        return _without_link(tag, found) if path and urljoin(here, path) in self.missing else tag

    def _write_not_found(self):
        answer = self.site.ask(Address("/404.html"))
        # A server shows it at any depth, so that its links begin at the root.
        text = FORM.sub("", answer.content.decode())
        self._put("404.html", text.encode())
        self.static.update(path.removeprefix(settings.STATIC_URL) for path in STATIC.findall(text))

    def _write_static(self):
        """Every file that the pages load, what those load in turn, and the script of frames under its plain name."""
        waiting = {"js/embed.js", *self.static}
        done = set()
        while waiting:
            name = waiting.pop()
            done.add(name)
            content = _static(name)
            self._put(f"{settings.STATIC_URL.strip('/')}/{name}", content)
            if name.endswith(".css"):
                loaded = (found.decode() for found in CSS_URL.findall(content))
                names = {str(PurePosixPath(urljoin(name, path))) for path in loaded if not path.startswith("data:")}
                waiting |= names - done

    def _write_releases(self):
        for release in releases.all_releases():
            there = f"data/releases/{release.number}"
            if (self.folder / there / "index.html").exists() and not releases.sealed_in(release):
                for name in (release.file, releases.MANIFEST):
                    shutil.copyfile(releases.manifest_path(release.number).with_name(name), self.folder / there / name)
                    self.files += 1

    def _write_elsewhere(self):
        """What a server that can be told should answer otherwise than 200: path, status, and where to."""
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(["path", "status", "to"])
        writer.writerows(sorted(self.elsewhere))
        self._put("statuses.csv", lines.getvalue().encode())


def _on_its_shelf(path, choices):
    """The tracker asked for one theme or place is that one's own page."""
    if len(choices) == 1 and choices[0][0] in ("theme", "place"):
        (name, key) = choices[0]
        if path == "/":
            return Address(f"/{name}s/{key}/")
        if found := re.fullmatch(r"/promises(\.[\w.]+)", path):
            return Address(f"/{name}s/{key}{found[1]}")
        if not path.startswith("/embed/"):
            return None
    return Address(path, choices)


FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
TAG = re.compile(r"<(?:a|link|script|img|iframe)\b[^>]*>")
LINK = re.compile(r'\s(href|src)="([^"]*)"')
MAIN = re.compile(r"<main\b[^>]*>")
STATIC = re.compile(r'(?:href|src)="(/static/[^"]+)"')
CSS_URL = re.compile(rb"""url\(["']?([^"')]+)["']?\)""")


def _with_link(tag, found, link):
    return f'{tag[: found.start()]} {found[1]}="{html.escape(link)}"{tag[found.end() :]}'


def _without_link(tag, found):
    """A tag that leads nowhere: words, if it has any."""
    return (
        "" if tag.startswith("<link") else f'{tag[: found.start()]} title="Not part of this copy"{tag[found.end() :]}'
    )


def _relative(target, address):
    """The way from a page's file to another: `../themes/`."""
    way = relpath(f"/{target}", f"/{PurePosixPath(address.file).parent}")
    return f"{way}/" if target.endswith("/") or not target else way


def _static(name):
    """The bytes of a static file, from where it was collected or from where it is written."""
    if staticfiles_storage.exists(name):
        with staticfiles_storage.open(name) as file:
            return file.read()
    return Path(finders.find(name)).read_bytes()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content: bytes
    is_html: bool
    location: str


class _Site:
    """Our own site, asked without a server."""

    def __init__(self):
        self.handler = WSGIHandler()
        self.ours = urlsplit(settings.PUBLIC_URL)

    def ask(self, address):
        environ = {"QUERY_STRING": address.query}
        setup_testing_defaults(environ)
        environ |= {
            "PATH_INFO": address.path,
            "HTTP_HOST": self.ours.netloc,
            "wsgi.url_scheme": self.ours.scheme,
            "HTTP_X_FORWARDED_PROTO": self.ours.scheme,
        }
        response = self.handler.get_response(WSGIRequest(environ))
        content = b"".join(response.streaming_content) if response.streaming else response.content
        return _Answer(
            status=response.status_code,
            content=content,
            is_html=response.get("Content-Type", "").startswith("text/html"),
            location=response.get("Location", ""),
        )
