"""The drawing of who may import whom, held against every import in the app."""

import ast
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parent.parent / "promises"

SHARED = {"dates", "statuses", "text", "reference", "triggers", "outstanding", "zips"}
"""The vocabulary: knows no room."""

MAY_IMPORT = {
    "dates": set(),
    "statuses": set(),
    "text": set(),
    "triggers": set(),
    "outstanding": set(),
    "bulk": set(),
    "zips": set(),
    "reference": {"dates", "statuses"},
    "differences": SHARED,
    "record": SHARED,
    "public": SHARED | {"record", "differences"},
    "desk": SHARED | {"bulk", "publishing", "record", "differences", "public"},
    "desk/models": SHARED,
    "desk/imports": SHARED | {"bulk"},
    "publishing": SHARED | {"bulk", "desk", "record"},
    "backups": {"bulk", "zips", "desk", "publishing", "record"},
    "management": SHARED | {"desk", "publishing", "record", "public", "backups"},
    "templatetags": SHARED | {"public"},
    "admin": {"desk"},
    "models": {"desk", "record"},
    "apps": {"desk", "record"},
}
"""Each room, and the rooms it may import besides itself; a longer name stands above its room's."""

WITHIN = {
    "desk/models": {"desk/models", "desk/rules", "desk/fields"},
    "desk/imports": {"desk/imports", "desk/models", "desk/rules"},
}
"""What the inner rooms of the desk may import of the desk."""

CLOCK = {"now", "localdate", "today", "utcnow"}
MAY_READ_THE_CLOCK = ("public/views/", "desk/admin/", "desk/views", "management/", "public/finding")


def modules():
    for file in sorted(APP.rglob("*.py")):
        name = file.relative_to(APP).with_suffix("").as_posix()
        if not name.startswith("migrations/") and not name.endswith("__init__"):
            yield name, file
        elif name.endswith("/__init__"):
            yield name.removesuffix("/__init__"), file


def imports(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "promises":
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner.removeprefix("promises.").replace(".", "/") in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "promises")


def room_of(name):
    parts = name.split("/")
    return "/".join(parts[:2]) if "/".join(parts[:2]) in MAY_IMPORT else parts[0]


MODULES = dict(modules())


@pytest.mark.parametrize("name", MODULES)
def test_every_import_follows_an_arrow_of_the_drawing(name):
    room = room_of(name)
    if room == "":
        return
    for imported in imports(MODULES[name]):
        target = imported.removeprefix("promises.").replace(".", "/")
        if room in WITHIN and target.split("/")[0] == "desk":
            assert any(target == inner or target.startswith(inner + "/") for inner in WITHIN[room]), (
                f"{name} imports {imported}"
            )
        elif target.split("/")[0] != room.split("/")[0]:
            assert target.split("/")[0] in MAY_IMPORT[room], f"{name} imports {imported}"


@pytest.mark.parametrize("name", MODULES)
def test_only_the_outermost_layer_reads_the_clock(name):
    if name.startswith(MAY_READ_THE_CLOCK):
        return
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK:
            owner = ast.unparse(node.func.value)
            assert owner not in ("timezone", "datetime", "date", "datetime.datetime"), f"{name} reads the clock"
