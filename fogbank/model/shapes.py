"""Shapes and operations of one service model as objects, resolved lazily (models are recursive).

Values inside fogbank, whatever the wire: structures and maps are dicts by wire member name, lists are lists, blobs are
`bytes`, timestamps are `int` Unix milliseconds, integers `int`, floats `float`; absent members are absent (never None).
An event-stream member is an async iterator of single-key dicts `{event name: value}`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from fogbank.model.loader import has_dialect, load


@dataclass(eq=False)
class Shape:
    """One shape. `raw` is its JSON; a member reference adds its own traits (`location`, `locationName`, …)."""

    name: str
    raw: dict[str, Any] = field(repr=False)
    model: ServiceModel = field(repr=False)
    reference: dict[str, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def type(self) -> str:
        """structure, list, map, string, character, blob, boolean, byte, short, integer, long, bigInteger, float,
        double, timestamp."""
        return str(self.raw["type"])

    def trait(self, name: str, default: Any = None) -> Any:
        """A trait of the reference, else of the shape itself (`flattened`, `streaming`, `xmlNamespace`, …)."""
        if name in self.reference:
            return self.reference[name]
        return self.raw.get(name, default)

    @cached_property
    def members(self) -> dict[str, Shape]:
        """Members of a structure, in the model's order."""
        return {
            name: self.model.resolve(reference) for name, reference in self.raw.get("members", {}).items()
        }

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(self.raw.get("required", ()))

    @cached_property
    def member(self) -> Shape:
        """What a list holds."""
        return self.model.resolve(self.raw["member"])

    @cached_property
    def key(self) -> Shape:
        return self.model.resolve(self.raw["key"])

    @cached_property
    def value(self) -> Shape:
        return self.model.resolve(self.raw["value"])

    @cached_property
    def enum(self) -> tuple[str, ...]:
        return tuple(self.raw.get("enum", ()))

    @cached_property
    def payload(self) -> str | None:
        """The member that is the whole HTTP body, if one is."""
        found = self.raw.get("payload")
        return str(found) if found else None

    @cached_property
    def is_event_stream(self) -> bool:
        return bool(self.raw.get("eventstream"))

    @cached_property
    def is_document(self) -> bool:
        return bool(self.raw.get("document"))

    @cached_property
    def error_code(self) -> str:
        """The code of an error shape as it goes over the wire."""
        error = self.raw.get("error", {})
        return str(error.get("code", self.name))

    @cached_property
    def error_status(self) -> int:
        error = self.raw.get("error", {})
        return int(error.get("httpStatusCode", 500 if self.raw.get("fault") else 400))


@dataclass(eq=False)
class OperationModel:
    """One operation of a model."""

    name: str
    raw: dict[str, Any] = field(repr=False)
    service: ServiceModel = field(repr=False)

    @cached_property
    def method(self) -> str:
        return str(self.raw.get("http", {}).get("method", "POST"))

    @cached_property
    def uri(self) -> str:
        return str(self.raw.get("http", {}).get("requestUri", "/"))

    @cached_property
    def status(self) -> int:
        return int(self.raw.get("http", {}).get("responseCode", 200))

    @cached_property
    def input(self) -> Shape | None:
        return self.service.resolve(self.raw["input"]) if "input" in self.raw else None

    @cached_property
    def output(self) -> Shape | None:
        return self.service.resolve(self.raw["output"]) if "output" in self.raw else None

    @cached_property
    def result_wrapper(self) -> str | None:
        """The element that query protocols wrap a result in."""
        found = self.raw.get("output", {}).get("resultWrapper")
        return str(found) if found else None

    @cached_property
    def errors(self) -> dict[str, Shape]:
        """Modelled errors of this operation by shape name."""
        return {ref["shape"]: self.service.resolve(ref) for ref in self.raw.get("errors", [])}


@dataclass(eq=False)
class ServiceModel:
    """One service of botocore. `name` is the boto3 client name."""

    name: str
    raw: dict[str, Any] = field(repr=False)
    _plain: dict[str, Shape] = field(default_factory=dict, repr=False)

    @property
    def metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = self.raw["metadata"]
        return found

    @cached_property
    def protocols(self) -> tuple[str, ...]:
        """Every protocol that clients may use, the preferred first."""
        return tuple(self.metadata.get("protocols") or [self.metadata["protocol"]])

    @cached_property
    def signing_name(self) -> str:
        """The service name in credential scopes."""
        return str(self.metadata.get("signingName") or self.metadata["endpointPrefix"])

    @cached_property
    def operations(self) -> dict[str, OperationModel]:
        return {name: OperationModel(name, raw, self) for name, raw in self.raw["operations"].items()}

    def shape(self, name: str) -> Shape:
        """A shape by name, without reference traits."""
        if (found := self._plain.get(name)) is None:
            found = self._plain[name] = Shape(name, self.raw["shapes"][name], self)
        return found

    def resolve(self, reference: dict[str, Any]) -> Shape:
        """The shape a reference names, carrying the reference's own traits."""
        name = reference["shape"]
        if len(reference) == 1:
            return self.shape(name)
        return Shape(name, self.raw["shapes"][name], self, reference)


@cache
def model_of(service: str) -> ServiceModel:
    """The model of a service by its boto3 client name. Raises ConfigError when botocore has none."""
    return ServiceModel(service, load(service))


def spoken_in(model: ServiceModel, protocol: str) -> ServiceModel:
    """The model with the names that its shapes have in `protocol`."""
    return (
        ServiceModel(model.name, load(model.name, protocol)) if has_dialect(model.name, protocol) else model
    )
