"""The proof of one version: all that its digest is made of, and those of every edition from its own to the head."""

import json

from django.http import StreamingHttpResponse

from promises.public.columns import LICENCE
from promises.public.responses import CHUNK, head_of, open_to_all, public
from promises.record.chain import Following, entries
from promises.record.edition import Edition, payload
from promises.record.version import Version

FETCH = "curl -o proof.json {address}"
SUM = """\
python3 -c 'import json, sys
sys.stdout.buffer.write(json.load(open("proof.json", "rb"))["text"].encode())' | sha256sum
"""
"""Prints the digest of the version."""
CHECK = """\
python3 - <<'END'
import hashlib, json, sys

def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()

proof = json.load(open("proof.json", "rb"))
head = None
for edition in proof["editions"]:
    number, payload = edition["number"], edition["payload"]
    if payload is None:
        sys.exit(f"Edition {number} cannot be checked: {edition['withheld']}")
    told = json.loads(payload)
    if head is None:
        entry = [json.loads(proof["text"])["id"], proof["version"], sha256(proof["text"])]
        if entry not in [published[:3] for published in told["versions"]]:
            sys.exit(f"Edition {number} did not publish this text.")
    elif told["before"] != head:
        sys.exit(f"Edition {number} does not follow from the one before.")
    head = sha256(payload)
print("edition", number)
print(head)
END
"""
"""Prints the head of the chain that the version leads to; ends with a sentence where it leads to none."""
WITHHELD = "a note in it belongs to a version that the law made us seal"


def answer(found):
    """The proof of a version as JSON, up to the edition asked for; streamed, as its edition may hold the whole record."""
    edition, moment = found.version.edition, found.moment
    head = moment.edition if moment.number > edition.number else edition
    response = StreamingHttpResponse(_in_chunks(_pieces(found, head)), content_type="application/json")
    query = f"?edition={moment.number}" if moment.asked_edition else ""
    return open_to_all(response, canonical=f"{path_of(found)}{query}", name="proof.json")


def path_of(found):
    return f"{found.version_path}proof.json"


def _pieces(found, head):
    version = found.version
    told = {
        "licence": LICENCE,
        "url": public(found.version_path),
        "check": public("/data/#check"),
        "promise": version.promise_id,
        "version": version.number,
        "digest": version.digest,
        "head": head_of(head),
        "text": version.snapshot_text,
    }
    yield f'{json.dumps(told, ensure_ascii=False)[:-1]}, "editions": ['
    comma = "\n"
    for edition, pieces in _editions(first=version.edition_id, last=head.number):
        about = {"number": edition.number, "digest": edition.digest}
        if pieces is None:
            yield comma + json.dumps(about | {"payload": None, "withheld": WITHHELD})
        else:
            yield f'{comma}{json.dumps(about)[:-1]}, "payload": "'
            yield from (json.dumps(piece, ensure_ascii=False)[1:-1] for piece in pieces)
            yield '"}'
        comma = ",\n"
    yield "\n]}\n"


def _editions(*, first, last):
    """Each of these editions with the pieces of its payload; None where that holds what may not be shown."""
    before = Edition.objects.filter(number=first - 1).values_list("digest", flat=True).first() or ""
    published = Following(entries(first, last))
    sealed = Version.objects.filter(seal__isnull=False, edition_id__gte=first, edition_id__lte=last).exclude(note="")
    withheld = set(sealed.values_list("edition_id", flat=True))
    for edition in Edition.objects.filter(number__gte=first, number__lte=last).order_by("number").iterator():
        own = (entry for _, entry in published.of(edition.number))
        pieces = payload(
            before=before,
            number=edition.number,
            published_at=edition.published_at,
            roles=edition.roles,
            note=edition.note,
            entries=own,
        )
        yield edition, None if edition.number in withheld else pieces
        for _ in own:
            pass  # those of a payload that is withheld
        before = edition.digest


def _in_chunks(pieces):
    waiting, length = [], 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= CHUNK:
            yield "".join(waiting).encode()
            waiting, length = [], 0
    yield "".join(waiting).encode()
