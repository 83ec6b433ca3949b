"""One promise, its updates and its versions."""

from django.views.decorators.http import require_safe

from promises.public import documents, proofs
from promises.public.finding import any_state, in_path, of_promise


@require_safe
@of_promise
def promise_detail(request, found, format):
    if format == "json":
        return documents.promise_json(found)
    if format == "csv":
        return documents.promise_csv(found)
    return documents.promise_page(request, found)


@require_safe
@of_promise
def update_detail(request, found, format, number):
    if format == "json":
        return documents.update_json(found, number)
    return documents.update_page(request, found, number)


@require_safe
@of_promise(finds=in_path)
def version_detail(request, found, format):
    if format == "json":
        return documents.version_json(found)
    return documents.version_page(request, found)


@require_safe
@of_promise(finds=in_path)
def version_proof(request, found, format):
    return proofs.answer(found)


@require_safe
@of_promise(finds=any_state)
def version_list(request, found, format):
    return documents.versions_page(request, found)
