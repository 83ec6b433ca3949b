"""A site filled by people at the desk and through the door, and what they do there after a restore.

`python -m tests.filling FUNCTION [WORD …] [+ FUNCTION …]` calls these functions on the site of the environment, one after
the other in one process, and prints what they return.
"""

import base64
import hashlib
import hmac
import json
import struct
import sys
import time
from datetime import timedelta
from itertools import count

import django

from tests.scale import TORTURE

PASSWORD, SECRET = "a long enough word", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HERE = {"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000"}


def fill():
    """Everything that a site can hold, a little of each."""
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.core.management import call_command

    from promises.desk import suggesting, workflow
    from promises.desk.models import LinkCheck, Measure, Promise, Reply, Wording
    from promises.publishing import door
    from promises.record.version import Version
    from tests.factories import (
        NOON,
        a_person,
        a_promise,
        a_promise_source,
        a_published_promise,
        an_update,
        broken,
        kept,
        made,
        publish,
        watered_down,
    )  # fmt: skip

    rita, edwin = a_person("rita", password=PASSWORD), a_person("edwin", role="Editor", password=PASSWORD)
    a_person("ada", role="Administrator", password=PASSWORD)
    TOTP.activate(edwin, SECRET)
    RecoveryCodes.activate(edwin)

    # The door: promises changed, renamed, withdrawn, sealed; a release between.
    railway = a_promise(
        made("2019"), slug="railway", title="Build the railway — “in full”", places=["leeds"], due_on="2030"
    )
    source = a_promise_source(railway, claims=["It was costed.", "Ministers knew."], read="A note for the desk.")
    Measure.objects.create(
        promise=railway, measure="Track", unit="miles", promised="200.50", delivered="0.1", source=source
    )
    Wording.objects.create(promise=railway, date="2021-11", before="Build it", after="Build some of it", source=source)
    Reply.objects.create(promise=railway, date="2024", by="A spokesman", text="It is going well.\nVery.", source=source)
    railway.quote, railway.quote_source = "We will build it.", source
    railway.save()
    publish(railway)
    publish(an_update(railway, watered_down("2021-11-18")).promise, at=NOON + timedelta(hours=1))
    canal = a_promise(
        made(), broken("2023-10-04"), slug="canal", theme="schools", regions=["london"], related=[railway]
    )
    gone, secret = a_promise(slug="gone", regions=["wales"]), a_promise(made(), kept(), slug="secret")
    publish(canal, gone, secret, at=NOON + timedelta(hours=2), note="Three at once.")
    call_command("release", stdout=sys.stderr)
    canal.slug = "waterway"
    canal.save()
    publish(canal, at=NOON + timedelta(hours=3))
    publish(gone, at=NOON + timedelta(hours=4), withdrawal="It was never made.")
    door.seal([Version.objects.get(slug="secret")], at=NOON + timedelta(hours=5), reason="A court ordered it.")

    # The desk: what waits, what was said, who came, what readers sent, what is being imported.
    for title, state in (("Build half of it", "scheduled"), ("Mend the canal", "sent back")):
        promise = Promise.objects.get(slug="railway" if state == "scheduled" else "waterway")
        promise.title, promise._history_user = title, rita
        promise.save()
        submission = workflow.submit(promise, by=rita, at=NOON + timedelta(hours=6), note=f"{title}.")
        if state == "scheduled":
            seen = workflow.document_digest(submission, workflow.fresh(promise.pk))
            workflow.approve(
                submission, by=edwin, at=NOON + timedelta(hours=7), seen=seen, publish_at=NOON + timedelta(days=1)
            )
        else:
            workflow.send_back(submission, by=edwin, at=NOON + timedelta(hours=7), comment="Which canal?")
    last = a_published_promise(slug="last-one", at=NOON + timedelta(hours=8))
    LinkCheck.objects.create(
        source=source.source, address=source.source.url, state="failing", checked_at=NOON, failures=1
    )
    given = {
        "what": "source",
        "about": "railway",
        "text": "Look there.",
        "address": "",
        "contact": "reader@example.org",
    }
    suggesting.receive(given, suggesting.new_token(at=NOON), at=NOON)
    browser = _browser()
    _sign_in(browser, "rita", "not the word")
    assert _sign_in(browser, "rita", PASSWORD).url == "/admin/"
    workbook = SimpleUploadedFile("due.csv", b"slug;due_on\nrailway;2031\n")
    assert browser.post("/admin/promises/promise/import/", {"file": workbook}).status_code == 302
    path = f"/admin/promises/source/{last.promise_sources.get().source_id}/change/"
    from tests.desk.conftest import fields_of

    answer = browser.post(path, fields_of(browser.get(path)) | {"publisher": "The Ministry of Trains", "_save": ""})
    assert answer.status_code == 302, answer.content.decode()
    never = a_promise(slug="never-published")
    number = never.pk
    never.delete()
    return {"gone": number, "last": last.pk}


def go_on():
    """What people do after a restore; returns what they met."""
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from promises.desk.models import Promise
    from promises.publishing.verification import findings
    from promises.record.edition import Edition
    from tests import factories
    from tests.factories import a_promise, publish

    factories._numbers = count(1000)  # those of the site as it was filled are taken
    before = Edition.objects.newest_first().first()
    rita, edwin = _browser(), _browser()
    met = {
        "sessions": _count("django_session"),
        "researcher": _sign_in(rita, "rita", PASSWORD).url,
        "editor, by password alone": _sign_in(edwin, "edwin", PASSWORD).url.partition("?")[0],
    }
    edwin.post("/accounts/2fa/authenticate/", {"code": _code()})
    met["desk of the editor"] = edwin.get("/admin/").status_code
    call_command("publish_due", stdout=sys.stderr)
    new = a_promise(slug="after-the-restore")
    met |= {"new promise": new.pk, "its history": Promise.history.filter(id=new.pk).exclude(slug=new.slug).count()}
    edition = publish(new, at=timezone.now())
    met |= {"before": before.number, "after": edition.number, "faults": [f.sentence for f in findings() if f.is_fault]}
    met["chained on"] = _chained_on(before, Edition.objects.get(number=before.number + 1))
    met["found by a word"] = rita.get("/promises.json?q=railway").json()["count"]
    connection.check_constraints()
    return met


def pages():
    """The status and the sum of what many public addresses answer, of every kind."""
    from promises.public.freezing import SEEDS
    from promises.record.edition import Edition
    from promises.record.version import Alias, Version

    browser, paths = _browser(), [*SEEDS, "/data/releases/1/", "/data/releases/1/levelling-up-promises-1.zip"]
    paths += [f"/changes/{number}/" for number in Edition.objects.values_list("number", flat=True)]
    for slug, number in Version.objects.values_list("slug", "number"):
        at = f"/promises/{slug}/"
        paths += [at, f"/promises/{slug}.json", f"{at}versions/{number}/", f"{at}updates/{number}/", f"{at}cite.bib"]
    paths += [f"/promises/{slug}/" for slug in Alias.objects.values_list("slug", flat=True)]
    paths += ["/promises.csv?as_of=2022-01-01&edition=3", "/promises.json?q=railway", "/?status=broken&sort=made"]
    answers = {path: browser.get(path) for path in paths}
    return {
        path: [answer.status_code, hashlib.sha256(answer.getvalue()).hexdigest()] for path, answer in answers.items()
    }


def facts():
    """What the site holds that no public page shows, row for row."""
    from django.apps import apps
    from django.core.serializers.json import DjangoJSONEncoder

    told = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.label_lower in ("sessions.session", "promises.period") or model._meta.proxy:
            continue
        rows = [list(row) for row in model._base_manager.order_by("pk").values_list()]
        told[model._meta.label_lower] = [
            len(rows),
            hashlib.sha256(json.dumps(rows, cls=DjangoJSONEncoder).encode()).hexdigest(),
        ]
    return told


# Databases of the first release, of earlier migrations, and killed halfway


def write_as_text(folder):
    """Write the site into a folder as lines of JSON, index rows too: how `tests/upgrades/` was made."""
    import zipfile
    from io import BytesIO
    from pathlib import Path

    from django.utils import timezone

    from promises.backups import tables
    from promises.backups.writing import back_up

    packed = BytesIO()
    back_up(packed, at=timezone.now())
    with zipfile.ZipFile(packed) as archive:
        for name in archive.namelist():
            if name.startswith("tables/"):
                archive.extract(name, folder)
        manifest = json.loads(archive.read("manifest.json"))
    manifest["members"] = [member for member in manifest["members"] if member["path"].startswith("tables/")]
    (Path(folder) / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    for model in tables.Schema.of_database().everything:
        if model._meta.label_lower in INDEX:
            (Path(folder) / f"{model._meta.label_lower}.jsonl").write_text("".join(tables.lines_of(model)))


INDEX = ("promises.listing", "promises.period")


def read_from_text(folder):
    """Make an empty database what it was when that folder was written: its tables, its triggers, its rows."""
    from pathlib import Path

    from django.db import connection

    from promises.backups import tables
    from promises.backups.restoring import go_to
    from promises.desk import triggers as desk_triggers
    from promises.record import collation, search, triggers

    manifest = json.loads((Path(folder) / "manifest.json").read_text())
    schema = tables.Schema(manifest["migrations"])
    go_to(schema)
    for part in (collation, search, triggers, desk_triggers):
        part.install(connection)
    with connection.constraint_checks_disabled():
        from django.db import transaction

        with transaction.atomic():
            for model in schema.everything:
                label = model._meta.label_lower
                path = Path(folder) / ("" if label in INDEX else "tables") / f"{label}.jsonl"
                if path.exists():
                    tables.empty(model)
                    with path.open() as lines:
                        tables.take_in(model, lines)
            tables.go_on_from(schema, manifest["numbers"])


def there_and_back():
    """Undo each migration of ours, one after the other, and do them again; returns what was met at each."""
    from django.core.management import call_command

    names, met = sorted(_ours(), reverse=True), {}
    for name in names[1:-1] if TORTURE else ["0002_add_roles"]:
        call_command("migrate", "promises", name, verbosity=0)
        met[f"back to {name}"] = _state()
    call_command("migrate", verbosity=0)
    met["forwards"] = _state()
    call_command("migrate", "promises", "zero", verbosity=0)
    met["zero"] = sorted(name for name in _tables() if name.startswith("promises"))
    call_command("migrate", verbosity=0)
    met["forwards from zero"] = _state()
    return met


def migrate(target=""):
    """Migrate, and tell what came of it."""
    from django.core.management import call_command

    call_command("migrate", *(["promises", target] if target else []), verbosity=0)
    return _state() | {"schema": _schema()}


def until_killed(at, *command):
    """Run a command, and be killed before that statement, or before it is noted that that migration is done.

    Returns how many statements there were if it was not killed.
    """
    import os
    import signal

    from django.core.management import call_command
    from django.db import connection

    asked = 0

    def counted(execute, sql, values, *arguments):
        nonlocal asked
        asked += 1
        if str(asked) == at or ("django_migrations" in sql and at in (values or ())):
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, values, *arguments)

    with connection.execute_wrapper(counted):
        call_command(*command, stdout=sys.stderr)
    return asked


def _ours():
    from django.db.migrations.loader import MigrationLoader

    return [name for app, name in MigrationLoader(None).disk_migrations if app == "promises"]


def _state():
    """How many rows of what matters there are, whether the chain holds, and which triggers are missing."""
    from django.db import connection

    from promises.desk import triggers as desk_triggers
    from promises.publishing.verification import findings
    from promises.record import triggers

    rows = {
        name: _count(f"promises_{name}") for name in ("edition", "version", "promise", "update", "listing", "period")
    }
    missing = triggers.missing(connection) | desk_triggers.missing(connection) | _search_missing()
    faults = [finding.sentence for finding in findings() if finding.is_fault]
    return {"rows": rows, "missing": sorted(missing), "faults": faults, "found": _found_by_a_word()}


def _search_missing():
    from django.db import connection

    if connection.vendor != "sqlite":
        return set()
    wanted = {f"promises_{table}_{verb}" for table in ("listing", "period") for verb in ("learn", "forget", "relearn")}
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return wanted - {name for (name,) in cursor.fetchall()}


def _found_by_a_word():
    """How many rows of the search index answer a word."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT count(*) FROM promises_listing_fts WHERE promises_listing_fts MATCH 'railway'")
        else:
            cursor.execute("SELECT count(*) FROM promises_listing WHERE search_text_words @@ 'railway'::tsquery")
        return cursor.fetchone()[0]


def _tables():
    from django.db import connection

    return connection.introspection.table_names()


def _schema():
    """The tables, columns, indexes and triggers, as the database itself tells them."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        else:
            cursor.execute(
                "SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, collation_name) "
                "FROM information_schema.columns WHERE table_schema = 'public' "
                "UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' "
                "UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) "
                "FROM pg_constraint WHERE connamespace = 'public'::regnamespace "
                "UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
            )
        return sorted(line for (line,) in cursor.fetchall())


def _browser():
    from django.test import Client

    return Client(**HERE)


def _sign_in(browser, name, password):
    return browser.post("/accounts/login/?next=/admin/", {"login": name, "password": password})


def _code():
    """What an authenticator app shows now (RFC 6238)."""
    digest = hmac.digest(base64.b32decode(SECRET), struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def _chained_on(before, after):
    from promises.record.edition import edition_digest

    entries = after.versions.values_list("promise_id", "number", "digest", "kind", "note")
    return after.digest == edition_digest(
        before=before.digest, number=after.number, published_at=after.published_at, roles=after.roles, note=after.note,
        entries=list(entries),
    )  # fmt: skip


def _count(table):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


def command(*words):
    """A command of manage.py."""
    from django.core.management import call_command

    call_command(*words, stdout=sys.stderr)


def in_turn(words):
    """Call function after function, each with its words up to a `+`; returns what each returned."""
    parts = " ".join(words).split(" + ")
    return [globals()[name](*given) for name, *given in map(str.split, parts)]


if __name__ == "__main__":
    django.setup()
    print(json.dumps(in_turn(sys.argv[1:])))
