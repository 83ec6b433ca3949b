"""The guide to the desk, `docs/desk.md`, as a page of the desk."""

import re

from django.conf import settings
from django.contrib import admin
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe

FILE = settings.BASE_DIR / "docs" / "desk.md"
INLINE = re.compile(
    r"\*\*(?P<strong>[^*]+)\*\*|`(?P<code>[^`]+)`|\*(?P<em>[^*]+)\*|(?<!!)\[(?P<words>[^\]]+)\]\((?P<url>[^)\s]+)\)"
)
OUR_PICTURE = re.compile(r"!\[(?P<words>[^\]]*)\]\(\.\./static/(?P<file>guide/[a-z-]+\.png)\)")


def page(request):
    """Show the guide."""
    context = {
        **admin.site.each_context(request),
        "title": "How the desk works",
        "guide": as_html(FILE.read_text()) if FILE.exists() else "",
    }
    return render(request, "admin/guide.html", context)


def as_html(text):
    """Return our own plain Markdown as HTML: headings, paragraphs, lists, emphasis, code, links and our pictures."""
    blocks = [block.strip("\n") for block in re.split(r"\n\s*\n", text)]
    return mark_safe("\n".join(_block(block) for block in blocks if block.strip()))  # noqa: S308  (each piece is escaped)


def _block(block):
    if heading := re.match(r"(#{1,4}) (.+)", block):
        level = min(len(heading[1]) + 1, 4)
        return f"<h{level}>{_inline(heading[2])}</h{level}>"
    if picture := OUR_PICTURE.fullmatch(block):
        return format_html('<p><img src="{}" alt="{}"></p>', static(picture["file"]), picture["words"])
    items = re.split(r"\n(?=(?:[-*]|\d+\.) )", block)
    if all(re.match(r"(?:[-*]|\d+\.) ", item) for item in items):
        tag = "ol" if items[0][0].isdigit() else "ul"
        lines = "".join(f"<li>{_inline(re.sub(r'^(?:[-*]|[0-9]+[.]) ', '', item))}</li>" for item in items)
        return f"<{tag}>{lines}</{tag}>"
    if block.startswith("|"):
        return _table(block)
    return f"<p>{_inline(block)}</p>"


def _table(block):
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
    head, body = rows[0], [row for row in rows[1:] if not set("".join(row)) <= set("-: ")]
    top = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in head)
    lines = "".join(f"<tr>{''.join(f'<td>{_inline(cell)}</td>' for cell in row)}</tr>" for row in body)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"


def _inline(text):
    pieces, end = [], 0
    for found in INLINE.finditer(text):
        pieces.append(conditional_escape(text[end : found.start()]))
        kind = found.lastgroup
        if kind == "url":
            pieces.append(_link(found["words"], found["url"]))
        else:
            pieces.append(format_html(f"<{kind}>{{}}</{kind}>", found[kind]))
        end = found.end()
    return "".join([*pieces, conditional_escape(text[end:])])


def _link(words, url):
    """A link to a page of this site; files of the repository are named without one."""
    return format_html('<a href="{}">{}</a>', url, words) if url.startswith("/") else conditional_escape(words)
