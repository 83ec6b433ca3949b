"""Reading help: what words mean, and how the pages can be read."""

from django.conf import settings
from django.utils import timezone
from django.views.decorators.http import require_safe

from promises import reference
from promises.public import glossary as terms
from promises.public.asking import moment_asked
from promises.public.responses import page


@require_safe
def glossary(request):
    """Every term, A to Z."""
    told = {"section": "method", "entries": terms.entries(), "dated": reference.dated("glossary.yaml")}
    return page(request, "promises/glossary.html", told, moment=moment_asked({}, today=timezone.localdate()))


@require_safe
def accessibility(request):
    """How far these pages can be read by everybody, and whom to tell where they cannot."""
    return page(request, "promises/accessibility.html", moment=moment_asked({}, today=timezone.localdate()))


@require_safe
def privacy(request):
    """What is known of whom, and for how long."""
    told = {"days": settings.SUGGESTION_KEEP_DAYS, "contact": settings.CONTACT_EMAIL}
    return page(request, "promises/privacy.html", told, moment=moment_asked({}, today=timezone.localdate()))
