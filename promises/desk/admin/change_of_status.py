"""“Record a change”: an update with its sources, on one screen, from the first word to the submission."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from promises.desk import audit, workflow
from promises.desk.admin import concurrency, kept, preview
from promises.desk.admin.base import DayInput, PlainDateInput, in_words, key_in, people_since, say_lifted
from promises.desk.admin.sources import address_problem, key_for
from promises.desk.models import Citation, Promise, PromiseSource, Source, Submission, Update
from promises.publishing.snapshot import in_order
from promises.statuses import OPEN_REASONS, VERDICT_REASONS, Kind, Reason, Status
from promises.text import words

FOUND_AT_MOST = 12
NEW_AT_MOST = 8

REASONS = [
    ("For watered down or broken, one or more", [(r.value, r.label) for r in Reason if r in VERDICT_REASONS]),
    ("For in progress, exactly one", [(r.value, r.label) for r in Reason if r in OPEN_REASONS]),
]


def text_area(rows):
    return forms.Textarea(attrs={"rows": rows, "cols": 70})


class UpdateForm(forms.ModelForm):
    """What happened, and the status it earned."""

    status = forms.ChoiceField(
        choices=[(s.value, f"{s.label}: {s.meaning[0].lower()}{s.meaning[1:]}") for s in Status],
        widget=forms.RadioSelect,
    )
    reason = forms.MultipleChoiceField(
        label="Reasons",
        choices=REASONS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="A kept promise needs none.",
    )

    class Meta:
        model = Update
        fields = ("status", "reason", "date", "headline", "explanation", "withdrawn")
        widgets = {
            "date": DayInput,
            "headline": forms.TextInput(attrs={"size": 70}),
            "explanation": text_area(5),
            "withdrawn": text_area(2),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.counts_from is None:
            del self.fields["withdrawn"]


class CitationForm(forms.ModelForm):
    """Whether the update cites a source, and what of it."""

    cite = forms.BooleanField(required=False)

    class Meta:
        model = Citation
        fields = ("locator", "quoted", "note")
        widgets = {"quoted": text_area(2), "note": text_area(2)}


class NewSourceForm(forms.ModelForm):
    """A source that is not here yet, and what of it the update cites."""

    locator = Citation._meta.get_field("locator").formfield()
    quoted = Citation._meta.get_field("quoted").formfield(widget=text_area(2))
    note = Citation._meta.get_field("note").formfield(widget=text_area(2))
    another_reading = forms.BooleanField(
        required=False, label="It is another document, or another reading of a page that is here already"
    )

    class Meta:
        model = Source
        fields = ("title", "publisher", "url", "published", "kind", "archived_url", "archived_on", "via", "copy_of")
        widgets = {
            "title": forms.TextInput(attrs={"size": 60}),
            "url": forms.URLInput(attrs={"size": 60}),
            "archived_url": forms.URLInput(attrs={"size": 60}),
            "published": DayInput,
            "archived_on": PlainDateInput,
        }

    def clean(self):
        given = super().clean()
        if given.get("url") and not given.get("another_reading") and (problem := address_problem(given["url"])):
            self.add_error("url", problem)
        return given


class SubmissionForm(forms.ModelForm):
    """What the public is told of the change."""

    checked = forms.BooleanField(
        required=False,
        initial=True,
        label="I have looked at the rest of the promise too",
        help_text="Sets “last checked” to today.",
    )

    class Meta:
        model = Submission
        fields = ("note", "correction")
        widgets = {"note": text_area(2), "correction": forms.RadioSelect}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields[
            "note"
        ].help_text = "Public: one sentence on what changed and why. Left empty, a new update is told by its headline."


class Line:
    """A source beside its citation form: one the promise lists, or one that was found."""

    def __init__(self, source, tie, citation, data):
        self.source, self.tie, self.citation = source, tie, citation
        self.prefix = f"s{source.pk}"
        self.form = CitationForm(
            data,
            prefix=self.prefix,
            instance=citation or Citation(),
            initial={"cite": citation is not None},
        )

    @property
    def is_cited(self):
        return bool(self.form["cite"].value())


class Screen:
    """The forms of one screen, empty, as typed, or as they stand."""

    def __init__(self, promise, update, data=None):
        self.promise, self.update, self.data = promise, update, data
        self.form = UpdateForm(data, instance=update, initial=None if update.pk else self._beginning())
        self.submission = workflow.open_submission(promise)
        self.told = SubmissionForm(
            data,
            initial={
                "note": self.submission.note if self.submission else "",
                "correction": self.submission.correction if self.submission else Kind.MINOR_CORRECTION,
            },
        )
        ties = list(promise.promise_sources.select_related("source"))
        cited = {c.source_id: c for c in update.citations.all()} if update.pk else {}
        self.lines = [Line(tie.source, tie, cited.get(tie.pk), data) for tie in ties]
        self.found = [Line(source, None, None, data) for source in self._found({tie.source_id for tie in ties})]
        self.new = [
            NewSourceForm(data, prefix=f"new{number}", empty_permitted=True, use_required_attribute=False)
            for number in range(self._new_count())
        ]

    def _beginning(self):
        """What a first update is: the making of the promise."""
        if self.promise.updates.exists():
            return {}
        return {"status": Status.IN_PROGRESS, "reason": [Reason.MADE], "date": self.promise.made_on}

    def _new_count(self):
        asked = self.data.get("new_count", "1") if self.data else "1"
        count = key_in(asked) or 1
        return min(count + ("_more" in (self.data or ())), NEW_AT_MOST)

    def _found(self, listed):
        """The sources found so far and those that the words asked for find, but for those the promise lists."""
        if not self.data:
            return []
        carried = [key for text in self.data.getlist("found") if (key := key_in(text)) is not None]
        found = {source.pk: source for source in Source.objects.filter(pk__in=carried).exclude(pk__in=listed)}
        same = [s for n in range(NEW_AT_MOST) for s in workflow.same_address(self.data.get(f"new{n}-url", ""))]
        found |= {source.pk: source for source in same if source.pk not in listed}
        if asked := self.data.get("find", "").strip():
            sources = Source.objects.exclude(pk__in=[*listed, *found])
            for word in words(asked) if "://" not in asked else [asked]:
                sources = sources.filter(
                    Q(title__icontains=word) | Q(publisher__icontains=word) | Q(url__icontains=word)
                )
            self.hits = list(sources[:FOUND_AT_MOST])
            found |= {source.pk: source for source in self.hits}
        return list(found.values())

    hits = None

    @property
    def all_lines(self):
        return [*self.lines, *self.found]

    @property
    def all_forms(self):
        return [self.form, self.told, *(line.form for line in self.all_lines), *self.new]

    def be_quiet(self):
        """Show what was typed without judging it."""
        for form in self.all_forms:
            form._errors = forms.utils.ErrorDict()

    def is_valid(self):
        return all([form.is_valid() for form in self.all_forms])

    # Two people at one screen

    def state(self):
        """The values of this screen as they stand, of an unbound one."""
        state = concurrency.State()
        state.add_form(self.form)
        for line in self.lines:
            state.add_form(line.form, row=line.prefix, name=f"“{line.source.title}”")
        others = self.promise.updates.exclude(pk=self.update.pk)
        state.values["others"] = [f"{other.date}: {other.headline}" for other in in_order(others)]
        state.labels["others"] = "Other updates of this promise"
        return state

    def posted(self, state):
        """The posted values of what the state knows."""
        given = {
            key: concurrency.normal(self.data.getlist(key.replace(" ", "-"))) for key in state.values if key != "others"
        }
        return given | {"others": state.values["others"]}

    def in_words(self, key, values):
        """A value of this screen for people."""
        name = key.split()[-1]
        if name == "others":
            return "\n".join(values)
        field = self.form.fields.get(name) or CitationForm.base_fields.get(name)
        return ", ".join(in_words(field, value) for value in values)

    # Saving

    def save(self, *, today):
        """Write the update, its citations and new sources to the desk; returns the update."""
        promise, update = self.promise, self.update
        if update.pk:
            audit.remember(Update, [update.pk])
        update = self.form.save()
        taken = {line.tie.key for line in self.lines}
        position = max((line.tie.position for line in self.lines), default=-1)
        rank = max((line.citation.position for line in self.lines if line.citation), default=-1)
        for line in self.all_lines:
            if not line.form.cleaned_data["cite"]:
                if line.citation:
                    audit.remember(Citation, [line.citation.pk])
                    line.citation.delete()
                continue
            if line.tie is None:
                position += 1
                line.tie = self._tie(line.source, taken, position)
            if line.citation and not line.form.has_changed():
                continue
            if line.citation:
                audit.remember(Citation, [line.citation.pk])
            else:
                rank += 1
            self._cite(line.form, update, line.tie, line.citation.position if line.citation else rank)
        for form in self.new:
            if form.has_changed():
                position, rank = position + 1, rank + 1
                tie = self._tie(form.save(), taken, position)
                given = {name: form.cleaned_data[name] for name in ("locator", "quoted", "note")}
                Citation.objects.create(update=update, source=tie, position=rank, **given)
        if self.told.cleaned_data["checked"] and promise.checked_on != today:
            audit.remember(Promise, [promise.pk])
            promise.checked_on = today
            promise.save(update_fields=["checked_on"])
        return update

    def _tie(self, source, taken, position):
        key = key_for(source, taken)
        taken.add(key)
        return PromiseSource.objects.create(promise=self.promise, source=source, key=key, position=position)

    def _cite(self, form, update, tie, position):
        citation = form.save(commit=False)
        citation.update, citation.source, citation.position = update, tie, position
        citation.save()


@require_http_methods(["GET", "POST"])
@transaction.atomic
def screen(request, object_id, update_id=None):
    """Show the screen, and do what its buttons say."""
    promises = Promise.objects.select_for_update() if request.method == "POST" else Promise.objects
    promise = get_object_or_404(promises, pk=object_id)
    update = get_object_or_404(promise.updates, pk=update_id) if update_id else Update(promise=promise)
    update.promise = promise
    needed = ["change_update" if update_id else "add_update", "add_citation", "add_source", "add_promisesource"]
    if not request.user.has_perms([f"promises.{name}" for name in needed]):
        raise PermissionDenied
    if (typed := kept.kept_for(request)) is not None:
        asked = Screen(promise, update, typed)
        asked.be_quiet()
        messages.warning(request, kept.WORDS)
        return show(request, asked, token=typed.get(concurrency.BASE, ""))
    if request.method == "GET":
        return show(request, Screen(promise, update))
    data, now = request.POST, Screen(promise, update).state()
    base = concurrency.base_of(data) or concurrency.Base(timezone.now(), {})
    asked = Screen(promise, update, data)
    if {"_find", "_more"} & set(data) or ("_enter" in data and data.get("find", "").strip()):
        asked.be_quiet()
        return show(request, asked, token=data.get(concurrency.BASE, ""))
    if base.values != now.values:
        posted = asked.posted(now)
        data = data.copy()
        for key, values in concurrency.merged(base.values, now, posted).items():
            if key in now.values and key != "others":
                data.setlist(key.replace(" ", "-"), values)
        again = Screen(promise, update, data)
        again.is_valid()
        found = concurrency.meanwhile(base.values, now, posted, told=asked.in_words)
        by = people_since(audit.of_promise(promise), base.at)
        return show(request, again, meanwhile=found, meanwhile_by=by)
    if not asked.is_valid():
        return show(request, asked, token=data.get(concurrency.BASE, ""))
    return act(request, asked)


def act(request, asked):
    """Do what the button says with what was typed."""
    now = timezone.now()
    today = timezone.localtime(now).date()
    promise = asked.promise
    if "_preview" in request.POST:
        with transaction.atomic():
            asked.save(today=today)
            response = preview.page(request, workflow.fresh(promise.pk), at=now)
            transaction.set_rollback(True)
        return response
    is_new = asked.update.pk is None
    update = asked.save(today=today)
    here = reverse("admin:promises_promise_change_update", args=[promise.pk, update.pk])
    if "_submit" not in request.POST:
        say_lifted(request, [promise])
        messages.success(request, "Saved as a draft. Nothing of it is public.")
        return HttpResponseRedirect(here)
    note = asked.told.cleaned_data["note"] or (update.headline if update.counts_from is None else "")
    try:
        submission = workflow.submit(
            promise,
            by=request.user,
            at=now,
            note=note,
            correction=asked.told.cleaned_data["correction"],
        )
    except workflow.Unable as unable:
        say_lifted(request, [promise])
        messages.warning(request, "The draft is saved, but it cannot be submitted yet.")
        for sentence in unable.sentences:
            messages.error(request, sentence)
        return HttpResponseRedirect(here)
    what = "new update" if is_new else "change"
    messages.success(request, f"The {what} is submitted. A second person reads it and publishes it.")
    return HttpResponseRedirect(reverse("admin:promises_submission_change", args=[submission.pk]))


def show(request, screen, *, token=None, meanwhile=(), meanwhile_by=()):
    """Answer with the screen."""
    if token is None:
        fresh = (
            screen
            if screen.data is None
            else Screen(
                screen.promise,
                Update.objects.get(pk=screen.update.pk) if screen.update.pk else Update(promise=screen.promise),
            )
        )
        token = fresh.state().token(at=timezone.now())
    promise = screen.promise
    draft = workflow.draft_of(workflow.fresh(promise.pk), at=timezone.now())
    has_errors = screen.data is not None and any(form.errors for form in screen.all_forms)
    context = {
        **admin.site.each_context(request),
        "title": "Change an update" if screen.update.pk else "Record a change",
        "subtitle": promise.title,
        "purpose": "What happened, the status it earned, and what bears it out. Nothing is public until a second person publishes it.",
        "promise": promise,
        "update": screen.update,
        "screen": screen,
        "base_token": token,
        "meanwhile": meanwhile,
        "meanwhile_by": meanwhile_by,
        "has_errors": has_errors or bool(meanwhile),
        "draft": draft,
        "statuses": list(Status),
        "new_at_most": NEW_AT_MOST,
        "updates": [u for u in in_order(promise.updates.all()) if u.pk != screen.update.pk][::-1],
        "opts": Promise._meta,
    }
    status = 200 if not meanwhile else 409
    return render(request, "admin/promises/record_change.html", context, status=status)
