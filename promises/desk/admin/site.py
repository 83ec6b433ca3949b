"""The desk: Django's admin with our front page."""

from functools import wraps

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.urls import path

from promises.desk.admin import kept


class Desk(admin.AdminSite):
    """The researchers' working place."""

    site_header = "The editors’ desk"
    site_title = "Editors’ desk"
    index_title = "What is waiting"
    enable_nav_sidebar = False
    index_template = "admin/front.html"

    def index(self, request, extra_context=None):
        from promises.desk.admin import front

        return super().index(request, {**front.page(request), **(extra_context or {})})

    def admin_view(self, view, cacheable=False):
        """Keep what was typed where the session has ended meanwhile; refuse a question that no database can be asked."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def keeping(request, *args, **kwargs):
            if any("\0" in value for _, values in request.GET.lists() for value in values):
                raise BadRequest("The address holds a character that no text has.")
            if request.method == "POST" and not self.has_permission(request):
                kept.keep(request)
            return guarded(request, *args, **kwargs)

        return keeping

    def get_urls(self):
        from promises.desk.admin import guide, trail

        def desk(view):
            return self.admin_view(view)

        return [
            path("guide/", desk(guide.page), name="guide"),
            path("people/<int:person_id>/did/", desk(trail.of_person), name="trail_of_person"),
            *super().get_urls(),
        ]
