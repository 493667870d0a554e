"""The life of a connection: every state with every event."""

from __future__ import annotations

from itertools import product

import pytest

from fogbank.services.events.connection_states import NEXT, Event, Impossible, State, after

#: What must be possible; everything else is not.
POSSIBLE = {
    ("AUTHORIZED", "KEYS_SET", "AUTHORIZED"),
    ("AUTHORIZED", "TOKEN_WANTED", "AUTHORIZING"),
    ("AUTHORIZED", "GRANTED", "AUTHORIZED"),
    ("AUTHORIZED", "REFUSED", "DEAUTHORIZED"),
    ("AUTHORIZED", "DEAUTHORIZE", "DEAUTHORIZING"),
    ("AUTHORIZED", "DELETE", "DELETING"),
    ("AUTHORIZING", "KEYS_SET", "AUTHORIZED"),
    ("AUTHORIZING", "TOKEN_WANTED", "AUTHORIZING"),
    ("AUTHORIZING", "GRANTED", "AUTHORIZED"),
    ("AUTHORIZING", "REFUSED", "DEAUTHORIZED"),
    ("AUTHORIZING", "DEAUTHORIZE", "DEAUTHORIZING"),
    ("AUTHORIZING", "DELETE", "DELETING"),
    ("DEAUTHORIZED", "KEYS_SET", "AUTHORIZED"),
    ("DEAUTHORIZED", "TOKEN_WANTED", "AUTHORIZING"),
    ("DEAUTHORIZED", "DEAUTHORIZE", "DEAUTHORIZING"),
    ("DEAUTHORIZED", "DELETE", "DELETING"),
    ("DEAUTHORIZING", "FORGOTTEN", "DEAUTHORIZED"),
    ("DEAUTHORIZING", "DELETE", "DELETING"),
}


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair(state: State, event: Event) -> None:
    expected = {then for was, what, then in POSSIBLE if (was, what) == (state.name, event.name)}
    if expected:
        assert after(state, event) == expected.pop()
    else:
        assert (state, event) not in NEXT
        with pytest.raises(Impossible):
            after(state, event)
