from django.core.management.base import BaseCommand
from django.utils import timezone

from promises.desk import workflow


class Command(BaseCommand):
    help = "Publish what was approved for a time that has come; a timer runs this each minute."

    def handle(self, *, verbosity, **options):
        published, put_back = workflow.publish_due(at=timezone.now())
        for submission in put_back:
            self.stdout.write(f"{submission.promise.slug}: could not be published, and waits for review again.")
        if published:
            slugs = ", ".join(submission.promise.slug for submission in published)
            self.stdout.write(f"Published {len(published)}: {slugs}.")
        elif verbosity and not put_back:
            self.stdout.write("Nothing was due.")
