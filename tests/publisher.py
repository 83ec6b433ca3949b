"""Somebody who publishes through the door, in a process of its own: one line in, one line out.

`python -m tests.publisher` with the environment of a site. A line is `publish`, or `publish dying K`: the same,
killed before its K-th statement (`commit`: when everything is written and not committed; `done`: just after).
`publish behind SECONDS` is the same with a clock that is so much behind. The answer is `edition N`, `refused: …`, `failed: …` or `died`. `verify` answers with what `verify_record` finds,
beginning with how many editions there are.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Publisher:
    """The process, as the tests hold it."""

    def __init__(self, environment):
        command = [sys.executable, "-m", "tests.publisher"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, **pipes)
        self._one_at_a_time = threading.Lock()

    def say(self, line):
        """Say this line; return the answer."""
        with self._one_at_a_time:
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()
            return self.process.stdout.readline().strip()

    def publish(self, *, dying=""):
        """Have one change published; return the answer."""
        return self.say(f"publish dying {dying}" if dying else "publish")

    def publish_behind(self, seconds):
        """The same with a clock that was set back."""
        return self.say(f"publish behind {seconds}")

    def verified(self):
        """Return how many editions there are, or raise with what is wrong with the record."""
        number, _, faults = self.say("verify").partition(" ")
        if faults:
            raise AssertionError(faults)
        return int(number)

    def edition(self):
        """Have one change published; return the edition's number, or raise with what was said instead."""
        answer = self.publish()
        word, _, number = answer.partition(" ")
        if word != "edition":
            raise AssertionError(f"Nothing was published: {answer or 'the publisher is gone'}")
        return int(number)

    def end(self):
        self.process.communicate(timeout=30)


@contextlib.contextmanager
def publishing(environment):
    """Start a publisher with the environment of a site, and give it."""
    publisher = Publisher(environment)
    try:
        yield publisher
    finally:
        publisher.end()


def answer(line):
    """Do what a line says; return the answer."""
    from django.db import DatabaseError, connections

    from promises.publishing.door import Refused

    try:
        if line == "verify":
            return verify()
        _, _, dying = line.partition(" dying ")
        _, _, behind = line.partition(" behind ")
        return f"edition {in_a_child(dying) if dying else publish(behind=int(behind or 0)).number}"
    except Refused as error:
        return f"refused: {' '.join(error.problems)}"
    except Died:
        return "died"
    except DatabaseError as error:
        connections.close_all()
        return f"failed: {' '.join(str(error).split())}"


def verify():
    from promises.publishing.verification import findings
    from promises.record.edition import Edition

    faults = [finding.sentence for finding in findings() if finding.is_fault]
    return f"{Edition.objects.count()} {' '.join(faults)}".strip()


class Died(Exception):
    """The child was killed, as it was to be."""


def publish(*, behind=0):
    """Publish a change of one of ten promises, each in its turn; the first edition has them all."""
    from django.utils import timezone

    from promises.desk.models import Promise
    from promises.record.edition import Edition
    from tests import factories

    now, before = timezone.now() - timedelta(seconds=behind), Edition.objects.latest_number()
    if not before:
        return factories.publish(*(factories.a_promise(slug=f"railway-{n}") for n in range(10)), at=now)
    promise = Promise.objects.get(slug=f"railway-{before % 10}")
    promise.summary = f"The line is being built, as was said at {now.isoformat()}."
    promise.save()
    return factories.publish(promise, at=now)


def in_a_child(moment):
    """Publish in a child that is killed at this moment; return the edition where it was not."""
    from django.db import connections

    connections.close_all()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        kill_myself_at(moment)
        os.write(write, str(publish().number).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        number = told.read()
    os.waitpid(child, 0)
    if not number:
        raise Died
    return int(number)


def kill_myself_at(moment):
    from django.db import connection

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    connection.ensure_connection()
    if moment in ("commit", "done"):
        commit = connection._commit

        def committing():
            if moment == "commit":
                die()
            commit()
            die()

        connection._commit = committing
        return
    left = int(moment)

    def counting(execute, *given):
        nonlocal left
        left -= 1
        if left < 1:
            die()
        return execute(*given)

    connection.execute_wrappers.append(counting)


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tracker.settings"
    import django

    django.setup()
    for said in sys.stdin:
        print(answer(said.strip()), flush=True)
