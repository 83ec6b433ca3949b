"""The database itself refuses to change or delete what was published."""

from promises import triggers
from promises.triggers import Refusal

KEYS = {
    "promises_edition": "number",
    "promises_version": "id",
    "promises_alias": "slug",
    "promises_seal": "version_id",
}
SENTENCE = "The record is only ever added to."


def refusals(vendor):
    """The triggers that keep the record insert-only on this database."""
    found = [
        Refusal(f"{table}_no_{verb.lower()}", table, verb, SENTENCE)
        for table in KEYS
        for verb in ("UPDATE", "DELETE", *(("TRUNCATE",) if vendor == "postgresql" else ()))
    ]
    if vendor == "sqlite":
        # SQLite's REPLACE removes a row without asking the trigger on deletion.
        for table, key in KEYS.items():
            taken = f"{key} = NEW.{key}"
            if table == "promises_version":
                taken += " OR (promise_id = NEW.promise_id AND number = NEW.number)"
            exists = f"EXISTS (SELECT 1 FROM {table} WHERE {taken})"
            found.append(Refusal(f"{table}_no_replace", table, "INSERT", SENTENCE, exists))
    return found


def install(connection):
    """Put them in place; does nothing where they already are."""
    triggers.install(connection, refusals(connection.vendor))


def remove(connection):
    """Take them away: for the flush between tests and nothing else."""
    triggers.remove(connection, refusals(connection.vendor))


def missing(connection):
    """The names of those that are not in place."""
    return triggers.missing(connection, refusals(connection.vendor))
