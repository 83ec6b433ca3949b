import secrets

from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand
from django.db import transaction

from promises.desk import roles


class Command(BaseCommand):
    help = "Make a sign-in for each role, and print the passwords, which are shown only this once."

    def add_arguments(self, parser):
        parser.add_argument("--again", action="store_true", help="Give those that are there new passwords.")

    def handle(self, *, again, **options):
        with transaction.atomic():
            lines = [line for role in roles.ROLES for line in self.sign_in(role, again)]
        for line in lines:
            self.stdout.write(line)

    def sign_in(self, role, again):
        """Make one sign-in; yields what to print."""
        name = role.lower()
        person, is_new = User.objects.get_or_create(username=name, defaults={"is_staff": True})
        if not is_new and not again:
            yield f"{name}: is there already. A new password comes with --again."
            return
        password = secrets.token_urlsafe(12)
        person.set_password(password)
        person.is_active = person.is_staff = True
        person.save()
        person.groups.add(Group.objects.get(name=role))
        yield f"{name}  {password}"
