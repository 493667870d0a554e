"""Event patterns: those of rules, and TestEventPattern."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.events.pattern_judge import NotJson, judge
from fogbank.services.events.service import SERVICE, validation
from fogbank.services.events.state import Events
from fogbank.streams.filters import Match, PatternError, parse_pattern

#: What TestEventPattern wants. AWS's documentation has `resources` too; an event without them is taken: a guess.
_MEMBERS = ("id", "account", "source", "time", "region", "detail-type")


def check_pattern(text: str) -> Match:
    """The matcher. InvalidEventPatternException in the words of AWS's rule engine."""
    try:
        judge(text)
        return parse_pattern(text)
    except (NotJson, PatternError) as problem:
        raise _invalid(str(problem)) from None
    except RecursionError:
        raise _invalid("nested too deeply") from None


def _invalid(reason: str) -> AwsError:
    return SERVICE.error("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


@SERVICE.operation
async def test_event_pattern(ctx: Call[Events], *, event_pattern: str, event: str) -> dict[str, Any]:
    match = check_pattern(event_pattern)
    try:
        given = orjson.loads(event)
    except orjson.JSONDecodeError as problem:
        raise validation(f"Parameter Event is not valid. Reason: {problem}") from None
    missing = [name for name in _MEMBERS if not isinstance(given, dict) or name not in given]
    if missing:  # the sentence is a guess
        raise validation(f"Parameter Event is not valid. Reason: {missing[0]} is a required argument.")
    return {"Result": match(given)}
