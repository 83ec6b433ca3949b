"""Sentences made from counts: the headline of a list, and what it is about."""

import re

from promises.dates import in_words
from promises.public.counts import FACETS, PLACE, THEME
from promises.statuses import Status

TAKES_ARTICLE = re.compile("North |South |East |West ")
WHOLE = {"uk": "the whole UK", "england": "England as a whole"}
SAID = {
    Status.KEPT: "kept",
    Status.WATERED_DOWN: "watered down",
    Status.BROKEN: "broken",
}


def either(parts):
    """`one`, `one or two`, `one, two or three`."""
    return " or ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def place_in_a_sentence(key):
    """A place with the article that its name takes: `the North East`, `Leeds`, `the whole UK`."""
    name = PLACE.label_of(key)
    return WHOLE.get(key) or (f"the {name}" if TAKES_ARTICLE.match(name) else name)


def about(asked):
    """What a question is about, as the end of a noun: ` on transport for the North East`; empty for all promises."""
    said = []
    if keys := asked.chosen["theme"]:
        said.append("on " + either([THEME.label_of(key).lower() for key in keys]))
    if keys := asked.chosen["place"]:
        said.append("for " + either([place_in_a_sentence(key) for key in keys]))
    if keys := asked.chosen["by"]:
        said.append("by " + either([_facet("by").label_of(key) for key in keys]))
    if keys := asked.chosen["department"]:
        said.append("under " + either([_facet("department").label_of(key) for key in keys]))
    if keys := asked.chosen["reason"]:
        said.append("marked " + either([f"“{_facet('reason').label_of(key).lower()}”" for key in keys]))
    if asked.words:
        said.append(f"matching “{asked.looked_for or asked.words}”")
    return "".join(f" {part}" for part in said)


def _facet(name):
    return next(facet for facet in FACETS if facet.name == name)


def headline(asked):
    """The sentence that stands above a list: `20 of 106 levelling-up promises have been kept`."""
    moment, total, kept = asked.moment, sum(asked.counts.values()), asked.counts[Status.KEPT]
    subject = about(asked)
    if not moment.edition:
        return "Nothing has been published yet"
    if not total:
        if moment.is_past_day:
            return f"On {moment.day_in_words}, no levelling-up promise{subject} had been made"
        return f"No levelling-up promise{subject} is on record"
    by_then = f"By {moment.day_in_words}, " if moment.is_past_day else ""
    one, many = ("had", "had") if moment.is_past_day else ("has", "have")
    if total == 1:
        return _capital(f"{by_then}the only levelling-up promise{subject} {_fate(asked.counts, one)}")
    if kept == total:
        return _capital(f"{by_then}all {total:,} levelling-up promises{subject} {many} been kept")
    if not kept:
        return _capital(f"{by_then}none of {total:,} levelling-up promises{subject} {one} been kept")
    return f"{by_then}{kept:,} of {total:,} levelling-up promises{subject} {one if kept == 1 else many} been kept"


def _fate(counts, has):
    status = next(status for status in Status if counts[status])
    return f"{has} been {SAID[status]}" if status in SAID else f"{has} no verdict yet"


def rest(asked):
    """What became of those that were not kept; empty where the headline says it all."""
    counts, past = asked.counts, asked.moment.is_past_day
    if sum(counts.values()) <= 1:
        return ""
    verdicts = []
    for status in (Status.WATERED_DOWN, Status.BROKEN):
        if n := counts[status]:
            verb = ("had been " if past else "was " if n == 1 else "were ") if not verdicts else ""
            verdicts.append(f"{n:,} {verb}{SAID[status]}")
    parts = [" and ".join(verdicts)] if verdicts else []
    if n := counts[Status.IN_PROGRESS]:
        parts.append(f"for {n:,} there {'was' if past else 'is'} no verdict yet")
    return _capital("; ".join(parts) + ".") if parts else ""


def described(points):
    """What a chart of statuses over time shows, for those who do not see it."""
    if not points:
        return ""
    last = points[-1]
    numbers = ", ".join(f"{last.counts[status.value]:,} {status.label.lower()}" for status in Status)
    return f"From {in_words(points[0].day)} to {in_words(last.day)}. On the last day: {numbers}."


def _capital(text):
    return text[:1].upper() + text[1:]
