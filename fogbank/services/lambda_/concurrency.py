"""Who runs at this moment, and who may not: reserved and account concurrency as plain counters of this node.

An invocation enters the slots of its function; where the function has no reservation it takes one of the account's
unreserved ones. Several nodes each count their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fogbank.core.limits import ACCOUNT_CONCURRENCY

RESERVED = "ReservedFunctionConcurrentInvocationLimitExceeded"
ACCOUNT = "ConcurrentInvocationLimitExceeded"


class AccountSlots:
    """The unreserved concurrency of one account in one region."""

    __slots__ = ("in_use", "limit", "waiting")

    def __init__(self) -> None:
        self.in_use = 0
        self.limit = ACCOUNT_CONCURRENCY
        self.waiting: set[Callable[[], None]] = set()  # called when a slot was freed

    def reserve_for_others(self, reserved: int) -> None:
        """What functions of the account have reserved is not for the rest."""
        limit = ACCOUNT_CONCURRENCY - reserved
        if limit != self.limit:
            self.limit = limit
            _wake(self.waiting)


class FunctionSlots:
    """The concurrency of one function, all versions together."""

    __slots__ = ("account", "in_use", "reserved", "waiting")

    def __init__(self, account: AccountSlots) -> None:
        self.account = account
        self.in_use = 0
        self.reserved: int | None = None
        self.waiting: set[Callable[[], None]] = set()

    def enter(self) -> str | None:
        """Take a slot; None, or the Reason of the TooManyRequestsException."""
        if self.reserved is None:
            account = self.account
            if account.in_use >= account.limit:
                return ACCOUNT
            account.in_use += 1
        elif self.in_use >= self.reserved:
            return RESERVED
        self.in_use += 1
        return None

    @property
    def free(self) -> int:
        """How many more could enter now."""
        if self.reserved is None:
            return self.account.limit - self.account.in_use
        return self.reserved - self.in_use

    def when_freed(self, callback: Callable[[], None]) -> None:
        """Call back once, when one may be able to enter that could not."""
        (self.account.waiting if self.reserved is None else self.waiting).add(callback)

    async def freed(self) -> None:
        """Return when one may be able to enter that could not."""
        event = asyncio.Event()
        self.when_freed(event.set)
        await event.wait()

    def leave(self) -> None:
        """Give a slot back."""
        self.in_use -= 1
        if self.reserved is None:
            self.account.in_use -= 1
            if self.account.waiting:
                _wake(self.account.waiting)
        if self.waiting:
            _wake(self.waiting)

    def reserve(self, reserved: int | None) -> None:
        """Set the reservation. What runs at this moment counts where the function now belongs."""
        if (self.reserved is None) != (reserved is None):
            self.account.in_use += -self.in_use if reserved is not None else self.in_use
        self.reserved = reserved
        _wake(self.waiting)
        _wake(self.account.waiting)


class Concurrency:
    """The slots of every function that was invoked on this node."""

    def __init__(self) -> None:
        self._accounts: dict[tuple[str, str], AccountSlots] = {}
        self._functions: dict[tuple[str, str, str], FunctionSlots] = {}
        self._provisioned: dict[tuple[str, str, str], dict[str, FunctionSlots]] = {}

    def account(self, account: str, region: str) -> AccountSlots:
        found = self._accounts.get((account, region))
        if found is None:
            found = self._accounts[account, region] = AccountSlots()
        return found

    def function(self, account: str, region: str, name: str) -> FunctionSlots:
        found = self._functions.get((account, region, name))
        if found is None:
            slots = FunctionSlots(self.account(account, region))
            found = self._functions[account, region, name] = slots
        return found

    def provisioned(self, account: str, region: str, name: str, version: str) -> FunctionSlots:
        """The slots of the environments that are ready for one version; how many is for `reserve`. They take none of the
        account's: those were set aside when it was asked for them."""
        versions = self._provisioned.setdefault((account, region, name), {})
        found = versions.get(version)
        if found is None:
            found = versions[version] = FunctionSlots(AccountSlots())
            found.reserve(0)
        return found

    def forget(self, account: str, region: str, name: str) -> None:
        """The function was deleted. What still runs of it gives its slots back to where it took them."""
        self._functions.pop((account, region, name), None)
        self._provisioned.pop((account, region, name), None)


def _wake(waiting: set[Callable[[], None]]) -> None:
    callbacks = list(waiting)
    waiting.clear()
    for callback in callbacks:
        callback()
