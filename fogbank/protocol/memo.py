"""Closures of shapes that hold themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

R = TypeVar("R")


def refer(compiled: dict[str, Callable[..., R]], name: str) -> Callable[..., R]:
    """A closure that stands for the one of shape `name` while that is still being compiled."""

    def call(*arguments: object) -> R:
        return compiled[name](*arguments)

    return call
