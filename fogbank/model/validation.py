"""Constraint validation compiled from the model, in AWS's wording. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.model.shapes import Shape

#: Takes the params of an operation; gives one text for each violated constraint, in the model's order.
Validator = Callable[[dict[str, Any]], list[str]]


def compile_validator(shape: Shape) -> Validator | None:
    """The validator of an input shape; None when it has no constraint at all."""
    return None
