"""What an environment that timed out leaves to the next one of its function: its mounts, and so what is in its /tmp.

Lambda ends the process and keeps the sandbox: files in /tmp are still there for the next invocation, memory is not
(recording test_lambda_invoke_timed_out_environment_reuse). The zygote holds the mount namespace until somebody takes it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from fogbank.core.limits import ESTATES_MAX
from fogbank.sandbox.zygote import Zygote


@dataclass(frozen=True, slots=True)
class Estate:
    """The mounts of an environment that has ended."""

    number: int  # of the environment that left it
    uid: int | None  # whose files they are
    zygote: Zygote  # who holds it
    since_s: float


class Estates:
    """By config key: one each, the latest. Bounded; the oldest goes first."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[str, Estate] = OrderedDict()

    def leave(self, key: str, estate: Estate) -> None:
        self.drop(key)
        self._by_key[key] = estate
        while len(self._by_key) > ESTATES_MAX:
            self.drop(next(iter(self._by_key)))

    def take(self, key: str, zygote: Zygote) -> Estate | None:
        """The estate for a new environment that `zygote` makes."""
        estate = self._by_key.get(key)
        if estate is None:
            return None
        if estate.zygote is not zygote:  # its zygote has ended, and the mounts with it
            self.drop(key)
            return None
        return self._by_key.pop(key)

    def drop(self, key: str) -> None:
        """Nobody will take it."""
        estate = self._by_key.pop(key, None)
        if estate is not None:
            estate.zygote.forget(estate.number)

    def drop_older(self, limit_s: float) -> None:
        """Drop those left before `limit_s`."""
        for key in [key for key, estate in self._by_key.items() if estate.since_s <= limit_s]:
            self.drop(key)
