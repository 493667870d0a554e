"""Where state machines, their versions and aliases, and activities lie in the store. Executions have keys of their own.

A state machine is a small head, so that lists cost little, and *revisions*: what an update changed, definition included,
under a number that rises. The head names the current revision, each version the one it published.
"""

from __future__ import annotations

from fogbank.services.stepfunctions.names import MachineName
from fogbank.store.api import Key

#: What the cache of definitions on every node watches: machines, revisions, versions, aliases.
ALL_MACHINES: Key = ("states-machines",)


def machines(account: str, region: str) -> Key:
    return (*ALL_MACHINES, account, region, "machine")


def machine(name: MachineName) -> Key:
    return (*ALL_MACHINES, name.account, name.region, "machine", name.name)


def revisions(name: MachineName) -> Key:
    return (*ALL_MACHINES, name.account, name.region, "revision", name.name)


def revision(name: MachineName, number: int) -> Key:
    return (*revisions(name), number)


def versions(name: MachineName) -> Key:
    return (*ALL_MACHINES, name.account, name.region, "version", name.name)


def version(name: MachineName, number: int) -> Key:
    return (*versions(name), number)


def aliases(name: MachineName) -> Key:
    return (*ALL_MACHINES, name.account, name.region, "alias", name.name)


def alias(name: MachineName, alias_name: str) -> Key:
    return (*aliases(name), alias_name)


def activities(account: str, region: str) -> Key:
    return ("states-activities", account, region)


def activity(account: str, region: str, name: str) -> Key:
    return (*activities(account, region), name)


def activity_queue(account: str, region: str, activity_id: str) -> str:
    """The queue of tasks that wait for a worker. By id: an activity made anew under an old name starts empty."""
    return f"states-activity/{account}/{region}/{activity_id}"
