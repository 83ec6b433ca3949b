from datetime import timedelta

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from promises.desk.models.suggestion import Suggestion


class Command(BaseCommand):
    help = "Take away what readers wrote to us SUGGESTION_KEEP_DAYS ago; a timer runs this each night."

    def handle(self, **options):
        now = timezone.now()
        Suggestion.objects.forget_contacts(at=now)
        count = Suggestion.objects.purge(before=now - timedelta(days=settings.SUGGESTION_KEEP_DAYS))
        self.stdout.write(f"Took away what {count} suggestions said.")
