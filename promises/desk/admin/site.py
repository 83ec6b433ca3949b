"""The desk: Django's admin with our front page."""

from django.contrib import admin
from django.urls import path


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

    def get_urls(self):
        from promises.desk.admin import guide, trail

        def desk(view):
            return self.admin_view(view)

        return [
            path("guide/", desk(guide.page), name="guide"),
            path("people/<int:person_id>/did/", desk(trail.of_person), name="trail_of_person"),
            *super().get_urls(),
        ]
