from django.core.management.base import BaseCommand

from promises.publishing import index


class Command(BaseCommand):
    help = "Make the index rows (listings and periods) anew from the versions."

    def handle(self, **options):
        self.stdout.write(f"Rebuilt the index: {index.rebuild()} listings.")
