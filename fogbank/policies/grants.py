"""What several documents grant together: an identity's policies, its boundary, a session's policy. Indexed by action, because an identity
asks for few actions, again and again.
"""

from __future__ import annotations

from collections.abc import Iterable

from fogbank.core.limits import POLICY_ACTIONS_INDEXED_MAX
from fogbank.policies.documents import Asked, Decision, Policy, Statement


class Grants:
    """The statements of all `policies`. Its answers are the same for ever: what changes is another Grants."""

    __slots__ = ("_by_action", "_statements")

    def __init__(self, policies: Iterable[Policy]) -> None:
        found = [statement for policy in policies for statement in policy.statements]
        # Denies first, so that the first statement that applies decides; then those that are quickest to ask.
        self._statements = sorted(found, key=lambda each: (each.allows, not each.is_fixed))
        self._by_action: dict[str, tuple[Statement, ...]] = {}

    def decide(self, asked: Asked) -> Decision:
        statements = self._by_action.get(asked.action)
        if statements is None:
            statements = self._index(asked.action)
        for statement in statements:
            if statement.applies(asked):
                return Decision.ALLOW if statement.allows else Decision.DENY
        return Decision.NEITHER

    def is_fixed(self, action: str) -> bool:
        """Whether what they say about an action depends on nothing but the resource."""
        statements = self._by_action.get(action)
        if statements is None:
            statements = self._index(action)
        return all(statement.is_fixed for statement in statements)

    def _index(self, action: str) -> tuple[Statement, ...]:
        if len(self._by_action) >= POLICY_ACTIONS_INDEXED_MAX:
            self._by_action.clear()  # rare, and cheap to fill again
        folded = action.lower()
        found = self._by_action[action] = tuple(each for each in self._statements if each.is_about(folded))
        return found
