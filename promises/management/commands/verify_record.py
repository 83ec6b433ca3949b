from django.core.management.base import BaseCommand, CommandError

from promises.publishing.verification import findings
from promises.record.edition import Edition
from promises.record.version import Version


class Command(BaseCommand):
    help = "Prove that the record is what was published: digests, numbers, triggers, index."

    def handle(self, **options):
        faults = 0
        for finding in findings():
            faults += finding.is_fault
            self.stdout.write(finding.sentence)
        if faults:
            raise CommandError(f"The record is not as it was published: {faults} faults.")
        head = Edition.objects.newest_first().first()
        said = f"head digest {head.digest}" if head else "nothing published yet"
        self.stdout.write(
            f"The record is as it was published: {Edition.objects.count()} editions, "
            f"{Version.objects.count()} versions, {said}."
        )
