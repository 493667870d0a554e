"""What a metric is: namespace, name and dimensions, and the id its rows lie under."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from fogbank.model.telemetry import Dimensions


def metric_text(namespace: str, name: str, dimensions: Sequence[tuple[str, str]]) -> str:
    """A metric as JSON: its identity. `dimensions` are sorted."""
    return orjson.dumps((namespace, name, dimensions)).decode()


@dataclass(frozen=True)
class Metric:
    """One metric. Dimensions are sorted by name, so that their order in a request does not matter."""

    namespace: str
    name: str
    dimensions: Dimensions = ()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: list[dict[str, str]] | None) -> Metric:
        """From the wire form of dimensions."""
        pairs = sorted((one["Name"], one["Value"]) for one in dimensions or ())
        return cls(namespace, name, tuple(pairs))

    @cached_property
    def text(self) -> str:
        """All of it as JSON: its identity."""
        return metric_text(self.namespace, self.name, self.dimensions)

    @classmethod
    def of_text(cls, text: str) -> Metric:
        namespace, name, dimensions = orjson.loads(text)
        return cls(namespace, name, tuple((key, value) for key, value in dimensions))

    @cached_property
    def id(self) -> bytes:
        return hashlib.blake2b(self.text.encode(), digest_size=12).digest()

    def wire_dimensions(self) -> list[dict[str, str]]:
        return [{"Name": name, "Value": value} for name, value in self.dimensions]

    def wire(self) -> dict[str, Any]:
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": self.wire_dimensions()}


@dataclass(frozen=True, slots=True)
class Known:
    """A metric as stored, with when it last had data."""

    metric: Metric
    seen_ms: int

    def pack(self) -> bytes:
        return orjson.dumps((self.metric.namespace, self.metric.name, self.metric.dimensions, self.seen_ms))

    @classmethod
    def unpack(cls, value: bytes) -> Known:
        namespace, name, dimensions, seen_ms = orjson.loads(value)
        pairs = tuple((key, text) for key, text in dimensions)
        return cls(Metric(namespace, name, pairs), seen_ms)
