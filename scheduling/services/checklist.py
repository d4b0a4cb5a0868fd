"""The safety checklist: three moments at which a team stops, along the lines of the World Health Organization's."""

from collections.abc import Collection, Mapping

from scheduling.models import Answer, ChecklistAnswer, ChecklistItem, ChecklistPart, EventKind, OperationEvent
from scheduling.services.errors import InvalidPlanError

BEFORE_KNIFE = (ChecklistPart.SIGN_IN, ChecklistPart.TIME_OUT)
"""The parts without which nobody cuts, but for a reason that is kept."""


def items_of(kind: str) -> list[ChecklistItem]:
    """Return the questions in use that belong to a milestone, in order; most milestones have none."""
    return list(ChecklistItem.objects.filter(part=kind, in_use=True).order_by("position", "id"))


def parts_with_items() -> set[str]:
    """Return the parts that have questions in use: the others are plain milestones, and nothing waits for them."""
    return set(ChecklistItem.objects.filter(in_use=True).values_list("part", flat=True))


def check_answers(kind: str, answers: Mapping[int, str]) -> list[tuple[ChecklistItem, str]]:
    """Return each question with its answer (``answers`` go by the question's number).

    Raises :class:`InvalidPlanError` while a question is open: what can't be answered with yes has to be put right
    first, or does not apply.
    """
    items = items_of(kind)
    unanswered = [item.text for item in items if not _is_answer(item, answers.get(item.pk, ""))]
    if unanswered:
        raise InvalidPlanError("answers", f"Still open: {'; '.join(unanswered)}.")
    return [(item, answers[item.pk]) for item in items]


def _is_answer(item: ChecklistItem, answer: str) -> bool:
    return answer == Answer.YES or (answer == Answer.NOT_APPLICABLE and item.may_not_apply)


def keep_answers(event: OperationEvent, answers: Collection[tuple[ChecklistItem, str]]) -> None:
    """Write the answers down, in the words that were read out."""
    ChecklistAnswer.objects.bulk_create(
        ChecklistAnswer(event=event, item=item, text=item.text, answer=answer) for item, answer in answers
    )


def missing_before_knife(recorded: Collection[str], with_items: Collection[str]) -> list[str]:
    """Return by name the parts of the checklist (of those ``with_items``) that knife to skin still waits for."""
    return [EventKind(part).label for part in BEFORE_KNIFE if part in with_items and part not in recorded]


def demand_checklist(recorded: Collection[str], reason: str) -> None:
    """Refuse knife to skin while the checklist is open, unless a reason is given why nobody could wait."""
    if reason.strip():
        return
    if missing := missing_before_knife(recorded, parts_with_items()):
        message = f"{' and '.join(missing)} of the safety checklist not done. If nobody can wait for it, say why."
        raise InvalidPlanError("reason", message)
