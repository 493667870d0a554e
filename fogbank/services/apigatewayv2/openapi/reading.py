"""The text of a definition into plain JSON values: JSON or YAML, bounded. Knows nothing of APIs."""

from __future__ import annotations

from typing import Any

import orjson
import yaml

from fogbank.services.apigatewayv2.limits import (
    DEFINITION_BYTES_MAX,
    DEFINITION_LEVELS_MAX,
    DEFINITION_NODES_MAX,
)
from fogbank.services.apigatewayv2.service import bad_request

try:
    from yaml import CSafeLoader as SafeLoader  # ten times as fast, where the package was built with it
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]


class _Loader(SafeLoader):
    """YAML as OpenAPI means it: JSON's types only, so dates stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}


def read_definition(text: str) -> dict[str, Any]:
    """The definition as JSON values with text keys. Raises BadRequestException."""
    if len(text) > DEFINITION_BYTES_MAX:
        raise bad_request(f"API definition size exceeds the limit of {DEFINITION_BYTES_MAX} bytes")
    left = DEFINITION_NODES_MAX

    def plain(value: Any, levels: int) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or levels < 0:  # aliases of YAML repeat what they name
            raise ValueError("too many values, or too deep")
        match value:
            case dict():
                return {str(key): plain(item, levels - 1) for key, item in value.items()}
            case list():
                return [plain(item, levels - 1) for item in value]
            case None | bool() | int() | float() | str():
                return value
            case _:
                return str(value)

    try:
        try:
            content = orjson.loads(text)
        except orjson.JSONDecodeError:
            content = yaml.load(text, Loader=_Loader)  # a SafeLoader: it makes plain values only
        found = plain(content, DEFINITION_LEVELS_MAX)
    except (yaml.YAMLError, RecursionError, ValueError):
        raise bad_request("Unable to parse API definition because of a malformed body") from None
    if not isinstance(found, dict):
        raise bad_request("Unable to parse API definition because of a malformed body")
    return found
