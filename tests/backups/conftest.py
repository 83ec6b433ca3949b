"""A used site, and a backup of it: made once for all tests."""

import pytest

from tests.sites import KINDS, a_site


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """A site that holds a little of everything, and what its people say of it."""
    with a_site(tmp_path_factory.mktemp("sites") / "filled", KINDS[0]) as site:
        site.told = site.ask_in_turn("command migrate -v0", "command createcachetable", "fill")[-1]
        yield site


@pytest.fixture(scope="session")
def backup(filled):
    """A backup of that site."""
    path = filled.folder / "backup.zip"
    said = filled.manage("backup", path)
    assert "rows: edition 7, head digest " in said
    return path


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    """A site with tables that nobody has used. Tests use copies."""
    with a_site(tmp_path_factory.mktemp("migrated") / "site", KINDS[0]) as site:
        site.ask("command migrate -v0")
        yield site


@pytest.fixture
def unused(tmp_path, migrated):
    """A site that nobody has used yet."""
    with a_site(tmp_path / "unused", KINDS[0], copy_of=migrated) as site:
        yield site
