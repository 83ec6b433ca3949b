"""The written-down form of a snapshot, version 1, and the rules a schema cannot say.

The schema (JSON Schema, draft 7) is the promise we make to those who read our JSON: keys are
added in later versions, never renamed or removed.
"""

from datetime import date
from functools import cache

import fastjsonschema

from promises.dates import Day
from promises.desk import rules
from promises.statuses import SourceKind, Status, Theme, reasons_problem

TEXT = {"type": "string", "minLength": 1, "maxLength": rules.TEXT_MOST}
MAYBE_TEXT = {"type": ["string", "null"], "maxLength": rules.TEXT_MOST}
SLUG = {"type": "string", "pattern": rules.SLUG_PATTERN, "maxLength": rules.SLUG_MOST}
KNOWN_DAY = {"type": "string", "pattern": r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"}
MAYBE_KNOWN_DAY = {"type": ["string", "null"], "pattern": KNOWN_DAY["pattern"]}
FULL_DAY = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
MAYBE_FULL_DAY = {"type": ["string", "null"], "pattern": FULL_DAY["pattern"]}
MOMENT = {"type": "string", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
FIGURE = {"type": ["integer", "string", "null"], "pattern": r"^-?[0-9]+\.[0-9]+$"}
WEB = {"type": "string", "pattern": "^https?://", "maxLength": rules.URL_MOST}


def _object(properties, optional=()):
    return {
        "type": "object",
        "properties": properties,
        "required": [key for key in properties if key not in optional],
        "additionalProperties": False,
    }


def _list(items, least=0):
    return {"type": "array", "items": items, "minItems": least}


PLACE = _object({"slug": SLUG, "name": TEXT})
UPDATE = _object(
    {
        "number": {"type": "integer", "minimum": 1},
        "date": KNOWN_DAY,
        "counts_from": FULL_DAY,
        "published_at": MOMENT,
        "status": {"enum": Status.values},
        "reason": _list({"type": "string"}),
        "headline": {"type": "string", "minLength": 1, "maxLength": rules.HEADLINE_MOST},
        "explanation": TEXT,
        "sources": _list({"type": "string"}, least=1),
        "citations": _list(_object({"source": TEXT, "locator": MAYBE_TEXT, "quoted": MAYBE_TEXT, "note": MAYBE_TEXT})),
        "withdrawn": TEXT,
    },
    optional=("withdrawn",),
)
SOURCE = _object(
    {
        "id": TEXT,
        "title": TEXT,
        "publisher": TEXT,
        "url": WEB,
        "published": MAYBE_KNOWN_DAY,
        "kind": {"enum": SourceKind.values},
        "via": MAYBE_TEXT,
        "copy_of": MAYBE_TEXT,
        "archived_url": {"type": ["string", "null"], "pattern": "^https?://"},
        "archived_on": MAYBE_FULL_DAY,
        "claims": _list(TEXT),
    }
)
SNAPSHOT = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "A promise as published",
    **_object(
        {
            "schema": {"const": 1},
            "id": {"type": "integer", "minimum": 1},
            "slug": SLUG,
            "former_slugs": _list(SLUG),
            "title": {"type": "string", "minLength": 1, "maxLength": rules.TITLE_MOST},
            "summary": TEXT,
            "quote": MAYBE_TEXT,
            "quote_source": MAYBE_TEXT,
            "success_test": TEXT,
            "theme": _object({"slug": {"enum": Theme.values}, "name": TEXT}),
            "regions": _list(PLACE, least=1),
            "places": _list(PLACE),
            "made_by": TEXT,
            "department": TEXT,
            "made_on": KNOWN_DAY,
            "made_in": TEXT,
            "due_on": MAYBE_KNOWN_DAY,
            "targets": _list(
                _object(
                    {
                        "measure": TEXT,
                        "unit": TEXT,
                        "promised": FIGURE,
                        "delivered": FIGURE,
                        "as_of": MAYBE_KNOWN_DAY,
                        "basis": MAYBE_TEXT,
                        "source": MAYBE_TEXT,
                    }
                )
            ),
            "wording_changes": _list(_object({"date": KNOWN_DAY, "before": TEXT, "after": TEXT, "source": TEXT})),
            "updates": _list(UPDATE, least=1),
            "sources": _list(SOURCE, least=1),
            "related": _list(SLUG),
            "checked_on": MAYBE_FULL_DAY,
            "reply": {
                **_object({"date": KNOWN_DAY, "by": TEXT, "text": TEXT, "source": TEXT}),
                "type": ["object", "null"],
            },
            "withdrawn": TEXT,
        },
        optional=("withdrawn",),
    ),
}


@cache
def _check():
    return fastjsonschema.compile(SNAPSHOT, use_default=False)


def problems(snapshot, *, today):
    """Return sentences on what keeps a completed snapshot from being published; an empty list where nothing does.

    `today` is the British day of publication.
    """
    slug = snapshot["slug"]
    found = []
    try:
        _check()(snapshot)
    except fastjsonschema.JsonSchemaValueException as error:
        where = error.name.replace("data.", "", 1)
        found.append(f"{slug}: {where} {_reason(error)}")
        return found
    return found + [f"{slug}: {sentence}" for sentence in _rules_broken(snapshot, today)]


def _reason(error):
    if error.rule == "minItems":
        return "is empty. At least one is needed."
    if error.rule == "minLength" or (error.value is None and error.rule == "type"):
        return "is missing."
    if error.rule == "maxLength":
        return f"is longer than {error.rule_definition} characters."
    return error.message.replace(error.name, "").strip() + "."


def _rules_broken(snapshot, today):
    keys = [source["id"] for source in snapshot["sources"]]
    if len(set(keys)) < len(keys):
        yield "two sources have the same key. Give each its own."
    counting = [update for update in snapshot["updates"] if not update.get("withdrawn")]
    if not counting:
        yield "every update is withdrawn. Withdraw the promise instead."
        return
    ordered = sorted(counting, key=lambda u: (u["counts_from"], u["number"]))
    first = ordered[0]
    if first["status"] != Status.IN_PROGRESS or "made" not in first["reason"]:
        yield "the first update is not the making of the promise. Begin with “in progress”, reason “made”, on the day it was made."
    elif first["date"] != snapshot["made_on"]:
        yield (
            f"its first update is of {first['date']}, the promise was made on {snapshot['made_on']}. "
            "The making is the first update: give both the same day."
        )
    for update in ordered[1:]:
        if "made" in update["reason"]:
            yield f"update {update['number']} gives the reason “made”, which belongs to the first alone."
    for day in ("made_on", "due_on"):
        try:
            if snapshot[day]:
                Day.parse(snapshot[day])
        except ValueError as error:
            yield f"{day}: {error}"
    for update in snapshot["updates"]:
        name = f"update {update['number']} (“{update['headline']}”)"
        if problem := reasons_problem(update["status"], update["reason"]):
            yield f"{name}: {problem}"
        if date.fromisoformat(update["counts_from"]) > today:
            yield f"{name} is dated {update['date']}, after today. Publish it when the day has come."
        if missing := set(update["sources"]) - set(keys):
            yield f"{name} cites “{min(missing)}”, which is not among the promise's sources."
    cited = [snapshot["quote_source"], *(row["source"] for row in snapshot["targets"])]
    cited += [row["source"] for row in snapshot["wording_changes"]]
    cited += [snapshot["reply"]["source"]] if snapshot["reply"] else []
    if missing := {key for key in cited if key} - set(keys):
        yield f"cites “{min(missing)}”, which is not among the promise's sources."
    if bool(snapshot["quote"]) != bool(snapshot["quote_source"]):
        yield "gives a quotation without the source in which it was read, or the other way round."
