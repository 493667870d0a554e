"""The text of a definition into plain JSON values: JSON or YAML, bounded. Knows nothing of APIs."""

from __future__ import annotations

from typing import Any

import orjson
import yaml

from fogbank.services.apigateway.limits import DEFINITION_BYTES_MAX, DEFINITION_NODES_MAX, NESTING_MAX
from fogbank.services.apigateway.service import bad_request

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


def read_definition(body: bytes | None, what: str = "OpenAPI") -> dict[str, Any]:
    """The definition as JSON values with text keys. Raises BadRequestException."""
    if not body:
        raise bad_request(f"Invalid {what} input.")
    if len(body) > DEFINITION_BYTES_MAX:
        raise bad_request(f"API definition size exceeds the limit of {DEFINITION_BYTES_MAX} bytes")
    try:
        content = _load(body)
        plain = _Plain().of(content, NESTING_MAX)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        raise bad_request(f"Invalid {what} input.") from None
    if not isinstance(plain, dict):
        raise bad_request(f"Invalid {what} input.")
    return plain


def _load(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        # _Loader is a SafeLoader: it makes plain values only.
        return yaml.load(body.decode(), Loader=_Loader)


class _Plain:
    """Copies values with their keys as text. Aliases in YAML repeat what they name, so what they add up to is bounded,
    and so is the depth."""

    def __init__(self) -> None:
        self._left = DEFINITION_NODES_MAX

    def of(self, value: Any, levels: int) -> Any:
        self._left -= 1
        if self._left < 0 or levels < 0:
            raise ValueError("too many values, or too deep")
        match value:
            case dict():
                return {self._key(key): self.of(item, levels - 1) for key, item in value.items()}
            case list():
                return [self.of(item, levels - 1) for item in value]
            case None | bool() | int() | float() | str():
                return value
            case _:
                return str(value)

    def _key(self, key: Any) -> str:
        """Status codes are numbers in YAML, `yes` and `no` truth values."""
        return {True: "true", False: "false"}[key] if isinstance(key, bool) else str(key)


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
