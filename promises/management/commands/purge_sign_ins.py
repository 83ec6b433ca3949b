from django.core.management.base import BaseCommand
from django.utils import timezone

from promises.desk.models import SignIn


class Command(BaseCommand):
    help = "Forget the sign-ins of more than a year ago; a timer runs this each night."

    def handle(self, **options):
        count = SignIn.objects.forget_old(at=timezone.now())
        self.stdout.write(f"Forgot {count} sign-ins.")
