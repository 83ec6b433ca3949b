"""The one page of the desk that is open to everybody: suggestions. Outside cache and session."""

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from promises.desk import limits, suggesting
from promises.desk.models.suggestion import Stage, Suggestion
from promises.desk.suggesting import SuggestionForm
from promises.public.asking import moment_asked
from promises.public.responses import page

WORDS = {
    Stage.RECEIVED: ("Received", "It waits for somebody at the desk to look at it."),
    Stage.LOOKED_AT: ("Being looked at", "Somebody at the desk is working on it."),
    Stage.TAKEN: ("Done: taken up", "It has become part of our work. What comes of it is published with its sources."),
    Stage.DECLINED: ("Done", "We looked at it and changed nothing for it."),
}


@never_cache
@csrf_exempt  # there is no cookie to forge: token and Origin stand in for it
@require_http_methods(["GET", "HEAD", "POST"])
def suggest(request):
    """The form, and what comes of sending it."""
    now = timezone.now()
    if request.method == "POST":
        return take(request, at=now)
    if asked := request.GET.get("reference", "").strip():
        reference = suggesting.reference_in(asked)
        if reference:
            return HttpResponseRedirect(Suggestion(reference=reference).get_absolute_url())
        return show(request, at=now, asked=asked[:20], status=400)
    slug = request.GET.get("promise", "")
    about = suggesting.title_of(slug)
    return show(request, SuggestionForm(initial={"about": about, "what": "source" if about else None}), at=now)


def take(request, *, at):
    """Keep what was sent and lead to its reference number, or show the form again with all that was typed."""
    form = SuggestionForm(request.POST)
    token = suggesting.token_in(request.POST.get("token", ""))
    trouble = suggesting.trouble_with(request, at=at)
    if trouble:
        form.is_valid()
        kept = None if trouble.wants_new_token else token
        return show(request, form, at=at, token=kept, sentence=trouble.sentence, status=trouble.status)
    if not form.is_valid():
        return show(request, form, at=at, token=token, status=400)
    suggestion = suggesting.sent_by(token)
    if suggestion is None:
        if not suggesting.may_send(request, at=at):
            sentence = "Many suggestions have just come from where you are. Wait five minutes and send this one again."
            return busy(show(request, form, at=at, token=token, sentence=sentence, status=429))
        suggestion = suggesting.receive(form.cleaned_data, token, at=at)
    return HttpResponseRedirect(suggestion.get_absolute_url(), status=303)


def show(request, form=None, *, at, token=None, sentence="", asked="", status=200):
    token = token or suggesting.new_token(at=at)
    told = {
        "form": form or SuggestionForm(),
        "token": token.signed(),
        "sentence": sentence,
        "asked": asked,
    }
    return page(
        request, "promises/suggest.html", told, moment=moment_asked({}, today=timezone.localdate()), status=status
    )


@never_cache
@require_safe
def suggestion_detail(request, reference):
    """How far a suggestion is, and nothing of what it says."""
    if not suggesting.may_look_up(request, at=timezone.now()):
        return busy(HttpResponse("Too many looks at reference numbers. Wait five minutes.\n", "text/plain", 429))
    canonical = suggesting.reference_in(reference)
    if canonical is None:
        raise Http404(f"“{reference[:20]}” is not a reference number of ours. They look like LU-7F3K2.")
    if canonical != reference:
        return HttpResponseRedirect(Suggestion(reference=canonical).get_absolute_url())
    suggestion = Suggestion.objects.filter(reference=canonical).first()
    if suggestion is None:
        raise Http404(f"We know no suggestion {canonical}. Look whether every letter is right.")
    state, words = WORDS[Stage(suggestion.stage)]
    told = {"suggestion": suggestion, "state": state, "words": words}
    return page(request, "promises/suggestion.html", told, moment=moment_asked({}, today=timezone.localdate()))


def busy(response):
    response.status_code = 429
    response["Retry-After"] = str(limits.WINDOW)
    return response
