"""Records of the hot path: immutable to the type checker, plain at run time.

Making a frozen dataclass costs about three times as much as a plain one (each field goes through `object.__setattr__`);
a request makes half a dozen. mypy refuses to assign to their fields all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def hot_record(cls: type[T]) -> type[T]:
    """A dataclass with slots that nobody assigns to."""
    return dataclass(slots=True)(cls)
