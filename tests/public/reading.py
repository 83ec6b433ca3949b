"""Pages as a reader meets them: their words, without markup."""

import html
import re


def words_of(response):
    """The words of a page, in one line, blanks as one."""
    content = b"".join(response).decode()
    main = content[content.find("<main") : content.find("</main>")] if "<main" in content else content
    text = html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"(?s)<svg.*?</svg>", "", main)))
    return re.sub(r" ([.,:;)])", r"\1", " ".join(text.split()))


def part_of(response, anchor):
    """The words of the section of a page that has this id; empty where it has none."""
    content = b"".join(response).decode()
    found = re.search(rf'(?s)<(section|figure|blockquote|li|p)\b[^>]*\bid="{re.escape(anchor)}".*?</\1>', content)
    return words_of([found[0].encode()]) if found else ""


def anchors_of(response):
    """The ids of the page, in its order."""
    content = b"".join(response).decode()
    return re.findall(r'\bid="([^"]+)"', content[content.find("<main") : content.find("</main>")])
