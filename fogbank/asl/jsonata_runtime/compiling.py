"""What the compilers of single nodes know of the one that calls them."""

from __future__ import annotations

from typing import Protocol

from fogbank.asl.jsonata_runtime.run import Evaluate
from fogbank.asl.jsonata_syntax.nodes import Node


class Compiling(Protocol):
    """Compiles children. See `compiler.Compiler`."""

    deepest: int

    def fresh(self, *, guarded: bool) -> Compiling:
        """A compiler for another body."""

    def node(self, node: Node, depth: int, *, tail: bool = False) -> Evaluate:
        """The closure of `node` at `depth`; `tail` if what it returns is what the body returns."""
