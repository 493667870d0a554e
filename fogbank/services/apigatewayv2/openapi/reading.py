"""A definition as it was sent. Knows nothing of APIs."""

from __future__ import annotations

from typing import Any

from fogbank.gateway import definitions
from fogbank.services.apigatewayv2.limits import (
    DEFINITION_BYTES_MAX,
    DEFINITION_LEVELS_MAX,
    DEFINITION_NODES_MAX,
)
from fogbank.services.apigatewayv2.service import bad_request


def read_definition(text: str) -> dict[str, Any]:
    """The definition as JSON values with text keys. Raises BadRequestException."""
    if len(text) > DEFINITION_BYTES_MAX:
        raise bad_request(f"API definition size exceeds the limit of {DEFINITION_BYTES_MAX} bytes")
    try:
        return definitions.read_definition(
            text, nodes_max=DEFINITION_NODES_MAX, levels_max=DEFINITION_LEVELS_MAX
        )
    except definitions.BadDefinition:
        raise bad_request("Unable to parse API definition because of a malformed body") from None
