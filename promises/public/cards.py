"""What stands beside a shared link: a picture of 1200 by 630, the same bytes for the same words."""

import contextlib
import hashlib
import json
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse

from promises.dates import in_words
from promises.public.asking import BadQuestion
from promises.public.responses import open_to_all, public
from promises.public.sentences import headline
from promises.statuses import Status

DRAWING = 2
"""Counted up when cards are drawn otherwise, so that none is kept from before."""
WIDTH, HEIGHT = 1200, 630


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says: about one promise (`status`, `runs`) or about many (`counts`).

    `pinned` names day, version or edition; `runs` are (status key, first day, day after the last).
    """

    title: str
    pinned: str
    address: str
    kicker: str = ""
    status: Status | None = None
    beside: str = ""
    runs: tuple = ()
    counts: tuple = ()

    @property
    def digest(self):
        """What tells two different pictures apart."""
        said = [DRAWING, *(repr(getattr(self, name)) for name in self.__slots__)]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    @property
    def words(self):
        """The card in words, for those who do not see it."""
        if self.counts:
            how = ", ".join(f"{n:,} {Status(key).label.lower()}" for key, n in self.counts)
        else:
            how = f"{self.status.label} {self.beside}" if self.status else self.beside
        return f"{self.title}. {how}. {self.pinned}."


# What is on them


def of_promise(found):
    story = found.story
    return Card(
        title=story.title,
        kicker=story.theme.words,
        status=story.status,
        beside=f"since {story.verdict.since}" if story.status else "not yet promised",
        runs=_runs(found),
        pinned=_pinned(found),
        address=_address(found.path),
    )


def of_update(found, update):
    story = found.story
    return Card(
        title=update.headline,
        kicker=story.title,
        status=update.status,
        beside=f"on {update.day}" if update.day.iso.count("-") == 2 else f"in {update.day}",
        runs=_runs(found),
        pinned=_pinned(found),
        address=_address(f"{found.path}updates/{update.number}/"),
    )


def of_list(asked):
    moment = asked.moment
    return Card(
        title=headline(asked),
        counts=tuple((status.value, asked.counts[status.value]) for status in Status),
        pinned=f"As of {moment.day_in_words}, edition {moment.number}",
        address=_address(asked.home),
    )


def _runs(found):
    """The strip ends with the day asked for or, as a card of a version is made once, with its publication."""
    moment = found.moment
    return tuple(found.story.document.runs(moment.day if moment.asked_day else found.version.edition.published_on))


def _pinned(found):
    version = f"version {found.version.number}, published {in_words(found.version.edition.published_on)}"
    if found.moment.asked_day:
        return f"As it stood on {found.moment.day_in_words}: {version}"
    return f"V{version[1:]}"


def _address(path):
    return f"{urlsplit(settings.PUBLIC_URL).netloc}{path.rstrip('/')}"


# As pictures


def png(card):
    """The card as PNG."""
    from promises.public import drawing  # Pillow takes four megabytes in each worker, for pictures alone

    return drawing.png(card)


def kept(card):
    """The picture of a card that many will ask for: made once, and found again under what it says."""
    path = settings.DATA_DIR / "cards" / card.digest[:2] / f"{card.digest}.png"
    try:
        return path.read_bytes()
    except OSError:
        made = png(card)
    _keep(path, made)
    return made


def _keep(path, made):
    """Write it aside and move it there whole, so that nobody reads half; a full or closed disk is no fault."""
    aside = path.with_suffix(f".{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(made)
        aside.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink()


# As answers, and as pages name them


def answer_promise(found):
    return _answer(of_promise(found), found, image_of_promise(found))


def answer_update(found, update):
    return _answer(of_update(found, update), found, image_of_update(found, update))


def _answer(card, found, path):
    """Cards of a day asked for are as many as there are days, and are not kept."""
    return _picture(png(card) if found.moment.asked_day else kept(card), path)


def answer_list(asked):
    if asked.words:
        raise BadQuestion({"q": ["A card repeats no words of its reader. Leave “q” out."]}, asked=asked)
    return _picture(png(of_list(asked)), image_of_list(asked))


def _picture(content, path):
    return open_to_all(HttpResponse(content, content_type="image/png"), canonical=path)


def image_of_promise(found):
    return f"{found.path}card.png?{_query(found)}"


def image_of_update(found, update):
    return f"{found.path}updates/{update.number}/card.png?{_query(found)}"


def _query(found):
    day = f"&as_of={found.moment.day.isoformat()}" if found.moment.asked_day else ""
    return f"version={found.version.number}{day}"


def image_of_list(asked):
    """The path of the card of a list; of one with words, that of the same without them."""
    moment = asked.moment
    changes = {"q": None, "sort": None, "edition": moment.number or None, "as_of": moment.day.isoformat()}
    return f"{asked.home}card.png?{asked.query(shelf=False, **changes)}"


@dataclass(frozen=True, slots=True)
class Share:
    """What a page says of itself to those who show links to it."""

    card: Card
    description: str
    url: str
    image: str

    @property
    def title(self):
        return self.card.title

    @property
    def alt(self):
        return self.card.words


def share_promise(found):
    return _share(of_promise(found), found.path, image_of_promise(found))


def share_update(found, update):
    return _share(of_update(found, update), f"{found.path}updates/{update.number}/", image_of_update(found, update))


def share_list(asked):
    plain = asked.otherwise(q=None) if asked.words else asked
    return _share(of_list(plain), asked.address(), image_of_list(asked))


def _share(card, path, image):
    return Share(card, card.words.removeprefix(f"{card.title}. "), public(path), public(image))
