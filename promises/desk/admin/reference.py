"""Themes and places: reference files under `fixtures/`, changed by commit; here to be looked up and chosen."""

from django.contrib import admin

from promises.desk.models import Place, Theme


class ReferenceAdmin(admin.ModelAdmin):
    """A list that is looked up, and never changed at the desk."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Theme)
class ThemeAdmin(ReferenceAdmin):
    list_display = ("name", "slug")


@admin.register(Place)
class PlaceAdmin(ReferenceAdmin):
    list_display = ("name", "kind", "slug", "code")
    list_filter = ("kind",)
    search_fields = ("name", "slug")
    exclude = ("regions",)
