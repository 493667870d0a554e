"""A definition as it was sent, and the references within it. Knows nothing of APIs."""

from __future__ import annotations

from typing import Any

from fogbank.gateway import definitions
from fogbank.services.apigateway.limits import DEFINITION_BYTES_MAX, DEFINITION_NODES_MAX, NESTING_MAX
from fogbank.services.apigateway.service import bad_request


def read_definition(body: bytes | None, what: str = "OpenAPI") -> dict[str, Any]:
    """The definition as JSON values with text keys. Raises BadRequestException."""
    if not body:
        raise bad_request(f"Invalid {what} input.")
    if len(body) > DEFINITION_BYTES_MAX:
        raise bad_request(f"API definition size exceeds the limit of {DEFINITION_BYTES_MAX} bytes")
    try:
        return definitions.read_definition(body, nodes_max=DEFINITION_NODES_MAX, levels_max=NESTING_MAX)
    except definitions.BadDefinition:
        raise bad_request(f"Invalid {what} input.") from None


class References:
    """Follows `$ref` within one definition."""

    DEPTH_MAX = 32

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document

    def resolve(self, value: Any) -> Any:
        """`value`, or what its local `$ref` leads to."""
        for _ in range(self.DEPTH_MAX):
            if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
                return value
            value = self._at(value["$ref"])
        raise bad_request("Invalid OpenAPI input.: references lead in a circle")

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise bad_request(f"Unable to resolve reference {reference}: only local references are supported")
        found: Any = self._document
        for step in reference[2:].split("/"):
            step = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or step not in found:
                raise bad_request(f"Unable to resolve reference {reference}")
            found = found[step]
        return found
