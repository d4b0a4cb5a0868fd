"""The card of an operation's page about consent."""

from dataclasses import dataclass
from typing import TypeVar

from accounts.models import User
from patients.permissions import CHANGE_RECORD
from scheduling.forms.consent import ConsentForm, ReasonForm, WithdrawConsentForm
from scheduling.models import ConsentAnswer, Operation, OperationConsent, Status
from scheduling.selectors.consent import ConsentState, consent_state, consents_of

F = TypeVar("F", WithdrawConsentForm, ReasonForm)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentCard:
    """How it stands, what was recorded before, and the forms for whoever may record; none once it was cancelled.

    ``withdraw`` is there while consent stands, ``take_back`` while anything does.
    """

    state: ConsentState
    before: list[OperationConsent]
    record: ConsentForm | None = None
    withdraw: WithdrawConsentForm | None = None
    take_back: ReasonForm | None = None

    @classmethod
    def of(
        cls, operation: Operation, actor: User, refused: ConsentForm | WithdrawConsentForm | ReasonForm | None = None
    ) -> "ConsentCard":
        """Return the card; a form that was refused keeps what was typed."""
        state = consent_state([operation])[operation.pk]
        stands = state.consent
        before = [row for row in consents_of(operation) if stands is None or row.pk != stands.pk]
        if not actor.can(CHANGE_RECORD) or operation.status == Status.CANCELLED:
            return cls(state=state, before=before)
        given = stands is not None and stands.answer == ConsentAnswer.GIVEN
        return cls(
            state=state,
            before=before,
            record=refused if isinstance(refused, ConsentForm) else ConsentForm(operation=operation, actor=actor),
            withdraw=_kept(refused, WithdrawConsentForm, "withdraw") if given else None,
            take_back=_kept(refused, ReasonForm, "take-back") if stands else None,
        )


def _kept(refused: object, kind: type[F], prefix: str) -> F:
    return refused if isinstance(refused, kind) else kind(prefix=prefix)
