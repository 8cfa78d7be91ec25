"""Where proposals are kept: records of the kind `action`, each its customer's, and the list of those under way."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from llmops.agent.proposals import ActionRefused, Proposal
from telecom.ports import Record, Records

KIND, UNDER_WAY, KEYS = "action", "action_under_way", "idempotency_key"
EVERYBODY = "actions under way"
"""Owner of the list of what is being carried out, which is no customer's."""
KEPT, KEY_KEPT = timedelta(days=180), timedelta(days=1)
MOST = 50
MOST_UNDER_WAY = 1_000


class ActionStore:
    """Proposals over the Records port."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def add(self, proposal: Proposal) -> None:
        """Keeps a new one."""
        self._records.change(KIND, proposal.id, lambda _: _record(proposal))

    def find(self, action_id: str) -> Proposal | None:
        """The proposal; None where there is none."""
        if not action_id or len(action_id) > 100 or not action_id.isascii():
            return None
        record = self._records.read(KIND, action_id)
        return Proposal.of_json(record.value) if record else None

    def change(self, action_id: str, change: Callable[[Proposal], Proposal]) -> Proposal:
        """Brings it into another state; of two at once the later sees what the earlier did.

        Raises:
            ActionRefused: `not_found`; and whatever `change` raises.
        """

        def replaced(record: Record | None) -> Record | None:
            if record is None:
                raise not_found()
            return _record(change(Proposal.of_json(record.value)))

        stored = self._records.change(KIND, action_id, replaced)
        if stored is None:
            raise not_found()
        return Proposal.of_json(stored.value)

    def of(self, customer_id: str, now: datetime, most: int = MOST) -> tuple[Proposal, ...]:
        """A customer's proposals as they stand, the newest first."""
        kept = self._records.of(KIND, customer_id, max(1, min(most, MOST)))
        return tuple(Proposal.of_json(record.value).at(now) for record in kept)

    def begin(self, action_id: str) -> None:
        """Puts it on the list, before it is approved: so that whatever is approved and not ended is on it."""
        self._records.change(UNDER_WAY, action_id, lambda _: Record(action_id, {}, EVERYBODY))

    def end(self, action_id: str) -> None:
        """Takes it off the list."""
        self._records.change(UNDER_WAY, action_id, lambda _: None)

    def under_way(self) -> tuple[str, ...]:
        """What is on the list."""
        return tuple(record.key for record in self._records.of(UNDER_WAY, EVERYBODY, MOST_UNDER_WAY))

    def use_key(self, key: str, who: str, customer_id: str, meant: str, now: datetime) -> None:
        """Ties an Idempotency-Key of a person to one decision for a day.

        Raises:
            ActionRefused: `key_reused`; it stands for another decision.
        """
        name = hashlib.sha256(f"{who}\n{key}".encode("utf-8", "replace")).hexdigest()

        def tied(record: Record | None) -> Record | None:
            if record and record.value != meant:
                raise ActionRefused("key_reused", "Esta chave de idempotência já foi usada em outra decisão.")
            return record or Record(name, meant, customer_id, now + KEY_KEPT)

        self._records.change(KEYS, name, tied)


def not_found() -> ActionRefused:
    """The answer to an unknown id and to another customer's, which look the same."""
    return ActionRefused("not_found", "Essa proposta não existe.")


def _record(proposal: Proposal) -> Record:
    return Record(proposal.id, proposal.to_json(), proposal.customer_id, proposal.expires_at + KEPT)
