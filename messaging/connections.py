"""Tell a database that went away from one that refuses what we ask."""

from django.db import DatabaseError, Error, InterfaceError, OperationalError


def is_lost(error: Error) -> bool:
    """Say whether the connection is gone: psycopg2 says so in three ways, one of them without a kind of its own."""
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError
