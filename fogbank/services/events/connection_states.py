"""The life of a connection: what may happen in which state, and what comes of it."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    AUTHORIZED = "AUTHORIZED"
    AUTHORIZING = "AUTHORIZING"
    DEAUTHORIZED = "DEAUTHORIZED"
    DEAUTHORIZING = "DEAUTHORIZING"
    DELETING = "DELETING"


class Event(StrEnum):
    KEYS_SET = "a user name, password or key was given"
    TOKEN_WANTED = "client credentials were given, or are to be tried again"
    GRANTED = "the authorization endpoint gave a token"
    REFUSED = "the authorization endpoint gave none"
    DEAUTHORIZE = "DeauthorizeConnection"
    FORGOTTEN = "its secrets are gone"
    DELETE = "DeleteConnection"


NEXT: dict[tuple[State, Event], State] = {
    **{(state, Event.KEYS_SET): State.AUTHORIZED for state in State if not state.endswith("ING")},
    (State.AUTHORIZING, Event.KEYS_SET): State.AUTHORIZED,
    **{(state, Event.TOKEN_WANTED): State.AUTHORIZING for state in State if not state.endswith("ING")},
    (State.AUTHORIZING, Event.TOKEN_WANTED): State.AUTHORIZING,
    (State.AUTHORIZING, Event.GRANTED): State.AUTHORIZED,
    (State.AUTHORIZED, Event.GRANTED): State.AUTHORIZED,
    (State.AUTHORIZING, Event.REFUSED): State.DEAUTHORIZED,
    (State.AUTHORIZED, Event.REFUSED): State.DEAUTHORIZED,
    **{
        (state, Event.DEAUTHORIZE): State.DEAUTHORIZING
        for state in (State.AUTHORIZED, State.AUTHORIZING, State.DEAUTHORIZED)
    },
    (State.DEAUTHORIZING, Event.FORGOTTEN): State.DEAUTHORIZED,
    **{(state, Event.DELETE): State.DELETING for state in State if state is not State.DELETING},
}


class Impossible(Exception):
    """Not in that state."""


def after(state: str, event: Event) -> State:
    """Raises Impossible."""
    found = NEXT.get((State(state), event))
    if found is None:
        raise Impossible(f"{state}: {event}")
    return found
