"""Rules that the database itself keeps, said once for SQLite and PostgreSQL."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """A trigger that refuses a statement on a table, row by row, where a condition on NEW and OLD holds."""

    name: str
    table: str
    verb: str  # INSERT, UPDATE, UPDATE OF column, DELETE
    sentence: str
    condition: str = "TRUE"

    def install(self, cursor, vendor):
        for statement in self._statements(vendor):
            cursor.execute(statement)

    def remove(self, cursor, vendor):
        on_table = f" ON {self.table}" if vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER IF EXISTS {self.name}{on_table}")

    def _statements(self, vendor):
        sentence = self.sentence.replace("'", "''")
        if vendor == "sqlite":
            return [
                f"CREATE TRIGGER IF NOT EXISTS {self.name} BEFORE {self.verb} ON {self.table} "
                f"WHEN {self.condition} BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
            ]
        row = "OLD" if self.verb == "DELETE" else "NEW"
        scope = "STATEMENT" if self.verb == "TRUNCATE" else "ROW"
        going_on = "RETURN NULL" if self.verb == "TRUNCATE" else f"RETURN {row}"
        return [
            f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {self.condition} THEN RAISE EXCEPTION '{sentence}' USING ERRCODE = '23514'; END IF; "
            f"{going_on}; END $$",
            f"DROP TRIGGER IF EXISTS {self.name} ON {self.table}",
            f"CREATE TRIGGER {self.name} BEFORE {self.verb} ON {self.table} "
            f"FOR EACH {scope} EXECUTE FUNCTION {self.name}()",
        ]


def install(connection, refusals):
    """Put the triggers in place; does nothing where they already are."""
    with connection.cursor() as cursor:
        for refusal in refusals:
            refusal.install(cursor, connection.vendor)


def remove(connection, refusals):
    """Take the triggers away: for the flush between tests and nothing else."""
    with connection.cursor() as cursor:
        for refusal in refusals:
            refusal.remove(cursor, connection.vendor)


def missing(connection, refusals):
    """The names of the triggers that are not in place."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        return {refusal.name for refusal in refusals} - {name for (name,) in cursor.fetchall()}
