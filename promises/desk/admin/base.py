"""What all screens of the desk share: days, plain dates, two people at one form, and the trail of who did what."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db import models
from django.forms.models import BaseInlineFormSet
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from promises.dates import DayField
from promises.desk import audit, workflow
from promises.desk.admin import concurrency, kept
from promises.desk.models import Promise


class DayInput(forms.TextInput):
    """A day, a month or a year, as it is known."""

    def __init__(self, attrs=None):
        super().__init__({"size": 12, "maxlength": 10, "autocomplete": "off", "class": "day", **(attrs or {})})


class PlainDateInput(forms.DateInput):
    """The browser's own field for a full day."""

    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%d")


KEY_DIGITS_MOST = 18
"""What fits into a column of keys, on either database."""


def key_in(text):
    """The primary key that a posted text names; None where it can be none."""
    text = str(text)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= KEY_DIGITS_MOST else None


class KnownChoice(forms.ModelChoiceField):
    """A choice of a row that remembers the rows it was given, so that a list of forms asks for them once.

    With `all_known` these are all there are, and they are listed; else others are looked up.
    """

    def __init__(self, queryset, *, known=(), all_known=False, **kwargs):
        super().__init__(queryset, **kwargs)
        self.known = {str(row.pk): row for row in known}
        self.all_known = all_known
        if all_known:
            self.choices = [("", "—"), *((row.pk, str(row)) for row in self.known.values())]

    def to_python(self, value):
        if value in self.empty_values:
            return None
        row = self.known.get(str(value))
        if row is None and not self.all_known and self._can_be_a_key(value):
            row = self.queryset.filter(pk=value).first()
        if row is None:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params={"value": value})
        return row

    def bound_data(self, data, initial):
        """What was posted, as the page shows it again; nothing where it names no row, which no widget could look up."""
        return data if self._can_be_a_key(data) else ""

    def _can_be_a_key(self, value):
        numbered = isinstance(self.queryset.model._meta.pk, models.IntegerField)
        return key_in(value) is not None if numbered else "\0" not in str(value)


class Lines(BaseInlineFormSet):
    """A list of forms that asks for its rows once, not once for each form; each field is named, in tables too."""

    def add_fields(self, form, index):
        super().add_fields(form, index)
        row = str(form.instance) if form.instance.pk else f"new {self.model._meta.verbose_name}"
        for field in form.fields.values():
            widget = getattr(field.widget, "widget", field.widget)
            widget.attrs["aria-label"] = f"{field.label}, {row}"
        name = self.model._meta.pk.name
        field = form.fields.get(name)
        if isinstance(field, forms.ModelChoiceField):
            form.fields[name] = KnownChoice(
                field.queryset,
                known=self.get_queryset(),
                initial=field.initial,
                required=False,
                widget=forms.HiddenInput,
            )


PLAIN_FIELDS = {
    DayField: {"widget": DayInput},
    models.DateField: {"form_class": forms.DateField, "widget": PlainDateInput},
    models.TextField: {"widget": forms.Textarea(attrs={"rows": 3, "cols": 70})},
}


class PlainChoices:
    """Chosen rows are changed on their own pages: no pencils and crosses beside a choice, only the plus sign."""

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget.can_change_related = field.widget.can_delete_related = field.widget.can_view_related = False
        return field


class TogetherForm(forms.ModelForm):
    """A form that is not saved while another person's change of the same thing has not been seen."""

    meanwhile = ()
    was_kept = False

    def clean(self):
        super().clean()
        if self.was_kept:
            raise ValidationError(kept.WORDS)
        if self.meanwhile:
            raise ValidationError(
                "Somebody else changed this while you were writing. Nothing of yours is lost, and nothing is saved "
                "yet: look at the difference above, then save again."
            )
        return self.cleaned_data


class DeskAdmin(PlainChoices, admin.ModelAdmin):
    """A screen of the desk."""

    form = TogetherForm
    formfield_overrides = PLAIN_FIELDS
    show_full_result_count = False
    list_per_page = 50
    actions_on_bottom = False
    save_on_top = False
    purpose = ""
    """What the screen is for, in a line."""

    def promises_touched(self, row):
        """The promises whose document a change of this row changes."""
        return [row]

    def response_action(self, request, queryset):
        """Do to the chosen rows what was chosen; a row that can be none is refused, which the database would stumble over."""
        if any(key_in(key) is None for key in request.POST.getlist(ACTION_CHECKBOX_NAME)):
            raise BadRequest("A row was chosen that is none.")
        return super().response_action(request, queryset)

    # Two people at one form

    def _changeform_view(self, request, object_id, form_url, extra_context):
        if "_saveasnew" in request.POST:  # Django would make a copy, whether a page offers that or not
            request.POST = request.POST.copy()
            del request.POST["_saveasnew"]
        if (typed := kept.kept_for(request)) is not None:
            # Shown again as if it had been posted; the form says that it was not saved. Django reads
            # the request once, when first asked for what was posted: ask before putting ours in place.
            _ = request.FILES
            request.method, request.POST, request.was_kept = "POST", typed, True
        if request.method == "POST" and object_id is not None:
            self._put_together(request, unquote(object_id))
        return super()._changeform_view(request, object_id, form_url, extra_context)

    def _put_together(self, request, object_id):
        row = self.get_object(request, object_id)
        if row is None or not self.has_change_permission(request, row):
            return
        list(Promise.objects.select_for_update().filter(pk__in=[p.pk for p in self.promises_touched(row)]))
        row = self.get_object(request, object_id)
        now = self._state(request, row)
        base = concurrency.base_of(request.POST) or concurrency.Base(timezone.now(), {})
        if base.values == now.values:
            return
        lists = [
            (concurrency.Rows(request.POST, formset.prefix, formset.model._meta.pk.name, formset.fk.name), formset)
            for formset in self._unbound_formsets(request, row)
        ]
        posted = {
            name: concurrency.normal(request.POST.getlist(name)) for name in self._form_class(request, row).base_fields
        }
        for rows, _ in lists:
            posted |= rows.values()
        request.meanwhile = concurrency.meanwhile(base.values, now, posted, told=self._teller(request, row))
        request.meanwhile_by = people_since(self.histories(row), base.at)
        data = request.POST.copy()
        for name, values in concurrency.merged(base.values, now, posted).items():
            if " " not in name and name in self._form_class(request, row).base_fields:
                data.setlist(name, values) if values else data.pop(name, None)
        for rows, formset in lists:
            rows.write(data, base=base.values, now=now.values, names=[n for n in formset.form.base_fields if n != "id"])
        request.POST = data

    def _form_class(self, request, row):
        fields = flatten_fieldsets(self.get_fieldsets(request, row))
        return super().get_form(request, row, change=True, fields=fields)

    def _unbound_formsets(self, request, row):
        prefixes = {}
        for formset_class, inline in self.get_formsets_with_inlines(request, row):
            prefix = formset_class.get_default_prefix()
            prefixes[prefix] = prefixes.get(prefix, 0) + 1
            if prefixes[prefix] != 1:
                prefix = f"{prefix}-{prefixes[prefix]}"
            if inline.has_change_permission(request, row):
                yield formset_class(instance=row, prefix=prefix, queryset=inline.get_queryset(request))

    def _state(self, request, row):
        """The values of this page as they now stand."""
        state = concurrency.State()
        state.add_form(self._form_class(request, row)(instance=row))
        for formset in self._unbound_formsets(request, row):
            for form in formset.initial_forms:
                name = f"{formset.model._meta.verbose_name.capitalize()} “{form.instance}”"
                state.add_form(form, row=f"{formset.prefix} {form.instance.pk}", name=name)
        return state

    def _teller(self, request, row):
        """A function that says a value of this page in words."""
        fields = dict(self._form_class(request, row).base_fields)
        for formset in self._unbound_formsets(request, row):
            fields |= {f"{formset.prefix} {name}": field for name, field in formset.form.base_fields.items()}

        def told(key, values):
            parts = key.split()
            field = fields.get(key if len(parts) == 1 else f"{parts[0]} {parts[-1]}")
            return ", ".join(in_words(field, value) for value in values)

        return told

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change=change, **kwargs)
        form.meanwhile = getattr(request, "meanwhile", ())
        form.was_kept = getattr(request, "was_kept", False)
        return form

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if change and obj is not None and self.has_change_permission(request, obj):
            seen_again = request.method == "POST" and not getattr(request, "meanwhile", ())
            context["base_token"] = (
                request.POST.get(concurrency.BASE, "")
                if seen_again
                else self._state(request, self.get_object(request, str(obj.pk))).token(at=timezone.now())
            )
        context["meanwhile"] = getattr(request, "meanwhile", ())
        context["meanwhile_by"] = getattr(request, "meanwhile_by", ())
        context["purpose"] = self.purpose
        return super().render_change_form(request, context, add=add, change=change, form_url=form_url, obj=obj)

    # Saving

    def save_model(self, request, obj, form, change):
        if change:
            audit.remember(type(obj), [obj.pk])
        super().save_model(request, obj, form, change)

    def save_formset(self, request, form, formset, change):
        audit.remember(formset.model, [f.instance.pk for f in formset.initial_forms if f.has_changed()])
        super().save_formset(request, form, formset, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        say_lifted(request, self.promises_touched(form.instance))

    def delete_model(self, request, obj):
        audit.remember(type(obj), [obj.pk])
        touched = [] if isinstance(obj, Promise) else self.promises_touched(obj)
        super().delete_model(request, obj)
        say_lifted(request, touched)

    def get_actions(self, request):
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    # Who did what

    def histories(self, row):
        """The histories that tell of this row, as `audit.changes()` takes them."""
        return [(type(row), type(row).history.filter(id=row.pk))]

    def history_view(self, request, object_id, extra_context=None):
        from promises.desk.admin import trail

        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return trail.answer(
            request,
            self.admin_site,
            self.histories(row),
            title=f"Who did what: {row}",
            name=f"{self.opts.model_name}-{row.pk}",
            back=(reverse(f"admin:promises_{self.opts.model_name}_change", args=[row.pk]), str(row)),
        )


def in_words(field, value):
    """A posted value as people know it: the label of a choice, the name of what is chosen."""
    if isinstance(field, forms.ModelChoiceField):
        try:
            return str(field.to_python(value))
        except ValidationError:
            return value
    if isinstance(field, forms.BooleanField):
        return "yes"
    return str(dict(getattr(field, "choices", ()) or ()).get(value, value))


def people_since(histories, moment):
    """The names of who changed these rows after a moment."""
    names = set()
    for _, rows in histories:
        for row in rows.filter(history_date__gt=moment).select_related("history_user"):
            names.add(str(row.history_user) if row.history_user else "the desk")
    return sorted(names)


def say_lifted(request, promises):
    """Take back to review what was approved and is changed now, and tell who changed it."""
    for submission in workflow.lift_if_changed([p.pk for p in promises], at=timezone.now()):
        messages.warning(
            request,
            f"“{submission.promise}” had been approved for a set time. As you changed it, it waits for review again.",
        )


def link(url, text):
    """A link for a list or a message."""
    return format_html('<a href="{}">{}</a>', url, text)
