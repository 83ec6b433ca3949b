"""What errors say that the database did not answer."""

from django.db import InterfaceError, OperationalError, connection

AWAY = (
    *(OperationalError, InterfaceError),
    # Django lets the driver's own through when it closes a cursor on the server.
    *(connection.Database.OperationalError, connection.Database.InterfaceError),
)
