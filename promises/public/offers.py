"""What else can be had of what a page shows: to cite, to share, to show elsewhere, to follow."""

from dataclasses import dataclass
from urllib.parse import urlencode

from promises.public import cards, embeds
from promises.public.citations import NAME
from promises.public.feeds import WRITERS, title_of
from promises.public.responses import public
from promises.public.story import Link


@dataclass(frozen=True, slots=True)
class Follow:
    """A feed or calendar that goes with a page."""

    words: str
    title: str
    path: str
    content_type: str


@dataclass(frozen=True)
class Offers:
    """What a page offers beside itself; `path` is its own, with its query."""

    share: cards.Share
    image: str
    embeds: tuple
    follow: tuple
    path: str

    @property
    def feeds(self):
        """What readers of feeds look for in the head of a page."""
        return [follow for follow in self.follow if follow.content_type != CALENDAR]

    @property
    def links(self):
        """(words, path) of what is to be had beside the data."""
        return [Link("Share card", self.image), *(Link(follow.words, follow.path) for follow in self.follow)]

    @property
    def consumers(self):
        """Where programs learn how to show this page elsewhere: (content type, address)."""
        return [
            (content_type, f"{public('/oembed')}?{urlencode({'url': public(self.path), 'format': format})}")
            for format, content_type in (("json", "application/json+oembed"), ("xml", "text/xml+oembed"))
        ]


CALENDAR = "text/calendar"
NEWS = {"atom": "Feed", "feed.json": "JSON Feed"}


def of_promise(found):
    feeds = _news(f"{found.story.title} · {NAME}", lambda ending: f"{found.path.rstrip('/')}.{ending}")
    return Offers(
        share=cards.share_promise(found),
        image=cards.image_of_promise(found),
        embeds=(embeds.of_promise(found),),
        follow=feeds,
        path=found.version_path if found.is_pinned else found.path,
    )


def of_update(found, update):
    return Offers(
        share=cards.share_update(found, update),
        image=cards.image_of_update(found, update),
        embeds=(embeds.of_update(found, update),),
        follow=of_promise(found).follow,
        path=f"{found.path}updates/{update.number}/" + (f"?version={found.version.number}" if found.is_pinned else ""),
    )


def of_list(asked):
    calendar = Follow("Calendar", f"What is due: {title_of(asked)}", asked.data_address("ics"), CALENDAR)
    return Offers(
        share=cards.share_list(asked),
        image=cards.image_of_list(asked),
        embeds=(embeds.tally(asked), embeds.chart(asked)),
        follow=(*_news(title_of(asked), asked.data_address), calendar),
        path=asked.address(),
    )


def _news(title, address):
    return tuple(
        Follow(words, title, address(ending), WRITERS[ending][1].partition(";")[0]) for ending, words in NEWS.items()
    )
