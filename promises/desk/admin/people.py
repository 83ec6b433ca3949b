"""People: invited by a link that works once, given a role, ended but never deleted."""

from importlib import import_module

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse

from promises.desk import roles

# Others register these for themselves. Groups are our roles, kept as roles.py says; the rest is nobody's to edit.
for name in ("django.contrib.auth.admin", "allauth.account.admin", "allauth.mfa.admin"):
    import_module(name)
admin.site.unregister([User, Group, EmailAddress, Authenticator])

MEANINGS = {
    roles.RESEARCHER: "drafts promises, updates and sources, and submits them",
    roles.EDITOR: "also reads what others wrote, and publishes it or sends it back",
    roles.ADMINISTRATOR: "also invites people and gives them roles",
}


class PersonForm(forms.ModelForm):
    """Who somebody is at the desk, and what they may do."""

    role = forms.ChoiceField(
        choices=[(role, f"{role}: {MEANINGS[role]}") for role in roles.ROLES], widget=forms.RadioSelect
    )

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "is_active")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            held = set(self.instance.groups.values_list("name", flat=True))
            self.initial.setdefault("role", next((role for role in reversed(roles.ROLES) if role in held), None))

    def clean_is_active(self):
        """Nobody locks themselves out."""
        active = self.cleaned_data["is_active"]
        if not active and self.instance.pk == self.by.pk:
            raise ValidationError("You cannot end your own sign-in. Ask another administrator.")
        return active

    by = None


@admin.register(User)
class PersonAdmin(admin.ModelAdmin):
    """Who may come to the desk."""

    form = PersonForm
    list_display = ("username", "full_name", "role", "email", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    change_form_template = "admin/people/change_form.html"
    purpose = "A person's role decides what they may do. Whoever leaves is made inactive: what they did stays theirs."

    def get_fields(self, request, obj=None):
        fields = ["username", "first_name", "last_name", "email", "role"]
        return [*fields, "is_active", "last_login"] if obj else fields

    def get_readonly_fields(self, request, obj=None):
        return ("last_login",)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        return form

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("groups")

    def has_change_permission(self, request, obj=None):
        """A superuser is changed by a superuser only."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="name")
    def full_name(self, row):
        return row.get_full_name()

    @admin.display(description="role")
    def role(self, row):
        held = {group.name for group in row.groups.all()}
        found = next((role for role in reversed(roles.ROLES) if role in held), "")
        return "Superuser" if row.is_superuser else found

    def get_urls(self):
        view = self.admin_site.admin_view(self.invite)
        return [path("<int:person_id>/invite/", view, name="auth_user_invite"), *super().get_urls()]

    def save_model(self, request, obj, form, change):
        if not change:
            obj.set_unusable_password()
            obj.is_staff = True
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        ours = Group.objects.filter(name__in=roles.ROLES)
        form.instance.groups.remove(*ours)
        form.instance.groups.add(Group.objects.get(name=form.cleaned_data["role"]))

    def construct_change_message(self, request, form, formsets, add=False):
        """The log says which role was given."""
        message = super().construct_change_message(request, form, formsets, add)
        if "role" in form.changed_data or add:
            message = [*message, {"changed": {"name": "role", "object": form.cleaned_data["role"], "fields": ["role"]}}]
        return message

    def response_add(self, request, obj, post_url_continue=None):
        return self._show_invitation(request, obj)

    def render_change_form(self, request, context, **kwargs):
        context["purpose"] = self.purpose
        return super().render_change_form(request, context, **kwargs)

    def invite(self, request, person_id):
        """Make a new link for somebody who lost theirs or forgot the password."""
        person = get_object_or_404(User, pk=person_id)
        if request.method != "POST" or not self.has_change_permission(request, person):
            raise PermissionDenied
        self.log_change(request, person, "Made a link to set a password.")
        return self._show_invitation(request, person)

    def _show_invitation(self, request, person):
        context = {
            **self.admin_site.each_context(request),
            "title": "Invitation",
            "subtitle": str(person),
            "purpose": "Send this link by a way you trust. It works once, for three days, and is shown only here.",
            "person": person,
            "link": settings.PUBLIC_URL + invitation_path(person),
            "opts": User._meta,
        }
        response = render(request, "admin/people/invitation.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response


def invitation_path(person):
    """The path at which this person sets a password; it stops working once they have, or after three days."""
    key = default_token_generator.make_token(person)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(person), "key": key})
