"""Explains why a plan can't be so.

The database's exclusion constraints decide; this package says why in words, and knows the rules
that a constraint can't express. The form preview, drag and drop, the booking services and the
import all ask the same :func:`find_conflicts`.
"""

from collections.abc import Sequence

from scheduling.conflicts.conflict import Conflict, SchedulingConflictError, Severity
from scheduling.conflicts.facts import Facts
from scheduling.conflicts.rules_hard import HARD_RULES, unknown_resource
from scheduling.conflicts.rules_soft import SOFT_RULES
from scheduling.plan import Plan

__all__ = ["Conflict", "Facts", "SchedulingConflictError", "Severity", "check_plan", "find_conflicts"]


def find_conflicts(plans: Sequence[Plan] | Plan) -> list[Conflict]:
    """Return every conflict of the plans with what is booked and with each other.

    The number of queries is the same for one plan and for many. What the planned operations hold
    now is left out of account: the plans are to replace it.
    """
    plans = [plans] if isinstance(plans, Plan) else list(plans)
    if not plans:
        return []
    facts = Facts.load(plans)
    for plan in plans:
        facts.occupy(plan)
    return [conflict for plan in plans for conflict in check_plan(plan, facts)]


def check_plan(plan: Plan, facts: Facts) -> list[Conflict]:
    """Return the conflicts of one plan with ``facts``, hard ones first; no query is made."""
    unknown = list(unknown_resource(plan, facts))
    if unknown:
        return unknown  # the other rules would have nothing to go by
    return [conflict for rule in (*HARD_RULES, *SOFT_RULES) for conflict in rule(plan, facts)]
