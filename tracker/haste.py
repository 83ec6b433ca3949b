"""A reader's question is answered in seconds or not at all; the desk may take longer."""

from django.conf import settings

from promises.public.views import errors
from promises.record import haste

UNHURRIED = ("/admin/", "/accounts/", "/suggest/")
"""Where the limit is that of the connection."""


class AnswerInTime:
    """Cut off a public question over which the database takes too long, and say so."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info.startswith(UNHURRIED):
            return self.get_response(request)
        with haste.at_most(settings.PUBLIC_SECONDS):
            return self.get_response(request)

    def process_exception(self, request, exception):
        return errors.too_much(request) if haste.was_cut_off(exception) else None
