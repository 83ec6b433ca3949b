"""Updates: found by their words here, worked on at “Record a change”."""

from django.contrib import admin
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from promises.desk.admin.base import DeskAdmin, key_in
from promises.desk.models import Citation, Update


@admin.register(Update)
class UpdateAdmin(DeskAdmin):
    """Every update at the desk, published or not."""

    list_display = ("headline", "promise", "date", "status", "number")
    list_filter = ("status",)
    list_select_related = ("promise",)
    search_fields = ("headline", "explanation", "promise__title")
    ordering = ("-pk",)

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("promise")

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        """What was published is withdrawn with a reason, never deleted."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.counts_from is None)

    def get_deleted_objects(self, objs, request):
        to_delete, counts, _, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, set(), protected

    def change_view(self, request, object_id, form_url="", extra_context=None):
        update = get_object_or_404(Update, pk=key_in(object_id))
        return HttpResponseRedirect(
            reverse("admin:promises_promise_change_update", args=[update.promise_id, update.pk])
        )

    def response_delete(self, request, obj_display, obj_id):
        super().response_delete(request, obj_display, obj_id)
        return HttpResponseRedirect(reverse("admin:promises_promise_changelist"))

    def promises_touched(self, row):
        return [row.promise]

    def histories(self, row):
        return [*super().histories(row), (Citation, Citation.history.filter(update_id=row.pk))]
