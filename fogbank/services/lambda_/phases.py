"""The life of a function version: its phases, what happens to it, and the one table that joins them.

AWS shows a phase as two fields, `State` and `LastUpdateStatus`; `shown` is that mapping.
"""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """Where a function version is."""

    CREATING = "creating"
    ACTIVE = "active"
    UPDATING = "updating"
    CREATION_FAILED = "creation-failed"
    UPDATE_FAILED = "update-failed"


class Change(Enum):
    """What happens to a function version."""

    UPDATED = "updated"  # new code or configuration was committed
    SETTLED = "settled"  # it can run
    BROKEN = "broken"  # this machine cannot run it


TRANSITIONS: dict[tuple[Phase, Change], Phase] = {
    (Phase.CREATING, Change.SETTLED): Phase.ACTIVE,
    (Phase.CREATING, Change.BROKEN): Phase.CREATION_FAILED,
    (Phase.ACTIVE, Change.UPDATED): Phase.UPDATING,
    (Phase.UPDATING, Change.SETTLED): Phase.ACTIVE,
    (Phase.UPDATING, Change.BROKEN): Phase.UPDATE_FAILED,
    (Phase.CREATION_FAILED, Change.UPDATED): Phase.UPDATING,
    (Phase.CREATION_FAILED, Change.SETTLED): Phase.ACTIVE,  # its runtime was installed meanwhile
    (Phase.UPDATE_FAILED, Change.UPDATED): Phase.UPDATING,
    (Phase.UPDATE_FAILED, Change.SETTLED): Phase.ACTIVE,
}

#: Nothing may be changed in these: the last change is still under way.
UNSETTLED = frozenset({Phase.CREATING, Phase.UPDATING})
FAILED = frozenset({Phase.CREATION_FAILED, Phase.UPDATE_FAILED})

_CREATING_REASON = "The function is being created."


def state_of(phase: Phase) -> str:
    """AWS's `State`."""
    if phase in FAILED:
        return "Failed"
    return "Pending" if phase is Phase.CREATING else "Active"


def shown(phase: Phase, reason: str | None, reason_code: str | None) -> dict[str, str]:
    """The members of a FunctionConfiguration that tell the phase. `reason` and its code are those of a failure."""
    state = {"State": state_of(phase)}
    match phase:
        case Phase.CREATING:
            return state | {"StateReason": _CREATING_REASON, "StateReasonCode": "Creating"}
        case Phase.ACTIVE:
            return state | {"LastUpdateStatus": "Successful"}
        case Phase.UPDATING:
            return state | {
                "LastUpdateStatus": "InProgress",
                "LastUpdateStatusReason": _CREATING_REASON,
                "LastUpdateStatusReasonCode": "Creating",
            }
    failure = {"StateReason": reason or "", "StateReasonCode": reason_code or ""}
    if phase is Phase.UPDATE_FAILED:
        failure |= {
            "LastUpdateStatus": "Failed",
            "LastUpdateStatusReason": reason or "",
            "LastUpdateStatusReasonCode": reason_code or "",
        }
    return state | failure
