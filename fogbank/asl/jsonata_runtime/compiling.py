"""What the compilers of single nodes know of the one that calls them."""

from __future__ import annotations

from typing import Protocol

from fogbank.asl.jsonata_runtime.run import Evaluate
from fogbank.asl.jsonata_syntax.nodes import Node


class Compiling(Protocol):
    """Compiles children. See `compiler.Compiler`."""

    deepest: int

    def node(self, node: Node, depth: int, *, tail: bool = False) -> Evaluate: ...
