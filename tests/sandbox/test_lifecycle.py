"""The whole product of states and events."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.sandbox.lifecycle import GONE, IDLE, TRANSITIONS, Event, IllegalTransition, State, after


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_pair_is_in_the_table_or_raises(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert after(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransition, match=f"{event.value} in {state.value}"):
            after(state, event)


@pytest.mark.parametrize("state", [state for state in State if state is not State.ENDED])
def test_every_living_state_can_end(state: State) -> None:
    assert after(state, Event.EXITED) is State.ENDED
    if state is not State.ENDING:
        assert after(state, Event.KILLED) is State.ENDING


def test_nothing_leads_back_from_the_end() -> None:
    assert all(target in GONE for (state, _), target in TRANSITIONS.items() if state in GONE)
    assert not any(state is State.ENDED for state, _ in TRANSITIONS)


def test_only_an_idle_thawed_environment_can_be_invoked() -> None:
    assert [state for state, event in TRANSITIONS if event is Event.INVOKED] == [State.READY]
    assert frozenset({State.READY, State.FROZEN}) == IDLE


@given(st.lists(st.sampled_from(Event), max_size=30))
def test_any_history_that_is_allowed_ends_where_the_table_says(events: list[Event]) -> None:
    state, was_gone = State.STARTING, False
    for event in events:
        try:
            state = after(state, event)
        except IllegalTransition as refused:
            assert refused.state is state
            continue
        assert state in GONE or not was_gone
        was_gone = state in GONE
