"""What other people's pages may show of ours, in a frame: live, or frozen as it is now."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.utils.html import escape

from promises.dates import in_words
from promises.public.citations import NAME
from promises.public.responses import public
from promises.public.sentences import headline

WIDTH = 600
"""The width in pixels for which heights are given; a frame takes any from 280 up."""
HEIGHTS = {"promise": 250, "update": 300, "tally": 240, "chart": 460}


@dataclass(frozen=True, slots=True)
class Embed:
    """A frame that other pages may show; `live` follows the record, `frozen` never changes. Both are paths."""

    kind: str
    title: str
    live: str
    frozen: str

    @property
    def label(self):
        return {"promise": "This promise", "update": "This update", "tally": "The tally", "chart": "The chart"}[
            self.kind
        ]

    @property
    def height(self):
        return HEIGHTS[self.kind]

    @property
    def live_snippet(self):
        return snippet(self, self.live)

    @property
    def frozen_snippet(self):
        return snippet(self, self.frozen)


def snippet(embed, path, *, width="100%", height=None):
    """The HTML that shows a frame; its second line may be left out."""
    return (
        f'<iframe src="{escape(public(path))}" title="{escape(f"{embed.title} ({NAME})")}" width="{width}" '
        f'height="{height or embed.height}" frameborder="0" loading="lazy"></iframe>\n'
        f'<script async src="{public(f"{settings.STATIC_URL}js/embed.js")}"></script>'
    )


# What there is


def of_promise(found):
    path = f"/embed{found.path}"
    return Embed("promise", found.story.title, _with(path, as_of=_day(found)), _frozen(path, found))


def of_update(found, update):
    path = f"/embed{found.path}updates/{update.number}/"
    return Embed("update", update.headline, _with(path, as_of=_day(found)), _frozen(path, found))


def tally(asked):
    return _of_list("tally", asked)


def chart(asked):
    return _of_list("chart", asked)


def _of_list(kind, asked):
    moment = asked.moment
    frozen = asked.query(sort=None, edition=moment.number or None, as_of=moment.day.isoformat())
    live = asked.query(sort=None)
    path = f"/embed/{kind}/"
    return Embed(kind, headline(asked), f"{path}?{live}" if live else path, f"{path}?{frozen}")


def _frozen(path, found):
    return _with(path, version=found.version.number, as_of=_day(found))


def _day(found):
    return found.moment.day.isoformat() if found.moment.asked_day else None


def _with(path, **given):
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{path}?{query}" if query else path


# What stands in the frame


def promise_context(found):
    """What the frame of a promise, or of one of its updates, needs."""
    story = found.story
    return {
        "story": story,
        "found": found,
        **_leads_to(_shown(found.version_path if found.is_pinned else found.path, found)),
        "stamp": stamp_of_promise(found),
        "changed": found.is_pinned and not found.is_current and not found.current.is_withdrawal,
    }


def update_context(found, update):
    path = f"{found.path}updates/{update.number}/"
    pinned = {"version": found.version.number} if found.is_pinned else {}
    return promise_context(found) | {"update": update, **_leads_to(_shown(path, found, **pinned))}


def list_context(shown):
    """What the frame of a tally or a chart needs, of a ListPage."""
    asked = shown.asked
    return {"list": shown, **_leads_to(asked.tracker_address()), "stamp": stamp_of_list(asked.moment)}


def _leads_to(path):
    """The page that says more, which is also the one that search engines are to show."""
    return {"address": path, "canonical": public(path)}


def _shown(path, found, **given):
    return _with(path, **given, as_of=_day(found))


def stamp_of_promise(found):
    """To what day and version the frame is true."""
    version = found.version
    if found.moment.asked_day:
        return f"As it stood on {found.moment.day_in_words}, version {version.number}"
    if found.is_pinned:
        return f"Version {version.number}, published {in_words(version.edition.published_on)}"
    return f"As of {found.moment.day_in_words}, version {version.number}"


def stamp_of_list(moment):
    return f"As of {moment.day_in_words}, edition {moment.number}"
