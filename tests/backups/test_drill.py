"""The restore drill: a used site backed up, restored elsewhere, and gone on with."""

import hashlib
import json
import random
import re
import resource
import stat
import zipfile

import pytest
from django.core.management import CommandError, call_command

from promises.backups.archive import Backup, NotABackup
from tests import sites
from tests.scale import TORTURE, at_scale, count
from tests.sites import a_site

KIND = sites.KINDS[0]


@pytest.fixture
def empty(tmp_path):
    """A site with a database that holds nothing, not even tables."""
    with a_site(tmp_path / "empty", KIND) as site:
        yield site


def files_in(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def frozen(site, folder):
    """Every public file of a site."""
    site.manage("freeze", folder)
    return files_in(folder)


@pytest.mark.torture
@pytest.mark.parametrize("kind", sites.KINDS)
def test_a_restored_site_is_the_same_and_goes_on(filled, backup, tmp_path, kind):
    with a_site(tmp_path / "restored", kind) as restored:
        said = restored.manage("restore", backup)
        assert "The record is as it was published: 7 editions, head digest" in said
        assert "before and after" in said
        assert "second factor" not in said
        calls = "command createcachetable", "facts", "pages"
        assert restored.ask_in_turn(*calls) == filled.ask_in_turn(*calls)
        for folder in ("releases", "imports"):
            assert files_in(restored.data / folder) == files_in(filled.data / folder) != {}
        assert stat.S_IMODE((restored.data / "imports").stat().st_mode) == 0o700
        if TORTURE:
            there, here = (frozen(site, tmp_path / name) for site, name in ((filled, "there"), (restored, "here")))
            assert there == here
            count("public files the same after a restore", len(here))
        again = tmp_path / "again.zip"
        met = restored.ask_in_turn("go_on", f"command backup {again}")[0]
        assert met.pop("new promise") > filled.told["gone"] > filled.told["last"]
        assert met == {
            "sessions": 0,
            "researcher": "/admin/",
            "editor, by password alone": "/accounts/2fa/authenticate/",
            "desk of the editor": 200,
            "its history": 0,
            "before": 7,
            "after": 9,  # the one that was approved for a time, and a new one
            "faults": [],
            "chained on": True,
            "found by a word": 3,
        }
        with Backup(again) as opened:
            assert opened.manifest["edition"] == 9


def test_a_backup_is_for_its_owner_alone_and_never_written_over(filled, backup):
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    before = backup.read_bytes()
    with pytest.raises(CommandError, match="is there already"):
        call_command("backup", backup)
    assert backup.read_bytes() == before


def test_neither_keys_nor_sessions_nor_searches_are_carried(backup):
    with zipfile.ZipFile(backup) as archive:
        names = set(archive.namelist())
        everything = b"".join(archive.read(name) for name in names)
    assert not names & {f"tables/{name}.jsonl" for name in ("sessions.session", "promises.listing", "promises.period")}
    assert b"a key for a site" not in everything
    assert b"a long enough word" not in everything


@pytest.mark.torture
@pytest.mark.skipif(not TORTURE, reason="each part of it is tried in another test")
def test_it_goes_down_a_pipe_too(filled, backup, tmp_path):
    out = tmp_path / "piped.zip"
    with out.open("wb") as file:
        done = filled.run("manage.py", "backup", "-", stdout=file)
    assert done.returncode == 0
    assert "head digest" in done.stderr
    assert zipfile.ZipFile(out).namelist() == zipfile.ZipFile(backup).namelist()


# Refusals


@pytest.mark.django_db
def test_a_database_in_use_is_refused(backup):
    from tests.factories import a_person, a_published_promise

    a_published_promise()
    a_person()
    with pytest.raises(CommandError, match="not empty, it holds 1 edition, 1 person, 1 promise at the desk"):
        call_command("restore", backup)


def altered(backup, there, change):
    """A copy of a backup, with its members changed by a function of name and bytes; None leaves one out."""
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(there, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return there


def with_manifest(change):
    """A change of the manifest alone."""

    def changed(name, data):
        if name != "manifest.json":
            return data
        manifest = json.loads(data)
        change(manifest)
        return json.dumps(manifest).encode()

    return changed


@pytest.mark.django_db
@pytest.mark.parametrize("part", [0, 0.3, 0.9, 0.999])
def test_only_the_beginning_of_a_file_is_refused(backup, tmp_path, part):
    cut = tmp_path / "cut.zip"
    cut.write_bytes(backup.read_bytes()[: int(backup.stat().st_size * part)])
    with pytest.raises(CommandError, match="not a backup of ours, or only the beginning"):
        call_command("restore", cut)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda name, data: data.replace(b"rita", b"rosa"), r"altered: tables/\S+ is not what was written"),
        (lambda name, data: None if name.endswith("update.jsonl") else data, "promises.update.jsonl is missing"),
        (lambda name, data: None if name == "manifest.json" else data, "not a backup of ours"),
        (with_manifest(lambda m: m.update(what="a cake")), "not a backup of ours"),
        (with_manifest(lambda m: m.update(form=2)), "made by a later version"),
        (with_manifest(lambda m: m["migrations"].append(["promises", "0999_fly"])), r"which has promises\.0999_fly"),
        (with_manifest(lambda m: m["migrations"].append(["wings", "0001_grow"])), r"which has wings\.0001_grow"),
    ],
)
def test_what_is_no_backup_of_ours_is_refused_in_words(backup, tmp_path, change, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("restore", altered(backup, tmp_path / "altered.zip", change))


@pytest.mark.torture
def test_a_bit_that_fell_over_is_found_or_changes_nothing(backup, tmp_path):
    whole, chance = backup.read_bytes(), random.Random(7)  # noqa: S311
    with Backup(backup) as sound:
        sums = {path: member["sha256"] for path, member in sound.members.items()}
    bent = tmp_path / "bent.zip"
    for _ in range(at_scale(100, 400)):
        data = bytearray(whole)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        bent.write_bytes(data)
        try:
            with Backup(bent) as opened:
                count("bent backups in which nothing that counts was bent")
                assert {path: member["sha256"] for path, member in opened.members.items()} == sums
        except NotABackup:
            count("bent backups refused")


@pytest.mark.django_db
def test_a_file_that_is_not_there_or_something_else_is_refused(tmp_path):
    with pytest.raises(CommandError, match="No such file"):
        call_command("restore", tmp_path / "none.zip")
    (tmp_path / "words.txt").write_text("These are words.")
    with pytest.raises(CommandError, match="not a backup of ours"):
        call_command("restore", tmp_path / "words.txt")


def resealed(backup, there, change):
    """A copy of a backup whose tables were changed by somebody who knows how to write the sums anew."""
    altered(backup, there, change)
    sums = {}
    with zipfile.ZipFile(there) as archive:
        for name in archive.namelist():
            sums[name] = hashlib.sha256(archive.read(name)).hexdigest()

    def right(manifest):
        for member in manifest["members"]:
            member["sha256"] = sums[member["path"]]

    return altered(there, there.with_suffix(".sealed.zip"), with_manifest(right))


@pytest.mark.torture
@pytest.mark.parametrize(
    ("table", "change", "sentence"),
    [
        ("promises.version", lambda data: data.replace(b"railway", b"footway"), "was not as it was published"),
        ("auth.user", lambda data: data.replace(b'"rita"', b'"edwin"'), "tables/auth.user.jsonl:"),
        ("promises.edition", lambda data: data[: data.rstrip().rindex(b"\n") + 1], r"has 6 rows, and 7 were written"),
        ("promises.wording", lambda data: data.replace(b"]\n", b',"more"]\n'), "wording.jsonl: its columns"),
    ][: at_scale(1, 4)],
)
def test_what_fails_in_the_middle_leaves_nothing_half_done(backup, unused, table, change, sentence):
    path = f"tables/{table}.jsonl"
    broken = resealed(backup, unused.folder / "b.zip", lambda name, data: change(data) if name == path else data)
    untouched = unused.ask("facts")
    assert re.search(sentence, unused.refusal("restore", broken))
    assert unused.ask("facts") == untouched
    assert files_in(unused.data) == {}
    if TORTURE and table == "promises.version":
        unused.key = "another key, of some length, that never sealed anything before this"
        said = unused.manage("restore", broken, "--despite-faults")
        assert "NOT as it was published" in said
        assert "2 second factors sealed with another SECRET_KEY" in said
        assert "altered, its text does not give its digest" in unused.run("manage.py", "verify_record").stdout


@pytest.mark.torture
@pytest.mark.skipif(not TORTURE, reason="each part of it is tried in another test")
def test_a_restore_that_was_killed_is_simply_run_again(backup, empty):
    for at in at_scale([300], range(25, 700, 100)):
        done = empty.run("-m", "tests.filling", "until_killed", at, "restore", backup)
        if done.returncode == 0:
            break  # there were fewer statements
        assert done.returncode == -9, done.stderr
        assert empty.tables() == set()
        count("restores killed in the middle")
    else:
        assert "before and after" in empty.manage("restore", backup)
    assert not [path for path in empty.data.iterdir() if path.name.startswith(".restoring-")]


@pytest.mark.django_db
def test_files_that_lie_there_already_are_not_written_over(backup, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    other = tmp_path / "releases" / "1" / "release.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    with pytest.raises(CommandError, match=r"release\.json is there already"):
        call_command("restore", backup)
    assert other.read_text() == "{}"
    assert files_in(tmp_path) == {other.relative_to(tmp_path): b"{}"}


# A disk that is full


def with_no_room_after(size):
    """Let the kernel refuse to make any file longer than that, as a full disk does."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_full_disk_leaves_no_half_backup_and_is_told(filled):
    folder = filled.folder / "full"
    folder.mkdir()
    said = filled.refusal("backup", folder / "b.zip", preexec_fn=with_no_room_after(40_000))
    assert "could not be written: File too large. Nothing is left of it." in said
    assert list(folder.iterdir()) == []


@pytest.mark.torture
@pytest.mark.skipif(not TORTURE, reason="each part of it is tried in another test")
def test_a_full_disk_leaves_no_half_restored_site(backup, empty):
    room = 100_000 if KIND == "sqlite" else 10_000  # a part of the database, or of the largest file
    said = empty.refusal("restore", backup, preexec_fn=with_no_room_after(room))
    assert re.search("File too large|disk I/O error|disk is full", said)
    assert files_in(empty.data) == {}
    assert empty.tables() == set()


# Each day


def test_a_folder_gets_one_each_time_and_keeps_some_days(filled, tmp_path):
    old = ["tracker-2020-01-01T030000Z.zip", "tracker-2020-01-02T030000Z.zip"]
    for name in [*old, ".tracker-2020-01-02T030000Z.zip.4711", "tracker-2020.zip", "holiday.zip"]:
        (tmp_path / name).touch()
    said = filled.manage("backup", tmp_path, "--keep", "30")
    assert "Removed 3 from before" in said
    left = {path.name for path in tmp_path.iterdir()} - {"tracker-2020.zip", "holiday.zip"}
    [made] = left
    assert made.startswith("tracker-2")
    assert zipfile.is_zipfile(tmp_path / made)
    with pytest.raises(CommandError, match="--keep takes a number of days"):
        call_command("backup", tmp_path / "x.zip", keep=30)
