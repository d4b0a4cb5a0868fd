"""Chance, the same at every load: the demo of a day is always the same demo."""

from random import Random


def dice_for(name: str) -> Random:
    """Return dice that fall the same way for the same ``name``."""
    return Random(name)  # noqa: S311  # nothing secret depends on it


def happens(rng: Random, share: float) -> bool:
    """Say yes in ``share`` of all cases."""
    return rng.random() < share
