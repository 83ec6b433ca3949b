"""Terms explained where a reader first meets them: prose in, the same prose with links to the glossary out."""

import re
from functools import lru_cache

from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import mark_safe

from promises import reference

TOO_COMMON = {"region", "regions"}
"""Forms that prose mostly uses in their everyday sense, so that it would be explained wrongly."""


def marked_up(text, seen):
    """Return plain text as safe HTML in which the first mention of each term links to what it means.

    `seen` is a set of the terms explained so far, to which it adds: give one set to all texts of a
    page, in the order in which they are read.
    """
    pattern, terms = _forms()
    pieces, end = [], 0
    for found in pattern.finditer(text):
        term = terms[_key(found[0])]
        if term.slug in seen:
            continue
        seen.add(term.slug)
        pieces += [escape(text[end : found.start()]), _link(term, found[0])]
        end = found.end()
    return mark_safe("".join([*pieces, escape(text[end:])]))  # noqa: S308  (escaped piece by piece)


def address(term):
    """Return the address of a term's entry."""
    return f"{reverse('glossary')}#{term.slug}"


def entries():
    """Return (term, its other names) A to Z; a plural or a capital more is no other name."""
    return [(term, [name for name in term.also if _bare(name) != _bare(term.term)]) for term in reference.glossary()]


def _bare(name):
    return name.casefold().replace("-", " ").removesuffix("s")


def _link(term, words):
    return format_html(
        '<a class="term" href="{}" title="{}">{}</a>', address(term), " ".join(term.definition.split()), words
    )


@lru_cache(maxsize=1)
def _forms():
    """The pattern that finds every form of every term, longest first, and the terms by form.

    A term in lower case may begin a sentence; any other has to be written as the glossary has it.
    """
    terms = {}
    forms = {form: term for term in reference.glossary() for form in (term.term, *term.also) if form not in TOO_COMMON}
    for form, term in forms.items():
        terms.setdefault(_key(form), term)
    forms = sorted(forms, key=len, reverse=True)
    patterns = (
        f"[{form[0].upper()}{form[0]}]{re.escape(form[1:])}" if form[0].islower() else re.escape(form) for form in forms
    )
    return re.compile(rf"(?<![\w-])(?:{'|'.join(patterns)})(?!\w)"), terms


def _key(form):
    return form[:1].lower() + form[1:]
