import json
import re
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from promises.public import releases
from promises.publishing.verification import Head, findings
from promises.record.edition import Edition
from promises.record.version import Version

DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
NUMBER = re.compile(r"\bedition (\d{1,9})\b")


class Command(BaseCommand):
    help = "Prove that the record is what was published: digests, numbers, aliases, seals, triggers, index."

    def add_arguments(self, parser):
        parser.add_argument(
            "--head",
            action="append",
            default=[],
            metavar="DIGEST|FILE",
            help="a head digest kept earlier, or a file that holds it (a proof, release.json, a copied line); may repeat",
        )

    def handle(self, *, head, **options):
        heads = [_head(given) for given in head]
        heads += (Head(of, edition, digest) for of, edition, digest in releases.heads())
        faults = 0
        for finding in findings(heads):
            faults += finding.is_fault
            self.stdout.write(finding.sentence.encode(errors="backslashreplace").decode())
        if faults:
            raise CommandError(f"The record is not as it was published: {faults} faults.")
        latest = Edition.objects.newest_first().first()
        said = f"head digest {latest.digest}" if latest else "nothing published yet"
        self.stdout.write(
            f"The record is as it was published: {Edition.objects.count()} editions, "
            f"{Version.objects.count()} versions, {said}."
        )


def _head(given):
    """The head digest that was given, or that stands in the file given."""
    if DIGEST.fullmatch(given):
        return Head("The head given", None, given)
    try:
        text = Path(given).read_text()
    except (OSError, ValueError) as error:
        raise CommandError(
            f"--head is {given!r}. Write a digest of 64 hexadecimal digits, or the name of a file that holds one."
        ) from error
    try:
        told = json.loads(text)
        told = told.get("head", told)
        return Head(f"The head in {given}", int(told["edition"]), DIGEST.fullmatch(told["digest"])[0])
    except (ValueError, TypeError, LookupError, AttributeError):
        digests, numbers = set(DIGEST.findall(text)), set(NUMBER.findall(text))
    if len(digests) != 1:
        raise CommandError(f"{given} holds {len(digests)} digests. Give a file with one, as /data/ shows it.")
    return Head(f"The head in {given}", int(numbers.pop()) if len(numbers) == 1 else None, digests.pop())
