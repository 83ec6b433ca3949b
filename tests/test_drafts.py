"""Whatever is done at the desk, by whomever, in whatever order: drafts stay there, and nothing published is lost.

People press the buttons of the screens; a model in plain words, which knows nothing of our code, says what readers
must see after each. Every text that is typed has a word of its own, which is looked for in all that readers get.
"""

import copy
import json
import re
import string
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, islice

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, example, given, note, settings
from hypothesis import strategies as st

from promises.desk.models import Promise, Source, Submission, Update
from promises.publishing.verification import findings
from tests import scale
from tests.desk.conftest import Desk
from tests.factories import a_person
from tests.public.test_nothing_leaks import crawl, readable
from tests.scale import at_scale

pytestmark = [pytest.mark.django_db, pytest.mark.torture]

MARKED = re.compile(rb"zq[a-z]{5}qz")
PEOPLE = {"rita": "Researcher", "rob": "Researcher", "edwin": "Editor", "eve": "Editor", "ada": "Administrator"}
WHAT = {
    "kept": [],
    "watered_down": ["smaller"],
    "broken": ["dropped"],
    "in_progress": ["under_way"],
}
MADE_ON = "2020-01-31"
DAYS = ["2020-06-30", "2021-11-18", "2022-03-01", "2024-10-30"]
PAST = ["2019-12-31", "2020-01-31", "2021-01-01", "2021-11-18", "2023-07-01"]
LISTS = ("/promises.csv", "/promises.atom", "/changes.json", "/changes/", "/themes/", "/places.json", "/sitemap-promises-1.xml", "/?q=line", "/data/")  # fmt: skip


# What ought to be so


@dataclass
class Thing:
    """A promise as it ought to be: what the desk holds, what is published, and what waits."""

    key: int
    desk: dict
    touched: set
    versions: list = field(default_factory=list)
    slugs: list = field(default_factory=list)
    waiting: str = ""
    """`review`, `set` or `back`, of a change or of a withdrawal."""
    is_leaving: bool = False
    approved: dict | None = None
    authors: set = field(default_factory=set)
    """Who has touched it since its last version; `touched` holds who ever has."""

    @property
    def public(self):
        return self.versions[-1] if self.versions else None

    @property
    def is_gone(self):
        return bool(self.public and self.public["withdrawn"])


class Model:
    """What readers must see, worked out from what was done."""

    def __init__(self):
        self.things = []
        self.sources = {}
        """Titles by key, as the desk has them."""
        self.corrected = set()
        self.written = set()

    def word(self):
        """A new text, with a word that nothing else has."""
        number, letters = len(self.written), ""
        for _ in range(5):
            number, rest = divmod(number, 26)
            letters += string.ascii_lowercase[rest]
        self.written.add(f"zq{letters}qz")
        return f"zq{letters}qz line"

    def as_it_would_be(self, thing):
        """The working copy as it would be published."""
        made = copy.deepcopy(thing.desk) | {"withdrawn": ""}
        made["sources"] = {key: self.sources[key] for key in thing.desk["sources"]}
        return made

    def differs(self, thing):
        public = thing.public and thing.public | {"withdrawn": ""}
        return self.as_it_would_be(thing) != public

    def touch(self, who, *things):
        """Note that somebody changed these: what was approved otherwise waits for review again."""
        for thing in things:
            thing.touched.add(who)
            thing.authors.add(who)
            if thing.waiting == "set" and not thing.is_leaving and self.as_it_would_be(thing) != thing.approved:
                thing.waiting = "review"

    def publish(self, thing):
        before = thing.public
        if thing.is_leaving:
            self._add(thing, before | {"withdrawn": "yes"})
        else:
            fresh = [u for u in thing.desk["updates"] if u["number"] is None]
            taken = max((u["number"] or 0 for u in thing.desk["updates"]), default=0)
            for number, update in enumerate(sorted(fresh, key=lambda u: (u["date"], u["key"])), start=taken + 1):
                update["number"] = number
            made = self.as_it_would_be(thing)
            known = before["sources"].items() if before else ()
            for key in [k for k, title in made["sources"].items() if (k, title) not in known and k in self.corrected]:
                for other in self.things:
                    shown = other.public and not other.is_gone and other.public["sources"].get(key)
                    if other is not thing and shown and shown != made["sources"][key]:
                        self._add(
                            other, other.public | {"sources": other.public["sources"] | {key: made["sources"][key]}}
                        )
            self._add(thing, made)
        thing.waiting, thing.is_leaving = "", False

    def _add(self, thing, version):
        thing.versions.append(copy.deepcopy(version))
        thing.authors = set()
        if version["slug"] not in thing.slugs:
            thing.slugs.append(version["slug"])

    # What readers may and must see

    def shown(self):
        """Every word that was ever published."""
        return set(MARKED.findall(json.dumps([t.versions for t in self.things]).encode()))

    def standing(self, day):
        """Slugs and statuses on a day."""
        found = {}
        for thing in self.things:
            if not thing.public or thing.is_gone:
                continue
            counting = [u for u in thing.public["updates"] if not u["withdrawn"] and u["date"] <= day]
            if counting:
                found[thing.public["slug"]] = max(counting, key=lambda u: (u["date"], u["number"]))
        return found


# What people do


class Doing:
    """People at the desk, who do one thing after the other; the model is told what ought to come of it."""

    def __init__(self):
        self.model = Model()
        self.people = {name: Desk(a_person(name, role=role)) for name, role in PEOPLE.items()}
        self.reader = Client()
        self.kept = {}
        """Each version as it was first seen, by promise and number."""
        self.numbers = count(1)
        self.turn = 0
        self.done = Counter()

    def do(self, what, who, which, choice):
        things = self.model.things
        if what != "draft" and not things:
            what = "draft"
        was = [len(thing.versions) for thing in things]
        thing = things[which % len(things)] if what != "draft" else None
        outcome = getattr(self, what)(who, thing, choice) if thing else self.draft(who, choice)
        self.done[f"{what}: {'done' if outcome else 'refused'}"] += 1
        touched = [t for t, before in zip(things, was, strict=False) if len(t.versions) > before]
        self.look(*({id(t): t for t in [*touched, *([thing] if thing else things[-1:])]}.values()))

    def page(self, thing, tail=""):
        return f"/admin/promises/promise/{thing.key}/{tail}"

    def new_source(self, who):
        title = self.model.word()
        desk = self.people[who]
        response = desk.fill(
            "/admin/promises/source/add/", "_save", title=title, publisher=self.model.word(),
            url=f"https://example.org/{next(self.numbers)}", published="2020-01-31", kind="official",
        )  # fmt: skip
        assert response.status_code == 302
        key = Source.objects.get(title=title).pk
        self.model.sources[key] = title
        return key

    def draft(self, who, choice):
        """Draft a promise with its making; every second one shares a source with another."""
        known = list(self.model.sources)
        source = known[choice % len(known)] if known and choice % 2 else self.new_source(who)
        values = {
            "slug": f"promise-{next(self.numbers)}", "title": self.model.word(), "summary": self.model.word(),
            "success_test": self.model.word(), "theme": "transport", "made_by": "Boris Johnson, Prime Minister",
            "department": "DfT", "made_on": MADE_ON, "made_in": "Manifesto",
        }  # fmt: skip
        rows = {"promise_places-0-place": "north-west", "promise_sources-0-source": str(source)}
        response = self.people[who].fill("/admin/promises/promise/add/", "_save", **values, **rows)
        assert response.status_code == 302
        desk = {name: values[name] for name in ("slug", "title", "summary", "success_test")}
        key = Promise.objects.get(slug=values["slug"]).pk
        thing = Thing(
            key, desk | {"checked_on": None, "updates": [], "sources": [source]}, touched={who}, authors={who}
        )
        self.model.things.append(thing)
        return self._record(who, thing, MADE_ON, "in_progress", ["made"])

    def _record(self, who, thing, day, status, reason):
        source = thing.desk["sources"][0]
        texts = {"headline": self.model.word(), "explanation": self.model.word()}
        response = self.people[who].fill(
            self.page(thing, "change-of-status/"), "_save",
            status=status, reason=reason, date=day, **texts, **{f"s{source}-cite": "on"},
        )  # fmt: skip
        assert response.status_code == 302
        update = Update.objects.filter(promise=thing.key).latest("pk")
        thing.desk["updates"].append(
            {"key": update.pk, "number": None, "date": day, "status": status, "withdrawn": "", **texts}
        )
        thing.desk["checked_on"] = timezone.localdate().isoformat()  # the box is ticked
        self.model.touch(who, thing)
        return True

    def update(self, who, thing, choice):
        status = list(WHAT)[choice % 4]
        return self._record(who, thing, DAYS[choice % len(DAYS)], status, WHAT[status])

    def edit(self, who, thing, choice):
        name = ["title", "summary", "success_test"][choice % 3]
        text = self.model.word()
        assert self.people[who].fill(self.page(thing, "change/"), "_save", **{name: text}).status_code == 302
        thing.desk[name] = text
        self.model.touch(who, thing)
        return True

    def rename(self, who, thing, choice):
        slug = f"promise-{next(self.numbers)}"
        assert self.people[who].fill(self.page(thing, "change/"), "_save", slug=slug).status_code == 302
        thing.desk["slug"] = slug
        self.model.touch(who, thing)
        return True

    def edit_update(self, who, thing, choice):
        return self._change_update(who, thing, choice, explanation=self.model.word())

    def withdraw_update(self, who, thing, choice):
        published = [u for u in thing.desk["updates"][1:] if u["number"]]
        if not published:
            return False
        return self._change_update(who, thing, thing.desk["updates"].index(published[choice % len(published)]), withdrawn=self.model.word())  # fmt: skip

    def _change_update(self, who, thing, choice, **changed):
        update = thing.desk["updates"][choice % len(thing.desk["updates"])]
        page = self.page(thing, f"change-of-status/{update['key']}/")
        assert self.people[who].fill(page, "_save", **changed).status_code == 302
        update |= changed
        thing.desk["checked_on"] = timezone.localdate().isoformat()
        self.model.touch(who, thing)
        return True

    def correct_source(self, who, thing, choice):
        key = thing.desk["sources"][0]
        title = self.model.word()
        assert self.people[who].fill(f"/admin/promises/source/{key}/change/", "_save", title=title).status_code == 302
        self.model.sources[key] = title
        self.model.corrected.add(key)
        self.model.touch(who, *(t for t in self.model.things if key in t.desk["sources"]))
        return True

    # Forward and back

    def submit(self, who, thing, choice):
        kind = "major_correction" if choice % 3 == 0 else "minor_correction"
        response = self.people[who].fill(self.page(thing, "submit/"), note=self.model.word(), correction=kind)
        is_right = self.model.differs(thing) and not (thing.waiting and thing.is_leaving)
        assert (response.status_code == 302) == is_right
        if is_right:
            thing.note = list(self.model.written)[-1]
            thing.waiting, thing.is_leaving = "review", False
            self.model.touch(who, thing)
        return is_right

    def withdraw(self, who, thing, choice):
        response = self.people[who].fill(self.page(thing, "withdraw/"), reason=self.model.word())
        is_right = bool(thing.public) and not thing.is_gone and not thing.waiting
        assert (response.status_code == 302) == is_right
        if is_right:
            thing.waiting, thing.is_leaving, thing.proposed_by = "review", True, who
        return is_right

    def _decide(self, who, thing, press, **given):
        """Press a button of the review; whether that did anything."""
        submission = Submission.objects.filter(promise=thing.key).latest("pk")
        was = submission.state
        response = self.people[who].fill(f"/admin/promises/submission/{submission.pk}/change/", press, **given)
        assert response.status_code in (200, 302, 403)
        submission.refresh_from_db()
        return response.status_code == 302 and submission.state != was

    def _may(self, who, thing):
        """Whether this person may publish what waits; None where only the audit can tell."""
        if PEOPLE[who] == "Researcher" or thing.waiting != "review":
            return False
        if thing.is_leaving:
            return who != thing.proposed_by
        return False if who in thing.authors else None if who in thing.touched else True

    def publish(self, who, thing, choice):
        if not thing.waiting:
            return False
        may, differs = self._may(who, thing), thing.is_leaving or self.model.differs(thing)
        done = self._decide(who, thing, "_publish")
        assert may is None or done == (may and differs), (may, differs)
        if done:
            self.model.publish(thing)
        return done

    def set_time(self, who, thing, choice):
        if not thing.waiting:
            return False
        may = self._may(who, thing)
        tomorrow = timezone.localtime() + timedelta(days=1)
        done = self._decide(who, thing, "_set", publish_at=f"{tomorrow:%Y-%m-%dT%H:%M}")
        assert may is None or done == may
        if done:
            thing.waiting, thing.approved = "set", self.model.as_it_would_be(thing)
        return done

    def send_back(self, who, thing, choice):
        if not thing.waiting:
            return False
        done = self._decide(who, thing, "_send_back", comment=self.model.word())
        assert done == (PEOPLE[who] != "Researcher" and thing.waiting in ("review", "set"))
        if done:
            thing.waiting = "back"
        return done

    def time_passes(self, who, thing, choice):
        """What is set for tomorrow is not due; a day later it is."""
        call_command("publish_due", verbosity=0)
        self.look(thing)
        if not Submission.objects.filter(state="scheduled").exists():
            return False
        Submission.objects.filter(state="scheduled").update(publish_at=timezone.now() - timedelta(minutes=1))
        call_command("publish_due", verbosity=0)
        for due in [t for t in self.model.things if t.waiting == "set"]:
            if due.is_leaving or (self.model.as_it_would_be(due) == due.approved and self.model.differs(due)):
                self.model.publish(due)
            else:
                due.waiting = "review"
        self.look(*self.model.things)
        return True

    def check(self, who, thing, choice):
        before = len(thing.versions)
        assert self.people[who].post(self.page(thing, "check/"), {}).status_code == 302
        today = timezone.localdate().isoformat()
        other = self.model.as_it_would_be(thing) | {"checked_on": None}
        same = bool(thing.public) and other == thing.public | {"checked_on": None}
        if same and not thing.is_gone and not thing.waiting and thing.public["checked_on"] != today:
            thing.desk["checked_on"] = today
            self.model._add(thing, thing.public | {"checked_on": today})
        return len(thing.versions) > before

    # What readers see of it

    def get(self, address):
        response = self.reader.get(address)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        self.holds_nothing_else(address, response, body)
        return response, body

    def json(self, address):
        response, body = self.get(address)
        assert response.status_code == 200, address
        return json.loads(body)

    def holds_nothing_else(self, address, response, body):
        """No word is there that was never published."""
        assert response.status_code < 500, address
        leaked = set(MARKED.findall(readable(response, body))) - self.allowed
        assert not leaked, f"{address} shows {leaked}"

    def look(self, *things, whole=False):
        """Compare what readers get of these promises, and of lists, with the model: some at each turn, or the whole."""
        self.allowed = self.model.shown() | self.told()
        self.turn += 1
        for thing in things:
            self.look_at(thing)
        for day in ["", *(PAST if whole else [PAST[self.turn % len(PAST)]])]:
            self.look_at_list(day)
        for at, address in enumerate(LISTS):
            if whole or (at + self.turn) % 4 == 0:
                self.get(address)

    def told(self):
        """Words of public notes and reasons, which the desk tells with what it published, and publishers of sources."""
        told = b" ".join(
            [
                *(json.dumps([s.note, s.withdrawal]).encode() for s in Submission.objects.filter(state="published")),
                *(source.publisher.encode() for source in Source.objects.filter(pk__in=self.public_sources())),
            ]
        )
        return set(MARKED.findall(told))

    def public_sources(self):
        return {key for thing in self.model.things for version in thing.versions for key in version["sources"]}

    def look_at_list(self, day):
        listed = self.json(f"/promises.json{f'?as_of={day}' if day else ''}")
        expected = self.model.standing(day or timezone.localdate().isoformat())
        assert {row["slug"]: (row["status"], row["headline"]) for row in listed["promises"]} == {
            slug: (update["status"], update["headline"]) for slug, update in expected.items()
        }, day
        assert listed["count"] == len(expected)
        counted = Counter(update["status"] for update in expected.values())
        assert listed["counts"] == {status: counted[status] for status in listed["counts"]}

    def look_at(self, thing):
        draft = thing.desk["slug"]
        if not thing.versions:
            assert self.get(f"/promises/{draft}/")[0].status_code == 404
            return
        public = thing.public
        slug = public["slug"]
        if draft not in thing.slugs:
            assert self.get(f"/promises/{draft}/")[0].status_code == 404
        for former in set(thing.slugs) - {slug}:
            response, _ = self.get(f"/promises/{former}/")
            assert (response.status_code, response["Location"]) == (301, f"/promises/{slug}/")
        for end in ("/", ".json", ".csv", ".atom", "/card.png", "/cite.bib"):
            response, _ = self.get(f"/promises/{slug}{end}")
            assert response.status_code == (410 if thing.is_gone else 200), end
        for path in (f"/embed/promises/{slug}/", f"/oembed?url=http://127.0.0.1:8000/promises/{slug}/"):
            assert self.get(path)[0].status_code == (410 if thing.is_gone else 200), path
        if not thing.is_gone:
            self.is_published(self.json(f"/promises/{slug}.json"), thing)
        for number, version in enumerate(thing.versions, start=1):
            if version["withdrawn"]:
                continue
            answer = self.json(f"/promises/{slug}/versions/{number}.json")
            seen = json.dumps([answer["version"], answer["published_at"], answer["digest"], answer["promise"]])
            assert self.kept.setdefault((thing.key, number), seen) == seen
            assert answer["promise"]["title"] == version["title"]
        assert self.get(f"/promises/{slug}/versions/{len(thing.versions) + 1}/")[0].status_code == 404

    def is_published(self, answer, thing):
        """Everything of the version published last is there, as it was typed."""
        public, said = thing.public, answer["promise"]
        assert answer["version"] == len(thing.versions)
        assert {name: said[name] for name in ("slug", "title", "summary", "success_test", "checked_on")} == {
            name: public[name] for name in ("slug", "title", "summary", "success_test", "checked_on")
        }
        assert set(said["former_slugs"]) == set(thing.slugs) - {public["slug"]}
        assert [source["title"] for source in said["sources"]] == list(public["sources"].values())
        names = ("number", "date", "status", "headline", "explanation")
        assert [[u[name] for name in names] + [u.get("withdrawn", "")] for u in said["updates"]] == [
            [u[name] for name in names] + [u["withdrawn"]]
            for u in sorted(public["updates"], key=lambda update: update["number"])
        ]
        for update in public["updates"]:
            response, _ = self.get(f"/promises/{public['slug']}/updates/{update['number']}/")
            assert response.status_code == (410 if update["withdrawn"] else 200)

    def look_everywhere(self):
        """Follow every link and address; each word published last is found, and the record proves whole."""
        self.look(*self.model.things, whole=True)
        found = set()
        starts = ["/promises.xlsx", "/", "/changes.csv", "/sitemap.xml", "/promises.csv", "/data/", "/changes.atom"]
        for address, response, body in islice(crawl(self.reader, *starts), at_scale(40, 400)):
            self.holds_nothing_else(address, response, body)
            found |= set(MARKED.findall(readable(response, body)))
            scale.count("public answers read for drafts")
        for thing in self.model.things:
            if thing.public and not thing.is_gone:
                assert set(MARKED.findall(thing.public["title"].encode())) <= found
        assert not [finding.sentence for finding in findings() if finding.is_fault]


# Sequences

STEPS = [
    *("draft", "edit", "update", "update", "edit_update", "withdraw_update", "rename", "correct_source", "submit"),
    *("submit", "submit", "publish", "publish", "publish", "set_time", "send_back", "time_passes", "withdraw", "check"),
]
SEQUENCES = st.lists(
    st.tuples(st.sampled_from(STEPS), st.sampled_from(sorted(PEOPLE)), st.integers(0, 2), st.integers(0, 11)),
    min_size=8,
    max_size=at_scale(10, 25),
)
THE_WHOLE_WAY = [
    ("draft", "rita", 0, 0), ("draft", "rob", 0, 1), ("submit", "rita", 0, 1), ("publish", "rita", 0, 0),
    ("publish", "edwin", 0, 0), ("submit", "rob", 1, 1), ("set_time", "eve", 1, 0), ("time_passes", "rita", 1, 0),
    ("update", "edwin", 0, 2), ("submit", "edwin", 0, 1), ("publish", "edwin", 0, 0), ("send_back", "eve", 0, 0),
    ("edit_update", "rita", 0, 1), ("submit", "rita", 0, 0), ("publish", "ada", 0, 0), ("check", "rob", 0, 0),
    ("edit", "rob", 1, 2), ("correct_source", "rita", 0, 0), ("submit", "rita", 0, 1), ("publish", "eve", 0, 0), ("rename", "rob", 1, 0),
    ("edit", "rob", 1, 1), ("submit", "rob", 1, 1), ("publish", "ada", 1, 0), ("withdraw_update", "rita", 0, 0),
    ("submit", "rita", 0, 0), ("set_time", "eve", 0, 0), ("edit", "rita", 0, 0), ("time_passes", "rita", 0, 0),
    ("publish", "eve", 0, 0), ("withdraw", "edwin", 1, 0), ("publish", "edwin", 1, 0), ("publish", "eve", 1, 0),
    ("edit", "rob", 1, 0), ("submit", "rob", 1, 0), ("publish", "ada", 1, 0),
]  # fmt: skip


@settings(
    max_examples=at_scale(1, 6),
    derandomize=not scale.TORTURE,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@example(THE_WHOLE_WAY)
@given(SEQUENCES)
def test_drafts_stay_at_the_desk_and_nothing_published_is_lost(steps):
    with transaction.atomic():
        doing = Doing()
        for number, step in enumerate(steps):
            note(f"{number}: {step}")
            doing.do(*step)
        doing.look_everywhere()
        scale.count("sequences at the desk")
        scale.count("steps at the desk", len(steps))
        for what, times in doing.done.items():
            scale.count(f"step “{what}”", times)
        transaction.set_rollback(True)
