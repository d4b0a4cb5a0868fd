"""The catalogue to edit; operations and what happened to them to look at."""

from scheduling.admin import catalogue, operation

__all__ = ["catalogue", "operation"]
