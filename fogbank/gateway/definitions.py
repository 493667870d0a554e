"""The text of an OpenAPI definition into plain JSON values: JSON or YAML, bounded."""

from __future__ import annotations

from typing import Any

import orjson
import yaml

try:
    from yaml import CSafeLoader as SafeLoader  # ten times as fast, where the package was built with it
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]


class BadDefinition(ValueError):
    """It is neither JSON nor YAML, holds more than it may, or is no object."""


class _Loader(SafeLoader):
    """YAML as OpenAPI means it: JSON's types only, so dates stay text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}


def read_definition(text: bytes | str, *, nodes_max: int, levels_max: int) -> dict[str, Any]:
    """The definition as JSON values with text keys. Raises BadDefinition."""
    try:
        plain = _Plain(nodes_max).of(_load(text), levels_max)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        raise BadDefinition from None
    if not isinstance(plain, dict):
        raise BadDefinition
    return plain


def _load(text: bytes | str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # _Loader is a SafeLoader: it makes plain values only.
        return yaml.load(text if isinstance(text, str) else text.decode(), Loader=_Loader)


class _Plain:
    """Copies values with their keys as text. Aliases in YAML repeat what they name, so what they add up to is bounded,
    and so is the depth."""

    def __init__(self, nodes_max: int) -> None:
        self._left = nodes_max

    def of(self, value: Any, levels: int) -> Any:
        self._left -= 1
        if self._left < 0 or levels < 0:
            raise ValueError("too many values, or too deep")
        match value:
            case dict():
                return {_key(key): self.of(item, levels - 1) for key, item in value.items()}
            case list():
                return [self.of(item, levels - 1) for item in value]
            case None | bool() | int() | float() | str():
                return value
            case _:
                return str(value)


def _key(key: Any) -> str:
    """Status codes are numbers in YAML, `yes` and `no` truth values."""
    return {True: "true", False: "false"}[key] if isinstance(key, bool) else str(key)
