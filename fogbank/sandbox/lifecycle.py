"""The life of an environment: its states, what happens to it, and the one table that joins them.

An environment that misbehaves is always on its way to ENDED; nothing leads back from there. A pair that is not in the
table is a defect of ours, never of a function, and raises.
"""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Where an environment is."""

    STARTING = "starting"  # asked of the zygote; walling itself in
    INIT = "init"  # the runtime starts and runs the function's module code
    READY = "ready"  # idle and running
    FROZEN = "frozen"  # idle; its processes get no CPU
    BUSY = "busy"  # serving one invocation
    ENDING = "ending"  # being killed
    ENDED = "ended"  # no process of it is left


class Event(Enum):
    """What happens to an environment."""

    BEGUN = "begun"
    INITIALISED = "initialised"
    INVOKED = "invoked"
    ANSWERED = "answered"
    FROZE = "froze"
    THAWED = "thawed"
    KILLED = "killed"
    EXITED = "exited"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.STARTING, Event.BEGUN): State.INIT,
    (State.INIT, Event.INITIALISED): State.READY,
    (State.READY, Event.INVOKED): State.BUSY,
    (State.BUSY, Event.ANSWERED): State.READY,
    (State.READY, Event.FROZE): State.FROZEN,
    (State.FROZEN, Event.THAWED): State.READY,
    (State.STARTING, Event.KILLED): State.ENDING,
    (State.INIT, Event.KILLED): State.ENDING,
    (State.READY, Event.KILLED): State.ENDING,
    (State.FROZEN, Event.KILLED): State.ENDING,
    (State.BUSY, Event.KILLED): State.ENDING,
    (State.STARTING, Event.EXITED): State.ENDED,
    (State.INIT, Event.EXITED): State.ENDED,
    (State.READY, Event.EXITED): State.ENDED,
    (State.FROZEN, Event.EXITED): State.ENDED,
    (State.BUSY, Event.EXITED): State.ENDED,
    (State.ENDING, Event.EXITED): State.ENDED,
}

IDLE = frozenset({State.READY, State.FROZEN})
GONE = frozenset({State.ENDING, State.ENDED})


class IllegalTransition(Exception):
    """A defect: `event` cannot happen in `state`."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event.value} in {state.value}")
        self.state = state
        self.event = event


def after(state: State, event: Event) -> State:
    """The state that `event` leads to."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise IllegalTransition(state, event) from None
