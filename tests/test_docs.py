"""The documents name what the code has."""

import re

import pytest
from django.conf import settings
from django.core.management import get_commands

from promises.public.columns import COLUMNS
from promises.public.filters import PromiseFilter

pytestmark = pytest.mark.same_on_both
DOCS = settings.BASE_DIR / "docs"
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "SECURITY.md", *sorted(f"docs/{file.name}" for file in DOCS.glob("*.md"))]
DATA = (DOCS / "data.md").read_text()


@pytest.mark.parametrize("name", [*PromiseFilter.NAMES, *(column.name for column in COLUMNS)])
def test_every_filter_and_column_is_explained_to_those_who_use_the_data(name):
    assert f"`{name}`" in DATA


@pytest.mark.parametrize("file", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(file):
    text = (settings.BASE_DIR / file).read_text()
    for path in re.findall(r"`((?:docs|deploy|bench|fixtures|tests|promises|tracker)/[\w./-]*)`", text):
        assert (settings.BASE_DIR / path).exists() or (settings.BASE_DIR / "promises" / path).exists(), path


@pytest.mark.parametrize("file", DOCUMENTS)
def test_every_command_that_a_document_names_is_one(file):
    text = (settings.BASE_DIR / file).read_text()
    for name in re.findall(r"(?:manage\.py|\./dev manage) ([a-z_]+)", text):
        assert name in get_commands(), name


@pytest.mark.parametrize("file", DOCUMENTS)
def test_every_way_of_calling_dev_that_a_document_names_is_one(file):
    known = re.findall(r"^  (\w+) {2,}", (settings.BASE_DIR / "dev").read_text().split('"""')[1], re.MULTILINE)
    text = (settings.BASE_DIR / file).read_text()
    for name in re.findall(r"`(?:\./dev|make) ([a-z]+)", text):
        assert name in known, name


@pytest.mark.parametrize("name", ["SLOW_QUERY_MS", "LOG_FORMAT", "ERROR_HOOK", "METRICS_TOKEN", "SUGGESTION_KEEP_DAYS"])
def test_what_the_environment_may_set_is_written_beside_the_service(name):
    assert f"#{name}=" in (settings.BASE_DIR / "deploy" / "tracker.env.example").read_text()
