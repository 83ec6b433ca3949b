"""Who came to the desk and when, and who was refused: kept for a year, read by administrators."""

from django.contrib import admin
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.dispatch import receiver
from django.utils import timezone

from promises.desk.models import SignIn


@receiver(user_logged_in)
def remember_who_came(sender, user, **_):
    _remember(user, user.get_username(), succeeded=True)


@receiver(user_login_failed)
def remember_who_was_refused(sender, credentials, **_):
    name = str(credentials.get("username") or credentials.get("email") or "")[:150].replace("\x00", "")
    _remember(User.objects.filter(username=name).first(), name, succeeded=False)


def _remember(person, name, *, succeeded):
    now = timezone.now()
    SignIn.objects.forget_old(at=now)
    SignIn.objects.create(person=person, name=name, at=now, succeeded=succeeded)


@admin.register(SignIn)
class SignInAdmin(admin.ModelAdmin):
    """The history of sign-ins: read, never changed."""

    list_display = ("at", "name", "person", "succeeded")
    list_filter = ("succeeded",)
    search_fields = ("name",)
    list_select_related = ("person",)
    purpose = "Every sign-in of the last year, and every one that was refused. Where from is not kept."

    def lookup_allowed(self, lookup, value, request=None):
        return lookup == "person" or super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {**(extra_context or {}), "purpose": self.purpose})
