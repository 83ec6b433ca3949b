"""What readers send us: the form, and what holds spam off without cookies, sessions or third parties.

A signed, dated token in the form says when it was opened; the browser's Origin header says that it was sent
from our own page. Nothing here reads the clock: the moment is given.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.utils import timezone

from promises.desk import rules
from promises.desk.limits import few, who
from promises.desk.models import Promise
from promises.desk.models.suggestion import Suggestion, What, new_reference
from promises.record.edition import OPEN
from promises.record.listing import Listing
from promises.record.version import promise_of

TEXT_MOST, CONTACT_MOST, ABOUT_MOST = 4000, 200, 300
LINKS_MOST = 5
QUICKEST, LONGEST = timedelta(seconds=4), timedelta(hours=24)
"""Nobody reads and fills the form in less; a form open for longer is asked to be sent once more."""
SENT_MOST, SENT_BY_ALL_MOST, LOOKED_UP_MOST = 5, 200, 30
"""How often within a window: suggestions from one address and from all together, and looks at reference numbers."""
REFERENCE = re.compile(r"LU-?([2-9A-HJKMNP-TV-Z]{5})", re.ASCII)


# The form


class SuggestionForm(forms.Form):
    """What a reader may tell us."""

    use_required_attribute = False  # our own sentences say what is missing, and lose nothing

    what = forms.ChoiceField(
        label="What is it?",
        choices=What.choices,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one of the three."},
    )
    about = forms.CharField(
        label="Which promise is it about?",
        required=False,
        help_text="Its title or its address on this site. Leave it empty for a promise that is missing.",
    )
    text = forms.CharField(
        label="What should we know?",
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="What was promised, what the source says, or what is wrong and where. Your own words do.",
        error_messages={"required": "Write what we should know."},
    )
    address = forms.CharField(
        label="Address of a source",
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
        help_text="Where anyone can read it: https://… Needed if you suggest a source.",
    )
    contact = forms.CharField(
        label="How can we reach you?",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "email"}),
        help_text="Only if you want us to be able to ask back. It is shown to nobody but the editors, and taken away "
        "90 days after your suggestion is done.",
    )

    def clean_about(self):
        return _short(_plain(self.cleaned_data["about"]), ABOUT_MOST)

    def clean_text(self):
        text = _short(_plain(self.cleaned_data["text"].replace("\r\n", "\n").replace("\r", "\n")), TEXT_MOST)
        if (count := len(re.findall(r"https?://|www\.", text))) > LINKS_MOST:
            raise forms.ValidationError(
                f"The text holds {count} addresses; at most {LINKS_MOST} are allowed. Keep those that matter most."
            )
        return text

    def clean_contact(self):
        return _short(_plain(self.cleaned_data["contact"]), CONTACT_MOST)

    def clean_address(self):
        address = self.cleaned_data["address"]
        if address and "://" not in address and "." in address.split("/")[0]:
            address = f"https://{address}"  # people leave it out
        if address and (problem := rules.url_problem(address)):
            raise forms.ValidationError(problem)
        return address

    def clean(self):
        given = super().clean()
        if given.get("what") == What.SOURCE and not given.get("address") and "address" not in self.errors:
            self.add_error("address", "Give the address at which the source can be read.")
        return given


def _plain(text):
    if problem := rules.text_problem(text):
        raise forms.ValidationError(problem)
    return text


def _short(text, most):
    if len(text) > most:
        raise forms.ValidationError(f"It has {len(text):,} characters; at most {most:,} are allowed. Shorten it.")
    return text


# Which promise it is about


def title_of(slug):
    """Return the title of a published promise, for showing; an empty text where there is none."""
    return Listing.objects.filter(edition_to=OPEN, slug=slug).values_list("title", flat=True).first() or ""


def promise_meant(about):
    """Return the working copy of the published promise that a title, key or address of ours means, or None.

    Only the record is asked, so that nobody finds out here what is being drafted.
    """
    about = about.strip()
    if found := re.search(r"/promises/([a-z0-9-]+)", about):
        identity = promise_of(found[1])
    elif re.fullmatch(rules.SLUG_PATTERN, about):
        identity = promise_of(about)
    else:
        current = Listing.objects.filter(edition_to=OPEN)
        identity = current.filter(title__iexact=about).values_list("promise_id", flat=True).first() if about else None
    return Promise.objects.filter(identity=identity).first() if identity else None


# The token: which form it was, and when it was opened


@dataclass(frozen=True, slots=True)
class Token:
    """The one form that a reader was given, and when."""

    name: str
    opened_at: datetime

    def signed(self):
        return _signer().sign_object([self.name, int(self.opened_at.timestamp())])


def new_token(*, at):
    """Return the token of a form that is opened now."""
    return Token(secrets.token_hex(16), at)


def token_in(text):
    """Return the token that we once signed, or None."""
    try:
        name, seconds = _signer().unsign_object(text)
        return Token(str(name), datetime.fromtimestamp(seconds, tz=timezone.get_default_timezone()))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def _signer():
    return signing.Signer(salt="promises.suggestion")


# What holds spam off


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a form is not taken as it came, in a sentence; whether it needs a new token."""

    sentence: str
    status: int = 400
    wants_new_token: bool = True


def trouble_with(request, *, at):
    """Return what keeps us from taking this form, whatever stands in it; None where nothing does."""
    if not is_from_here(request):
        return Trouble(
            "Your browser did not say that this form was sent from our own page. Look through it and send it once more.",
            status=403,
        )
    token = token_in(request.POST.get("token", ""))
    if token is None or at - token.opened_at > LONGEST:
        return Trouble("This form had been open for more than a day. Look through it and send it once more.")
    if at - token.opened_at < QUICKEST:
        return Trouble(
            f"That was quicker than people type, so we held it back. Wait {QUICKEST.seconds} seconds and send it once more.",
            wants_new_token=False,
        )
    if request.POST.get("website", ""):
        return Trouble(
            "The field that is to stay empty was filled in, as programs do. It is empty again: send the form once more.",
            wants_new_token=False,
        )
    return None


def is_from_here(request):
    """Whether the browser says that a page of ours sent this: what a cookie would otherwise prove."""
    origin = request.headers.get("Origin", "")
    if not origin or origin == "null":
        referrer = urlsplit(request.headers.get("Referer", ""))
        origin = f"{referrer.scheme}://{referrer.netloc}"
    ours = f"{'https' if request.is_secure() else 'http'}://{request.get_host()}"
    return origin in {ours, *settings.CSRF_TRUSTED_ORIGINS}


def may_send(request, *, at):
    """Whether this address, and all together, have sent few enough; counts this one."""
    return few(f"sent:{who(request, at)}", SENT_MOST, at=at) and few("sent", SENT_BY_ALL_MOST, at=at)


def may_look_up(request, *, at):
    """Whether this address has looked at few enough reference numbers; counts this one."""
    return few(f"looked:{who(request, at)}", LOOKED_UP_MOST, at=at)


# Taking it


def sent_by(token):
    """Return the suggestion that this form has brought already, or None: sending twice is sending once."""
    return Suggestion.objects.filter(token=token.name).first()


def receive(given, token, *, at):
    """Keep what a valid form says, and return the suggestion."""
    Suggestion.objects.forget_contacts(at=at)
    suggestion = Suggestion(
        reference=new_reference(),
        token=token.name,
        promise=promise_meant(given["about"]),
        received_at=at,
        **{name: given[name] for name in ("what", "about", "text", "address", "contact")},
    )
    suggestion._history_user = None  # else its history would ask the session who this is
    try:
        with transaction.atomic():
            suggestion.save()
    except IntegrityError:
        if earlier := sent_by(token):
            return earlier
        raise
    return suggestion


def reference_in(text):
    """Return the reference number that a reader typed, as we write it; None where it is none."""
    found = REFERENCE.fullmatch(text.strip().upper())
    return f"LU-{found[1]}" if found else None
