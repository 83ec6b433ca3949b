"""Columns of the desk."""

from django.db import models


class PlainTextField(models.TextField):
    """A text of several lines: line ends as `\\n`, whatever a browser or a file sent."""

    def to_python(self, value):
        value = super().to_python(value)
        return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value

    def deconstruct(self):
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.TextField", args, kwargs
