"""Terms explained in the prose of a page."""

from django import template

from promises.public.glossary import marked_up

register = template.Library()


@register.filter
def terms(text, seen):
    """Link the first mention of each term to the glossary: `{{ promise.summary|terms:seen }}`.

    `seen` is one set for the whole page, which its view gives: `{"seen": set()}`.
    """
    return marked_up(str(text), seen)
