from collections import Counter

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from promises.desk import links
from promises.desk.alone import alone
from promises.desk.models.link_check import LinkState


class Command(BaseCommand):
    help = "Ask for the addresses of sources, and note which no longer lead to them."

    def add_arguments(self, parser):
        parser.add_argument("--limit", type=int, default=500, help="At most so many sources (500 unless given).")

    def handle(self, *, limit, **options):
        if limit < 1:
            raise CommandError(f"--limit is {limit}. Give a number above nought.")
        if not settings.LINKCHECK_ENABLED:
            self.stdout.write(
                "Nobody was asked: LINKCHECK_ENABLED is off. Set it to 1 where outgoing requests are allowed."
            )
            return
        with alone("check_links") as is_alone:
            if not is_alone:
                self.stdout.write("Another run is under way: nothing to do.")
                return
            now = timezone.now()
            found = Counter(check.state for check in links.check(links.due(at=now, limit=limit), at=now))
        told = ", ".join(f"{found[state]} {state.label.lower()}" for state in LinkState if found[state])
        self.stdout.write(f"Checked {sum(found.values())} sources{': ' + told if told else ''}.")
