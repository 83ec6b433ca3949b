"""The documents name what the code has."""

import re

import pytest
from django.conf import settings
from django.core.management import get_commands

from promises.public.columns import COLUMNS
from promises.public.filters import PromiseFilter

pytestmark = pytest.mark.same_on_both
DOCUMENTS = sorted((settings.BASE_DIR / "docs").rglob("*.md"))
DATA = (settings.BASE_DIR / "docs" / "data.md").read_text()


@pytest.mark.parametrize("name", [*PromiseFilter.NAMES, *(column.name for column in COLUMNS)])
def test_every_filter_and_column_is_explained_to_those_who_use_the_data(name):
    assert f"`{name}`" in DATA


@pytest.mark.parametrize(
    "file", ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/desk.md", "docs/operations.md"]
)
def test_every_file_that_a_document_names_is_there(file):
    text = (settings.BASE_DIR / file).read_text()
    for path in re.findall(r"`((?:docs|deploy|bench|fixtures|tests|promises|tracker)/[\w./-]*)`", text):
        assert (settings.BASE_DIR / path).exists() or (settings.BASE_DIR / "promises" / path).exists(), path


@pytest.mark.parametrize("file", ["README.md", *(str(path.relative_to(settings.BASE_DIR)) for path in DOCUMENTS)])
def test_every_command_that_a_document_names_is_there(file):
    text = (settings.BASE_DIR / file).read_text()
    named = set(re.findall(r"(?:manage\.py|dev manage) ([a-z_]+)", text))
    assert named <= set(get_commands()), named - set(get_commands())
