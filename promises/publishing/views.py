"""The form of a snapshot, for those who read our JSON: the one thing of the door's that is public."""

from django.http import JsonResponse
from django.views.decorators.http import require_safe

from promises.publishing.schema import SNAPSHOT


@require_safe
def snapshot_schema(request):
    response = JsonResponse(SNAPSHOT, content_type="application/schema+json", json_dumps_params={"indent": 2})
    response["Access-Control-Allow-Origin"] = "*"
    return response
