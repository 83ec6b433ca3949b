"""What a newcomer, a mirror and another machine rely on."""

import re
import subprocess

import pytest
from django.conf import settings

pytestmark = pytest.mark.same_on_both

LOCKS = ["run", "prod", "test"]


def lock(name):
    return (settings.BASE_DIR / "requirements" / f"{name}.txt").read_text()


def pinned(name):
    """Return version and hashes for each package of a lock."""
    return {
        (name, marker or ""): (version, re.findall(r"--hash=sha256:[0-9a-f]{64}", hashes))
        for name, version, marker, hashes in re.findall(
            r"^([a-z0-9._-]+)==(\S+?)(?: ; ([^\\\n]*?))? \\\n((?:    --hash=.*\n)+)", lock(name), re.MULTILINE
        )
    }


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_hashes(name):
    lines = [line for line in lock(name).splitlines() if not line.startswith(("    --hash=", "#"))]
    assert len(lines) == len(pinned(name)) > 30
    assert all(hashes for _, hashes in pinned(name).values())


@pytest.mark.parametrize("name", LOCKS)
def test_locks_hold_no_addresses(name):
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted|@ ", lock(name))


@pytest.mark.parametrize("name", ["prod", "test"])
def test_locks_agree_with_what_run_installs(name):
    versions = {package: version for (package, _), (version, _) in pinned(name).items()}
    assert all(versions[package] == version for (package, _), (version, _) in pinned("run").items())


def test_no_file_names_a_place_on_the_machine_it_was_written_on():
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, files):
        path = settings.BASE_DIR / name
        if path.is_file():
            assert str(settings.BASE_DIR).encode() not in path.read_bytes(), name


def test_dev_says_what_it_can_do():
    helped = subprocess.run([settings.BASE_DIR / "dev"], capture_output=True, text=True, check=True)
    assert "./dev COMMAND" in helped.stdout


def test_dev_names_a_command_that_it_does_not_know():
    refused = subprocess.run([settings.BASE_DIR / "dev", "rum"], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "./dev does not know 'rum'." in refused.stderr
