"""The public page of a working copy, exactly as it will be."""

from django.http import QueryDict
from django.utils import timezone

from promises.desk import workflow
from promises.public import documents, responses
from promises.public.asking import moment_asked


def page(request, promise, *, at):
    """Answer with the page that readers would see if the promise, fetched `with_everything()`, were published.

    An update of a day to come is shown as of that day. The answer is kept nowhere.
    """
    at = workflow.soonest(promise, at=at)
    moment = moment_asked(QueryDict(), today=timezone.localtime(at).date())
    document = workflow.draft_of(promise, at=at).after
    context = documents.preview_context(document, moment=moment)
    context["canonical"] = responses.public(context["story"].path)
    response = responses.page(request, "promises/detail.html", context, moment=moment)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
