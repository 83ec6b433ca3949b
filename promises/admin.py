"""Where Django looks for the admin: the desk's own, nothing more."""

from promises.desk.admin import people, promises, reference, sources, submissions, suggestion, updates

__all__ = ["people", "promises", "reference", "sources", "submissions", "suggestion", "updates"]
