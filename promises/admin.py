"""Where Django looks for the admin: the desk's own, nothing more."""

from promises.desk.admin import (
    link_check,
    people,
    promises,
    reference,
    sign_ins,
    sources,
    submissions,
    suggestion,
    updates,
)

__all__ = [
    "link_check",
    "people",
    "promises",
    "reference",
    "sign_ins",
    "sources",
    "submissions",
    "suggestion",
    "updates",
]
