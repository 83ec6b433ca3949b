"""Databases of earlier releases are brought up to date with all they hold; what was cut off is simply done again."""

import hashlib
import json
import shutil
import zipfile

import pytest

from tests import sites
from tests.scale import TORTURE, at_scale, count
from tests.sites import ROOT, a_site

KIND = sites.KINDS[0]
FIRST_RELEASE = ROOT / "tests" / "upgrades" / "0007"
"""The filled site under the tables of the first release: `python -m tests.filling fill`, then `write_as_text FOLDER`."""
HELD = {"edition": 7, "version": 8, "promise": 5, "update": 8, "listing": 6, "period": 9}
WELL = {"rows": HELD, "missing": [], "faults": [], "found": 6}


@pytest.fixture(scope="module")
def first_release(tmp_path_factory):
    """A site with the database of the first release, as it was found on its machine. Tests use copies."""
    with a_site(tmp_path_factory.mktemp("first") / "site", KIND) as site:
        site.ask("read_from_text", FIRST_RELEASE)
        yield site


@pytest.fixture
def old_site(first_release, tmp_path):
    with a_site(tmp_path / "old", KIND, copy_of=first_release) as site:
        yield site


def test_the_database_of_the_first_release_is_migrated_where_it_is(old_site):
    said, _, pages, met = old_site.ask_in_turn("migrate", "command createcachetable", "pages", "go_on")
    assert {name: said[name] for name in WELL} == WELL
    assert {status for status, _ in pages.values()} <= {200, 301, 404, 410, 451}
    assert (met["researcher"], met["desk of the editor"], met["chained on"], met["faults"]) == (
        "/admin/",
        200,
        True,
        [],
    )


@pytest.mark.torture
@pytest.mark.skipif(not TORTURE, reason="each part of it is tried in another test")
def test_a_backup_of_the_first_release_is_restored_into_todays_tables(old_site, tmp_path):
    backup = tmp_path / "first.zip"
    with zipfile.ZipFile(backup, "w") as archive:
        for path in [*sorted((FIRST_RELEASE / "tables").iterdir()), FIRST_RELEASE / "manifest.json"]:
            archive.write(path, path.relative_to(FIRST_RELEASE))
    with a_site(tmp_path / "restored", KIND) as restored:
        said = restored.manage("restore", backup)
        digest = json.loads((FIRST_RELEASE / "manifest.json").read_text())["digest"]
        assert f"7 editions, head digest {digest} before and after" in said
        state = restored.ask("migrate")
        assert state == old_site.ask("migrate")


def test_the_text_of_the_first_release_is_what_was_written_down():
    manifest = json.loads((FIRST_RELEASE / "manifest.json").read_text())
    for member in manifest["members"]:
        assert hashlib.sha256((FIRST_RELEASE / member["path"]).read_bytes()).hexdigest() == member["sha256"]


@pytest.mark.torture
def test_every_migration_can_be_undone_and_done_again(old_site):
    _, met = old_site.ask_in_turn("migrate", "there_and_back")
    assert met.pop("zero") == []
    assert met.pop("forwards from zero") == {"rows": dict.fromkeys(HELD, 0), "missing": [], "faults": [], "found": 0}
    assert len(met) >= at_scale(2, 6)
    for step, state in met.items():
        assert state == WELL, step


# Killed in the middle

PARTS = at_scale(2, 15)


@pytest.fixture(scope="module")
def not_yet_migrated(first_release, tmp_path_factory):
    """A site with much to migrate and all its rows, and what it is to look like afterwards."""
    with a_site(tmp_path_factory.mktemp("behind") / "site", KIND, copy_of=first_release) as site:
        site.ask_in_turn("migrate", "migrate 0002_add_roles")
        with a_site(tmp_path_factory.mktemp("whole") / "site", KIND, copy_of=site) as whole:
            statements, site.wanted = whole.ask_in_turn("until_killed 0 migrate", "migrate")
        assert {name: site.wanted[name] for name in WELL} == WELL
        yield site, statements


@pytest.mark.torture
@pytest.mark.parametrize("part", range(1, PARTS))
def test_migrating_goes_on_where_it_was_killed(not_yet_migrated, tmp_path, part):
    site, statements = not_yet_migrated
    with a_site(tmp_path / "killed", KIND, copy_of=site) as killed:
        done = killed.run("-m", "tests.filling", "until_killed", statements * part // PARTS, "migrate")
        assert done.returncode == -9, done.stderr
        assert killed.ask("migrate") == site.wanted
        count("migrations killed in the middle and done again")


# One migration behind, or ahead


def open_door(site):
    return site.run("-c", "import tracker.wsgi")


def test_a_migration_that_is_done_is_noted_with_it(not_yet_migrated, tmp_path):
    site, _ = not_yet_migrated
    with a_site(tmp_path / "killed", KIND, copy_of=site) as killed:
        done = killed.run("-m", "tests.filling", "until_killed", "0004_receive_suggestions", "migrate")
        assert done.returncode == -9, done.stderr
        assert killed.ask("migrate") == site.wanted


@pytest.mark.torture
def test_code_before_its_migration_does_not_open_and_says_why(not_yet_migrated, tmp_path):
    site, _ = not_yet_migrated
    opened = open_door(site)
    assert opened.returncode != 0
    assert "The database is behind this code: it lacks promises.0003_let_the_desk_comment, " in opened.stderr
    assert "Make a backup, run `manage.py migrate`" in opened.stderr
    if TORTURE:
        site.manage("backup", tmp_path / "behind.zip")
        with a_site(tmp_path / "restored", KIND) as restored:
            assert "7 editions" in restored.manage("restore", tmp_path / "behind.zip")
            assert restored.ask("migrate") == site.wanted


LATER = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("promises", "{before}")]
    operations = [
        migrations.AlterField("citation", "note", models.TextField(null=True)),
        migrations.AddField("version", "colour", models.CharField(max_length=20, null=True)),
        migrations.AlterField("version", "note", models.TextField(blank=True, null=True)),
        migrations.AlterField("edition", "note", models.TextField(blank=True, null=True)),
        migrations.AlterField("update", "headline", models.CharField(max_length=900, default="")),
        migrations.AlterField("listing", "title", models.CharField(max_length=900)),
    ]
"""


@pytest.fixture
def later(tmp_path):
    """A function that gives a site the code of a later release, whose migration makes whole tables anew."""
    folder = tmp_path / "later"
    shutil.copytree(ROOT / "promises" / "migrations", folder / "later_migrations")
    before = max(path.stem for path in (folder / "later_migrations").glob("0*.py"))
    (folder / "later_migrations" / "0999_colour_versions.py").write_text(LATER.format(before=before))
    settings = "from tests.settings import *\nMIGRATION_MODULES = {'promises': 'later_migrations'}\n"
    (folder / "later_settings.py").write_text(settings)

    def give(site):
        site.more = {"DJANGO_SETTINGS_MODULE": "later_settings", "PYTHONPATH": f"{folder}:{ROOT}"}

    return give


@pytest.mark.torture
def test_triggers_survive_tables_that_are_made_anew_and_old_code_goes_on(old_site, later, tmp_path):
    now = tmp_path / "now.zip"
    old_site.ask_in_turn("migrate", f"command backup {now}")
    later(old_site)
    said = old_site.ask("migrate")
    assert {name: said[name] for name in WELL} == WELL
    if not TORTURE:
        return

    # The code of today on the tables of tomorrow: it serves, and leaves backups to the later one.
    old_site.more = {}
    assert open_door(old_site).returncode == 0
    assert "it has promises.0999_colour_versions" in old_site.refusal("backup", tmp_path / "none.zip")
    assert not (tmp_path / "none.zip").exists()

    later(old_site)
    tomorrow = tmp_path / "tomorrow.zip"
    old_site.manage("backup", tomorrow)
    with a_site(tmp_path / "restored", KIND) as restored:
        said = restored.refusal("restore", tomorrow)
        assert "made by a later version of the software (0.1.0), which has promises.0999_colour_versions" in said
        later(restored)
        restored.manage("migrate", "-v0")
        assert "7 editions" in restored.manage("restore", now)
        state = restored.ask("migrate")
        assert {name: state[name] for name in WELL} == WELL
