"""Records of API Gateway: the wire shape of their noun as JSON, times in Unix milliseconds."""

from __future__ import annotations

from typing import Any

from fogbank.core.conflicts import retrying
from fogbank.gateway.records import Wire
from fogbank.services.apigateway.limits import CONFLICT_RETRIES_MAX
from fogbank.services.apigateway.service import too_many_requests


def shape(**members: Any) -> Wire:
    """A wire shape from those members that are there."""
    return {name: value for name, value in members.items() if value is not None}


def nests_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects of a JSON value lie deeper in each other than that."""
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for each in layer
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not layer:
            return False
    return any(isinstance(each, dict | list) for each in layer)


retried = retrying(CONFLICT_RETRIES_MAX, too_many_requests)
