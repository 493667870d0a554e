"""Page tokens of this service (`model.page_tokens`), and how it refuses others."""

from __future__ import annotations

from typing import Any

from fogbank.model import page_tokens
from fogbank.services.logs.service import invalid


def seal(kind: str, *parts: Any) -> str:
    """A token for `kind` (the operation) that carries `parts` (JSON values)."""
    return page_tokens.seal(f"logs {kind}", parts)


def unseal(kind: str, token: str) -> list[Any]:
    """What a token carries. Raises InvalidParameterException for one that was not made for `kind`."""
    try:
        parts: list[Any] = page_tokens.unseal(f"logs {kind}", token)
    except page_tokens.ForeignToken:
        raise invalid("The specified nextToken is invalid.") from None
    return parts
