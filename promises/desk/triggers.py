"""What the database refuses at the desk: nothing published is deleted, no number is given twice."""

from promises import triggers
from promises.triggers import Refusal

REFUSALS = [
    Refusal(
        "promises_promise_keep",
        "promises_promise",
        "DELETE",
        "A published promise is not deleted. Withdraw it with a reason.",
        "OLD.identity IS NOT NULL",
    ),
    Refusal(
        "promises_promise_same_identity",
        "promises_promise",
        "UPDATE OF identity",
        "A promise keeps its identity for ever.",
        "OLD.identity IS NOT NULL AND (NEW.identity IS NULL OR NEW.identity <> OLD.identity)",
    ),
    Refusal(
        "promises_update_keep",
        "promises_update",
        "DELETE",
        "A published update is not deleted. Withdraw it with a reason.",
        "OLD.counts_from IS NOT NULL",
    ),
    Refusal(
        "promises_update_same_number",
        "promises_update",
        "UPDATE OF number",
        "An update keeps its number for ever.",
        "OLD.number IS NOT NULL AND OLD.counts_from IS NOT NULL AND (NEW.number IS NULL OR NEW.number <> OLD.number)",
    ),
    Refusal(
        "promises_update_has_source",
        "promises_update",
        "UPDATE OF counts_from",
        "An update needs at least one source before it is published.",
        "NEW.counts_from IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM promises_citation WHERE promises_citation.update_id = NEW.id)",
    ),
]


def install(connection):
    """Put them in place; does nothing where they already are."""
    triggers.install(connection, REFUSALS)


def remove(connection):
    """Take them away: for the flush between tests and nothing else."""
    triggers.remove(connection, REFUSALS)


def make_way(connection):
    """Take away, until the next installation, those that keep SQLite from making another table anew.

    It refuses to give a table its name while a trigger elsewhere looks into a table of that name.
    """
    if connection.vendor == "sqlite":
        triggers.remove(connection, [refusal for refusal in REFUSALS if " FROM " in refusal.condition])


def missing(connection):
    """The names of those that are not in place."""
    return triggers.missing(connection, REFUSALS)
