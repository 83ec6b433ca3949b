from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from promises.desk.admin.people import invitation_path


class Command(BaseCommand):
    help = "Take a sign-in back: end its sessions, password and second steps, and print a link to begin anew."

    def add_arguments(self, parser):
        parser.add_argument("name", help="whose")

    def handle(self, *, name, **options):
        person = User.objects.filter(username=name).first()
        if person is None:
            raise CommandError(f"Nobody signs in as {name}. See the list of people at the desk.")
        with transaction.atomic():
            Authenticator.objects.filter(user=person).delete()
            person.set_unusable_password()  # every session hangs on the password, and ends with it
            person.save(update_fields=["password"])
        self.stdout.write(f"{name} has no password and no second step any more; every session is ended.")
        if not person.is_active:
            self.stdout.write("The sign-in is inactive: the link works once it is made active at the desk.")
        self.stdout.write("This link sets a new password; it works once, for three days. Send it by a way you trust:")
        self.stdout.write(settings.PUBLIC_URL + invitation_path(person))
