"""Print the made-up promises as lines of JSON, for plain Django's tables."""

import json
import sys


def main(count):
    from bench.site import set_up

    set_up()
    from bench.generate import records
    from promises import reference

    for record in records(count):
        promise = {
            name: getattr(record, name) for name in ("slug", "title", "summary", "theme", "department", "made_by")
        }
        keys = reference.places().keys_of(record.regions, record.places)
        row = {
            "promise": {**promise, "made_on": record.made_on.last_day.isoformat()},
            "regions": [{"key": key} for key in sorted(keys)],
            "updates": [
                {
                    "date": update.date.last_day.isoformat(),
                    **{name: getattr(update, name) for name in ("status", "headline", "explanation")},
                }
                for update in record.updates
            ],
            "sources": [{"title": source.title, "url": source.url} for source in record.sources],
        }
        sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
