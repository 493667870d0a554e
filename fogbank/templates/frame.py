"""One rendering under way: its variables, what it has written, and how much it may still do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.templates.errors import TemplateError
from fogbank.templates.limits import DEPTH_MAX, OUTPUT_CHARS_MAX, STEPS_MAX
from fogbank.templates.methods import VtlObject

LONG = 1000

Run = Callable[["Frame"], None]
Evaluate = Callable[["Frame"], Any]


class StopSignal(Exception):
    """`#stop`: what was written so far is the result."""


class BreakSignal(Exception):
    """`#break`: out of the innermost loop."""


class Frame:
    """See the module. `scope` holds the variables, given and set."""

    __slots__ = ("depth", "left_chars", "left_steps", "macros", "out", "scope")

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope = scope
        self.out: list[str] = []
        self.macros: dict[str, tuple[tuple[str, ...], Run]] = {}
        self.left_steps = STEPS_MAX
        self.left_chars = OUTPUT_CHARS_MAX
        self.depth = 0

    def step(self) -> None:
        self.left_steps -= 1
        if self.left_steps < 0:
            raise TemplateError("the template does too much")

    def charge(self, value: Any) -> None:
        """Long strings and lists cost more steps than short ones: a step is bounded work."""
        if type(value) is str:
            if len(value) > LONG:
                self.left_steps -= len(value) // LONG
        elif type(value) is list and len(value) > LONG:
            self.left_steps -= len(value) // 50

    def write(self, text: str) -> None:
        self.left_chars -= len(text)
        if self.left_chars < 0:
            raise TemplateError("the template's output is too long")
        self.out.append(text)

    def capture(self, run: Run) -> str:
        """What a block writes, as a string instead."""
        self.step()
        self.depth += 1
        if self.depth > DEPTH_MAX:
            raise TemplateError("the template is nested too deeply")
        outer, self.out = self.out, []
        try:
            run(self)
            text = "".join(self.out)
            self.charge(text)
            return text
        finally:
            self.out = outer
            self.depth -= 1


class Defined:
    """`#define`: a block that is rendered wherever its variable is read."""

    __slots__ = ("run",)

    def __init__(self, run: Run) -> None:
        self.run = run


class Loop(VtlObject):
    """`$foreach`."""

    __slots__ = ("index", "parent", "size")

    def __init__(self, size: int, parent: Any) -> None:
        self.index = 0
        self.size = size
        self.parent = parent

    def vtl_property(self, name: str) -> Any:
        match name:
            case "index":
                return self.index
            case "count":
                return self.index + 1
            case "hasNext":
                return self.index + 1 < self.size
            case "first":
                return self.index == 0
            case "last":
                return self.index + 1 == self.size
            case "parent":
                return self.parent
            case "topmost":
                return self.parent.vtl_property("topmost") if isinstance(self.parent, Loop) else self
            case _:
                return None

    def vtl_call(self, name: str, arguments: list[Any]) -> Any:
        if name == "stop":
            raise BreakSignal
        getter = name.removeprefix("get").removeprefix("is")
        return self.vtl_property(name if name == "hasNext" else getter[:1].lower() + getter[1:])
