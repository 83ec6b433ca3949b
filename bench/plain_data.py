"""Fill plain Django's tables with the same made-up promises."""

import json
import subprocess
import sys
from itertools import islice

from django.db import connection, transaction

from bench import plain
from bench.site import ROOT, environment


def main(count):
    with connection.schema_editor() as editor:
        for model in (plain.Promise, plain.Region, plain.Update, plain.Source):
            editor.create_model(model)
    # The generator needs our own settings, and there is one Django a process: it tells us through a pipe.
    made = subprocess.Popen(
        [sys.executable, "-m", "bench.plain_rows", str(count)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=environment(count),
    )
    lines = iter(made.stdout)
    while chunk := list(islice(lines, 1000)):
        with transaction.atomic():
            store([json.loads(line) for line in chunk])
    if made.wait():
        raise SystemExit("The promises could not be made.")


def store(rows):
    promises = plain.Promise.objects.bulk_create([plain.Promise(**row["promise"]) for row in rows])
    for model, name in ((plain.Region, "regions"), (plain.Update, "updates"), (plain.Source, "sources")):
        model.objects.bulk_create(
            [model(promise=promise, **part) for promise, row in zip(promises, rows, strict=True) for part in row[name]]
        )


if __name__ == "__main__":
    main(int(sys.argv[1]))
