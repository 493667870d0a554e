"""What the STS operations work with. STS keeps nothing: a session token carries its principal, sealed."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.model.principal import SessionIssuer
from fogbank.store.api import Store


class Sts:
    """The state of STS; holds nothing but its dependencies."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, sessions: SessionIssuer) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.sessions = sessions

    async def start(self) -> None:
        """Nothing runs in the background."""

    async def close(self) -> None:
        """Nothing to end."""
