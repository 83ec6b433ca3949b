"""YAML to a tree that knows its lines, and plain data back to YAML in one canonical form."""

import re
from decimal import Decimal

import yaml
from yaml.cyaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.resolver import Resolver

from promises.dates import Day

DEEPEST = 12
"""Records nest seven deep; a file that nests much deeper is broken, or means harm."""

WIDTH = 110
INDENT = "  "


class FormError(ValueError):
    """A file that cannot be read as a tree: what is wrong, and on which line."""

    def __init__(self, message, line):
        super().__init__(message)
        self.line = line


class Text:
    """A scalar, as it is written: `None` for null, no guessing at numbers or days."""

    __slots__ = ("line", "value")

    def __init__(self, value, line):
        self.value = value
        self.line = line


class Unreadable:
    """A value that cannot be read, and in a sentence why; where a whole record cannot, `where` names it."""

    __slots__ = ("line", "value", "where", "why")

    def __init__(self, why, line, where=""):
        self.why = why
        self.line = line
        self.where = where
        self.value = "?"  # something was given


class Row(int):
    """A line of a table: sorts by table, then row; `spoken()` tells it in the table's own words."""

    def __new__(cls, table, number, label):
        row = super().__new__(cls, table << 24 | number)
        row.words = f"{label}row {number}"
        return row


def spoken(line):
    """Say a line to people: “line 7”, or “updates, row 7”; nothing where it is not known."""
    return line.words if type(line) is Row else f"line {line}" if line else ""


class Items:
    """A list of nodes."""

    __slots__ = ("line", "value")

    def __init__(self, line):
        self.value = []
        self.line = line


class Fields:
    """Names and their nodes; a name given twice is kept in `twice`, with its line."""

    __slots__ = ("line", "name", "twice", "value")

    def __init__(self, line):
        self.value = {}
        self.line = line
        self.name = None
        self.twice = []


def read_tree(data):
    """Return the one tree that these bytes hold, `None` for an empty file; FormError where they hold none."""
    try:
        return _build(CParser(data).get_event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = error.problem or error.context or "it cannot be read"
        raise FormError(f"This is not YAML: {said}.", mark.line + 1 if mark else 0) from None
    except yaml.reader.ReaderError as error:
        line = data.count(b"\n", 0, error.position) + 1
        raise FormError(f"This is not YAML: {error.reason}.", line) from None


def _build(next_event):
    # Events, not PyYAML's own tree: that one is built by recursion in C, and deep nesting crashes the process.
    root = Items(1)
    container, above = root, []
    documents = 0
    while True:
        event = next_event()
        kind = type(event)
        if kind is ScalarEvent:
            line = event.start_mark.line + 1
            if event.tag is not None or event.anchor is not None:
                raise FormError("Tags (!) and anchors (&) are not used here. Write the text itself.", line)
            text = event.value
            if not event.style and text in {"null", "~", ""}:
                text = None
            if type(container) is Items:
                container.value.append(Text(text, line))
            elif container.name is None:
                container.name = (text or "", line)
            else:
                _put(container, Text(text, line))
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            line = event.start_mark.line + 1
            if event.tag is not None or event.anchor is not None:
                raise FormError("Tags (!) and anchors (&) are not used here. Write the text itself.", line)
            if len(above) == DEEPEST:
                raise FormError(f"Lists and fields nest more than {DEEPEST} deep here.", line)
            inner = Fields(line) if kind is MappingStartEvent else Items(line)
            if type(container) is Items:
                container.value.append(inner)
            elif container.name is None:
                raise FormError("The name of a field is text, not a list or fields.", line)
            else:
                _put(container, inner)
            above.append(container)
            container = inner
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            container = above.pop()
        elif kind is AliasEvent:
            raise FormError("References (*) are not used here. Write the text itself.", event.start_mark.line + 1)
        elif kind is DocumentStartEvent:
            documents += 1
            if documents > 1:
                raise FormError("A second document (---) begins here. Write one a file.", event.start_mark.line + 1)
        elif kind is StreamEndEvent:
            return root.value[0] if root.value else None


def _put(fields, node):
    name, line = fields.name
    if name in fields.value:
        fields.twice.append((name, line))
    else:
        fields.value[name] = node
    fields.name = None


# Writing

UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
"""What cannot be seen, or turns round the text beside it; a line break among it."""

PLAIN = re.compile(r"(?=[^\W_]|[£€(“‘])(?!.*(?:: | #|:$))[^\n]+", re.ASCII | re.DOTALL)
LIKE_A_NUMBER_OR_DAY = re.compile(r"[-+.0-9][-+.:_0-9A-Fa-fOoXxTZ ]*", re.ASCII)
A_SPACE = re.compile("(?<! ) (?! )")


def write_tree(data):
    """Return these fields as YAML: always the same text for the same data, pleasant to edit by hand."""
    lines = []
    _write_fields(lines, data, "", "")
    return "\n".join(lines) + "\n"


def _write_fields(lines, fields, first, indent):
    """Write the fields below each other, the first one after `first`; blank lines set the great lists apart."""
    lead, apart = first, False
    for name, value in fields.items():
        start = f"{lead}{name}:"
        lead = indent
        great = not indent and isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value)
        if lines and (great or apart):
            lines.append("")
        apart = great
        if isinstance(value, dict):
            lines.append(start)
            _write_fields(lines, value, indent + INDENT, indent + INDENT)
        elif isinstance(value, list | tuple):
            _write_items(lines, value, start, indent)
        else:
            _write_text(lines, value, start + " ", indent)


def _write_items(lines, items, start, indent):
    if not items:
        lines.append(f"{start} []")
        return
    lines.append(start)
    inner = indent + INDENT
    apart = not indent
    for place, item in enumerate(items):
        if isinstance(item, dict):
            if apart and place:
                lines.append("")
            _write_fields(lines, item, f"{inner}- ", inner + INDENT)
        else:
            _write_text(lines, item, f"{inner}- ", inner)


def _write_text(lines, value, start, indent):
    if value is None:
        lines.append(f"{start}null")
    elif isinstance(value, Decimal):
        lines.append(f"{start}{number_text(value)}")
    elif isinstance(value, int):
        lines.append(f"{start}{value}")
    elif isinstance(value, Day):
        lines.append(f'{start}"{value}"')
    elif _folds(value) and len(start) + len(value) > WIDTH:
        lines.append(f"{start}>-")
        _write_folded(lines, value, indent + INDENT)
    else:
        lines.append(start + (value if _is_plain(value) else _quoted(value)))


def _is_plain(text):
    """Say whether every reader of YAML takes the bare text as this text."""
    return bool(
        PLAIN.fullmatch(text)
        and text == text.strip()
        and not UNPRINTABLE.search(text)
        and not LIKE_A_NUMBER_OR_DAY.fullmatch(text)
        and _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) == "tag:yaml.org,2002:str"
    )


_RESOLVER = Resolver()


def _quoted(text):
    if ('"' in text or "\\" in text) and not UNPRINTABLE.search(text):
        return "'" + text.replace("'", "''") + "'"
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", escaped) + '"'


def _folds(text):
    """Say whether the text, broken into lines at its spaces, reads back as it was."""
    if " " not in text and "\n" not in text:
        return False
    parts = text.split("\n")
    return bool(parts[0] and parts[-1]) and not any(part != part.strip() or UNPRINTABLE.search(part) for part in parts)


def _write_folded(lines, text, indent):
    for place, part in enumerate(text.split("\n")):
        if place:
            lines.append("")
        line = ""
        for word in A_SPACE.split(part):
            if line and len(indent) + len(line) + 1 + len(word) > WIDTH:
                lines.append(indent + line)
                line = word
            else:
                line = f"{line} {word}" if line else word
        if line:
            lines.append(indent + line)


def number_text(number):
    """Return the number in digits, without an exponent or zeros that say nothing."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
