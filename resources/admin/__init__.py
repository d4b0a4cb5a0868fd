"""The hospital's theatres, people, equipment and beds, and when they may be held."""

from resources.admin import availability, lists, resource

__all__ = ["availability", "lists", "resource"]
