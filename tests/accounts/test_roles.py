"""The table of roles."""

import pytest

from accounts.permissions import NotAllowedError
from accounts.roles import DEFAULTS, WORDS, Role

COMMANDS = {f"scheduling.{verb}_operation" for verb in ("book", "move", "confirm")} | {"scheduling.assign_resource"}


def test_each_capability_has_words() -> None:
    assert set(WORDS) == frozenset().union(*DEFAULTS.values())


@pytest.mark.parametrize("role", Role)
def test_a_warning_is_overridden_by_those_who_can_meet_one(role: Role) -> None:
    held = DEFAULTS[role]
    assert "scheduling.override_conflict" not in held or held >= COMMANDS


def test_a_refusal_is_a_sentence() -> None:
    said = str(NotAllowedError("scheduling.book_operation"))
    assert said == "Your role does not let you schedule operations. Ask a theatre coordinator."
