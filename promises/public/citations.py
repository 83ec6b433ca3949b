"""How to cite what a page says: pinned and dated, in the styles people use and the files their programs read."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import urlencode

from django.http import HttpResponse

from promises.dates import in_words
from promises.public.responses import open_to_all, page, public
from promises.public.sentences import about, either
from promises.statuses import Status

NAME = "Levelling-up promises"
"""Who is cited: the record itself, as author and as site."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
"""The months as BibTeX knows them."""


@dataclass(frozen=True, slots=True)
class Cited:
    """What is cited. Its address is pinned, so that it reads the same for good.

    `standing` says in words how things stood; `pin` and `number` are `version` 3 or `edition` 12,
    `published` is that one's British day; `accessed` is the reader's; `key` names it in a bibliography.
    """

    title: str
    standing: str
    pin: str
    number: int
    published: date
    accessed: date
    address: str
    key: str

    @property
    def whole_title(self):
        return f"{self.title}: {self.standing}"

    @property
    def pinned_to(self):
        return f"{self.pin} {self.number}"


# What can be cited


def of_promise(found):
    """A promise as its version has it, and as it stood on the day asked for."""
    story, as_of = found.story, _as_of(found.moment)
    standing = (
        f"{story.status.label.lower()} since {story.verdict.since}{as_of}"
        if story.status
        else f"not yet promised{as_of}"
    )
    return Cited(
        title=story.title,
        standing=standing,
        address=public(_with(found.version_path, [_day_asked(found.moment)])),
        key=f"{found.slug}-v{found.version.number}{_key_of_day(found.moment)}",
        **_version(found),
    )


def of_update(found, update):
    """One change of status of a promise, as its version has it."""
    pinned = [("version", found.version.number), _day_asked(found.moment)]
    return Cited(
        title=update.headline,
        standing=f"{update.status.label.lower()}, {update.day}, on the promise “{found.story.title}”",
        address=public(_with(f"{found.path}updates/{update.number}/", pinned)),
        key=f"{found.slug}-u{update.number}-v{found.version.number}",
        **_version(found),
    )


def of_list(asked):
    """A list with its numbers, as the edition answered from has them for the day."""
    moment = asked.moment
    return Cited(
        title=f"{NAME}{about(asked)}",
        standing=f"{_numbers_of(asked)}, as of {moment.day_in_words}",
        pin="edition",
        number=moment.number,
        published=moment.edition.published_on if moment.edition else moment.today,
        accessed=moment.today,
        address=public(asked.address(edition=moment.number or None, as_of=moment.day.isoformat())),
        key=f"levelling-up-promises-e{moment.number}-{moment.day.isoformat()}",
    )


def _version(found):
    version = found.version
    return {
        "pin": "version",
        "number": version.number,
        "published": version.edition.published_on,
        "accessed": found.moment.today,
    }


def _as_of(moment):
    return f", as of {moment.day_in_words}" if moment.asked_day else ""


def _key_of_day(moment):
    return f"-{moment.day.isoformat()}" if moment.asked_day else ""


def _day_asked(moment):
    return ("as_of", moment.day.isoformat() if moment.asked_day else None)


def _with(path, pairs):
    query = urlencode([(name, value) for name, value in pairs if value])
    return f"{path}?{query}" if query else path


def _numbers_of(asked):
    """How many stand in each status; or how many of all, where the question asks for a status."""
    if keys := asked.chosen["status"]:
        return (
            f"{asked.count:,} of {sum(asked.counts.values()):,} {either([Status(key).label.lower() for key in keys])}"
        )
    numbers = [f"{asked.counts[status.value]:,} {status.label.lower()}" for status in Status]
    return f"{', '.join(numbers[:-1])} and {numbers[-1]}"


# Styles for readers


def sentence(cited):
    """A sentence that stands in any text."""
    return (
        f"“{_inner(cited.title)}”: {cited.standing}. "
        f"{NAME}, {cited.pinned_to}, published {in_words(cited.published)}, {cited.address}"
    )


def harvard(cited):
    return (
        f"{NAME} ({cited.published.year}) ‘{cited.whole_title}’, {cited.pinned_to}, {cited.published.day} "
        f"{cited.published:%B}. Available at: {cited.address} (Accessed: {in_words(cited.accessed)})."
    )


def apa(cited):
    day = cited.published
    return f"{NAME}. ({day.year}, {day:%B} {day.day}). {cited.whole_title} ({cited.pinned_to.capitalize()}). {cited.address}"


def chicago(cited):
    """A note as the Chicago manual has it; its days are American."""
    day = cited.published
    return f"“{_inner(cited.whole_title)},” {NAME}, {cited.pinned_to}, {day:%B} {day.day}, {day.year}, {cited.address}."


def wikipedia(cited):
    """A citation template as Wikipedia's editors paste it."""
    fields = {
        "title": _wiki(cited.whole_title),
        "url": _wiki_address(cited.address),
        "website": NAME,
        "type": cited.pinned_to.capitalize(),
        "date": in_words(cited.published),
        "access-date": in_words(cited.accessed),
        "language": "en-GB",
    }
    return "{{cite web " + " ".join(f"|{name}={value}" for name, value in fields.items()) + "}}"


def _inner(text):
    """A text that will stand between double quotation marks: its own become single."""
    return text.replace("“", "‘").replace("”", "’")


WIKI = str.maketrans({"|": "{{!}}", "[": "&#91;", "]": "&#93;", "{": "&#123;", "}": "&#125;", "<": "&lt;", "\n": " "})


def _wiki(text):
    return text.translate(WIKI)


def _wiki_address(address):
    return address.replace("|", "%7C").replace("[", "%5B").replace("]", "%5D").replace("{", "%7B").replace("}", "%7D")


# Files for programs


def text(cited):
    """Every style, each under its name."""
    return "\n\n".join(f"{style.label}\n{style.write(cited)}" for style in STYLES) + "\n"


def bibtex(cited):
    """A BibTeX entry; old styles, which do not know `@online`, read it as `@misc`."""
    day = cited.published
    fields = {
        "author": "{" + _tex(NAME) + "}",
        "title": "{" + _tex(cited.whole_title) + "}",  # the inner braces keep the capitals of names
        "year": str(day.year),
        "month": MONTHS[day.month - 1],
        "date": day.isoformat(),
        cited.pin: str(cited.number),
        "note": _tex(f"{cited.pinned_to.capitalize()}, published {in_words(day)}"),
        "url": cited.address,
        "urldate": cited.accessed.isoformat(),
        "langid": "british",
    }
    written = [
        f"  {name} = {value}" if name == "month" else f"  {name} = {{{value}}}" for name, value in fields.items()
    ]
    return f"@online{{{cited.key},\n" + ",\n".join(written) + "\n}\n"


TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{mark: f"\\{mark}" for mark in "{}%&$#_"},
        "\n": " ",
    }
)


def _tex(words):
    return words.translate(TEX)


def ris(cited):
    day, seen = cited.published, cited.accessed
    lines = [
        ("TY", "ELEC"),
        ("ID", cited.key),
        ("AU", NAME),
        ("TI", _line(cited.whole_title)),
        ("T2", NAME),
        ("ET", cited.pinned_to.capitalize()),
        ("PY", f"{day.year}"),
        ("DA", f"{day:%Y/%m/%d}"),
        ("UR", cited.address),
        ("Y2", f"{seen:%Y/%m/%d}"),
        ("LA", "en-GB"),
        ("ER", ""),
    ]
    return "".join(f"{tag}  - {value}\r\n" for tag, value in lines)


def _line(words):
    return " ".join(words.split())


def csl(cited):
    """The entry as CSL-JSON, which citation processors read."""
    entry = {
        "id": cited.key,
        "type": "webpage",
        "title": cited.whole_title,
        "author": [{"literal": NAME}],
        "container-title": NAME,
        cited.pin: str(cited.number),
        "issued": {"date-parts": [_parts(cited.published)]},
        "accessed": {"date-parts": [_parts(cited.accessed)]},
        "URL": cited.address,
        "language": "en-GB",
    }
    return json.dumps([entry], ensure_ascii=False, indent=2) + "\n"


def _parts(day):
    return [day.year, day.month, day.day]


def meta(cited):
    """What reference managers read in the head of a page: (name, content)."""
    return (
        ("citation_title", cited.whole_title),
        ("citation_author", NAME),
        ("citation_publisher", NAME),
        ("citation_publication_date", f"{cited.published:%Y/%m/%d}"),
        ("citation_online_date", f"{cited.published:%Y/%m/%d}"),
        ("citation_language", "en-GB"),
        ("citation_public_url", cited.address),
    )


@dataclass(frozen=True, slots=True)
class Style:
    """A way in which people write citations."""

    label: str
    write: Callable


STYLES = (
    Style("In a sentence", sentence),
    Style("Harvard", harvard),
    Style("APA", apa),
    Style("Chicago, note", chicago),
    Style("Wikipedia", wikipedia),
)


@dataclass(frozen=True, slots=True)
class File:
    """A form in which programs read citations."""

    label: str
    write: Callable
    content_type: str


FILES = {
    "bib": File("BibTeX", bibtex, "application/x-bibtex"),
    "ris": File("RIS", ris, "application/x-research-info-systems"),
    "csl.json": File("CSL-JSON", csl, "application/vnd.citationstyles.csl+json"),
    "txt": File("Text", text, "text/plain; charset=utf-8"),
}


# As a page offers it


@dataclass(frozen=True)
class Offer:
    """What a page offers to those who cite it; `base` and `query` address its files."""

    cited: Cited
    base: str
    query: str

    @property
    def sentence(self):
        return sentence(self.cited)

    @property
    def styles(self):
        """(label, text) of every style but the sentence."""
        return [(style.label, style.write(self.cited)) for style in STYLES[1:]]

    @property
    def files(self):
        """(label, address) of every file."""
        return [(file.label, self.address(f".{ending}")) for ending, file in FILES.items()]

    @property
    def alternates(self):
        """(label, address, content type) of the files that reference managers look for."""
        return [
            (FILES[ending].label, self.address(f".{ending}"), FILES[ending].content_type) for ending in ("bib", "ris")
        ]

    @property
    def published(self):
        return in_words(self.cited.published)

    @property
    def shown(self):
        """The path of what is cited."""
        return self.cited.address.removeprefix(public(""))

    @cached_property
    def page(self):
        return self.address("/")

    def address(self, ending):
        return f"{self.base}{ending}?{self.query}" if self.query else f"{self.base}{ending}"

    @property
    def meta(self):
        return meta(self.cited)


def offer_of_promise(found):
    return Offer(of_promise(found), f"{found.path}cite", _pins(found))


def offer_of_update(found, update):
    return Offer(of_update(found, update), f"{found.path}updates/{update.number}/cite", _pins(found))


def offer_of_list(asked):
    moment = asked.moment
    query = asked.query(edition=moment.number or None, as_of=moment.day.isoformat())
    return Offer(of_list(asked), "/cite", query)


def _pins(found):
    return urlencode([pair for pair in (("version", found.version.number), _day_asked(found.moment)) if pair[1]])


def answer(request, offer, moment, *, format):
    """The page of an offer, or one of its files."""
    if format == "html":
        context = {"cite": offer, "canonical": public(offer.page)}
        return page(request, "promises/cite.html", context, moment=moment)
    file = FILES[format]
    response = HttpResponse(file.write(offer.cited), content_type=file.content_type)
    return open_to_all(response, canonical=offer.address(f".{format}"), name=f"{offer.cited.key}.{format}")
