"""The documents name what the code has."""

import re

import pytest
from django.conf import settings

from promises.public.columns import COLUMNS
from promises.public.filters import PromiseFilter

pytestmark = pytest.mark.same_on_both
DATA = (settings.BASE_DIR / "docs" / "data.md").read_text()


@pytest.mark.parametrize("name", [*PromiseFilter.NAMES, *(column.name for column in COLUMNS)])
def test_every_filter_and_column_is_explained_to_those_who_use_the_data(name):
    assert f"`{name}`" in DATA


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/desk.md"])
def test_every_file_that_a_document_names_is_there(file):
    text = (settings.BASE_DIR / file).read_text()
    for path in re.findall(r"`((?:docs|deploy|bench|fixtures|tests|promises|tracker)/[\w./-]*)`", text):
        assert (settings.BASE_DIR / path).exists() or (settings.BASE_DIR / "promises" / path).exists(), path
