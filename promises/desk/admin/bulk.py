"""What is done to many promises at once, from their list."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.http import HttpResponseRedirect
from django.shortcuts import render

from promises.desk import audit
from promises.desk.admin.base import say_lifted
from promises.desk.models import Place, Promise, PromisePlace, Theme

AT_MOST = 500


@admin.action(description="Record as checked today, nothing new", permissions=["change"])
def mark_checked(modeladmin, request, queryset):
    from promises.desk.admin import steps

    if not request.user.has_perm("promises.submit_promise"):
        raise PermissionDenied
    if not too_many(request, queryset):
        steps.checked(request, list(queryset))


@admin.action(description="Set the theme…", permissions=["change"])
def set_theme(modeladmin, request, queryset):
    theme = Theme.objects.filter(pk=request.POST.get("choice", "")).first()
    if theme is None or too_many(request, queryset):
        return _ask(request, queryset, "set_theme", "Set the theme", "Theme", Theme.objects.all())
    with transaction.atomic():
        promises = list(
            Promise.objects.select_for_update().filter(pk__in=[p.pk for p in queryset]).exclude(theme=theme)
        )
        audit.remember(Promise, [promise.pk for promise in promises])
        for promise in promises:
            promise.theme = theme
            promise.save(update_fields=["theme"])
        say_lifted(request, promises)
    messages.success(request, f"Set the theme “{theme}” on {len(promises)} drafts. Submit each for review.")
    return HttpResponseRedirect(request.get_full_path())


@admin.action(description="Add a place…", permissions=["change"])
def add_place(modeladmin, request, queryset):
    place = Place.objects.filter(pk=request.POST.get("choice", "")).first()
    if place is None or too_many(request, queryset):
        return _ask(request, queryset, "add_place", "Add a place", "Place", Place.objects.all())
    with transaction.atomic():
        chosen = Promise.objects.select_for_update().filter(pk__in=[p.pk for p in queryset])
        promises = list(chosen.exclude(promise_places__place=place).order_by("pk"))
        ends = dict(
            PromisePlace.objects.filter(promise__in=promises).values_list("promise").annotate(last=Max("position"))
        )
        for promise in promises:
            PromisePlace.objects.create(promise=promise, place=place, position=ends.get(promise.pk, -1) + 1)
        say_lifted(request, promises)
    messages.success(request, f"Added “{place}” to {len(promises)} drafts. Submit each for review.")
    return HttpResponseRedirect(request.get_full_path())


def too_many(request, queryset):
    """Whether this is more than one asks for on purpose; says so."""
    if queryset.count() > AT_MOST:
        messages.error(request, f"That would touch more than {AT_MOST} promises. Choose fewer.")
        return True
    return False


def _ask(request, queryset, action, title, label, choices):
    """Ask which, keeping what was chosen in the list."""
    context = {
        **admin.site.each_context(request),
        "title": title,
        "purpose": "The drafts are changed; nothing goes public before each is reviewed.",
        "action": action,
        "label": label,
        "choices": choices,
        "promises": list(queryset[: AT_MOST + 1]),
        "opts": Promise._meta,
    }
    return render(request, "admin/promises/bulk.html", context)
