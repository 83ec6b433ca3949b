from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from promises.publishing import door
from promises.record.version import Version, promise_of


class Command(BaseCommand):
    help = "Seal a version that the law forbids us to show: its address answers 451 with the reason, for ever."

    def add_arguments(self, parser):
        parser.add_argument("slug")
        parser.add_argument("number", type=int)
        parser.add_argument("--reason", required=True, help="public: what was ordered, and by whom")
        parser.add_argument("--note", default="", help="the edition's public note")

    def handle(self, *, slug, number, reason, note, **options):
        version = Version.objects.filter(promise_id=promise_of(slug) or 0, number=number).first()
        if version is None:
            raise CommandError(f"{slug} has no version {number}. See /promises/{slug}/versions/.")
        if hasattr(version, "seal"):
            raise CommandError(f"{version} is sealed already.")
        if not reason.strip():
            raise CommandError("The reason is empty. Say what was ordered, and by whom: readers see it.")
        edition = door.seal([version], at=timezone.now(), reason=reason.strip(), note=note)
        self.stdout.write(f"Sealed {version} in edition {edition.number}.")
