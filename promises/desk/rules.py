"""Rules about single values, said once for forms, files and the database."""

import re
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db.models import CheckConstraint, Q

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
SLUG_MOST = 60
TITLE_MOST = 80
HEADLINE_MOST = 90
QUOTE_WORDS_MOST = 25
WORDING_WORDS_MOST = 30
TEXT_MOST = 4000
URL_MOST = 1000

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
"""Control characters, and those that turn round the text beside them."""

validate_slug = RegexValidator(SLUG_PATTERN, "Write lower-case letters, digits and single hyphens: “hs2-eastern-leg”.")


def url_problem(address):
    """Say in a sentence what is wrong with an address of a source; an empty text where nothing is."""
    if any(c.isspace() or ord(c) < 32 for c in address):
        return f"“{address[:60]}” has a blank in it. Write the address without blanks."
    try:
        parts = urlsplit(address)
        host = parts.hostname
        parts.port  # noqa: B018  (raises for a port that is none)
    except ValueError:
        return f"“{address[:60]}” is not an address."
    if parts.scheme not in ("http", "https") or not host:
        return f"“{address[:60]}” is not an http or https address."
    if parts.username or parts.password:
        return f"“{address[:60]}” holds a sign-in. Write the address without it."
    if len(address) > URL_MOST:
        return f"The address is longer than {URL_MOST} characters."
    return ""


def text_problem(text):
    """Say in a sentence why a text is not plain; an empty text where it is."""
    if UNSEEN.search(text):
        return "It holds a character that cannot be seen or turns the text round. Type the text again without it."
    if re.search(r"<\s*[a-zA-Z/!]", text):
        return "It holds markup (“<…”). Texts are plain: write words only."
    return ""


def words_problem(text, most):
    """Say in a sentence that a text has too many words; an empty text where it has not."""
    count = len(text.split())
    return f"It has {count} words; at most {most} are allowed." if count > most else ""


def _validator(problem_of):
    def validate(value):
        if problem := problem_of(value):
            raise ValidationError(problem)

    return validate


def validate_url(value):
    _validator(url_problem)(value)


def validate_text(value):
    _validator(text_problem)(value)


def validate_quote(value):
    _validator(lambda text: words_problem(text, QUOTE_WORDS_MOST))(value)


def validate_wording(value):
    _validator(lambda text: words_problem(text, WORDING_WORDS_MOST))(value)


def web_address(field, name, *, blank=False):
    """A constraint: the column holds an http or https address (or nothing, where `blank`)."""
    condition = Q(**{f"{field}__startswith": "http://"}) | Q(**{f"{field}__startswith": "https://"})
    if blank:
        condition |= Q(**{field: ""})
    return CheckConstraint(
        condition=condition,
        name=name,
        violation_error_message="Write an address that begins with https:// or http://.",
    )


def known_day(field, name, *, null=False):
    """A constraint: the column holds a day, a month or a year (or nothing, where `null`)."""
    condition = Q(**{f"{field}__regex": r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"})
    if null:
        condition |= Q(**{f"{field}__isnull": True})
    return CheckConstraint(
        condition=condition, name=name, violation_error_message="Write a day as YYYY-MM-DD, YYYY-MM or YYYY."
    )
