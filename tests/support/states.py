"""Scopes for tests of the states language."""

from __future__ import annotations

from typing import Any

from fogbank.asl.jsonata import Budget
from fogbank.asl.scope import Scope
from fogbank.core.ids import Ids


def scope(
    input: Any = None, *, context: dict[str, Any] | None = None, variables: dict[str, Any] | None = None
) -> Scope:
    """What expressions see, with seeded randomness."""
    return Scope(input, context or {}, variables or {}, Budget(Ids(1), 0))
