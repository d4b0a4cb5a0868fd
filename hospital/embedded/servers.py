"""The two servers by name, so that the rest need not tell them apart."""

from types import ModuleType

from hospital.embedded import postgres, redis

SERVERS: dict[str, ModuleType] = {"postgres": postgres, "redis": redis}
"""Each offers ``prepare``, ``service``, ``is_ready`` and ``sockets``, all of a place."""
