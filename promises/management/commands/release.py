from django.core.management.base import BaseCommand

from promises.public import releasing
from promises.public.releases import folder


class Command(BaseCommand):
    help = "Make the next numbered release: one zip of everything public, the same bytes for the same record."

    def handle(self, **options):
        try:
            release = releasing.make()
        except releasing.NothingNew as nothing:
            self.stdout.write(str(nothing))
            return
        self.stdout.write(
            f"Release {release.number} holds edition {release.edition}: {release.holds}. {release.size}, "
            f"SHA-256 {release.sha256}, in {folder() / str(release.number) / release.file}"
        )
