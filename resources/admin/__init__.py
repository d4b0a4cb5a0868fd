"""The hospital's theatres, people, equipment and beds, and when they may be held."""

from resources.admin import availability, lists, resource, roster

__all__ = ["availability", "lists", "resource", "roster"]
