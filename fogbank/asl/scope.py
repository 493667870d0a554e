"""What expressions see while they are evaluated, in both query languages. Nothing here is changed by evaluating."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fogbank.asl.jsonata import UNDEFINED, Budget


@dataclass(slots=True)
class Scope:
    """`input` is `$` and `$states.input`; `context` is `$$` and `$states.context`; `variables` by name without `$`.

    `result` and `error_output` are `$states.result` and `$states.errorOutput`, UNDEFINED where there is none. `budget`
    holds what expressions draw from: random numbers, UUIDs and the time. `input_text` is `input` as it was written, if
    it is known: causes quote it. A scope may be reused by changing its members.
    """

    input: Any
    context: Mapping[str, Any]
    variables: Mapping[str, Any]
    budget: Budget
    result: Any = UNDEFINED
    error_output: Any = UNDEFINED
    input_text: str | None = None

    def bindings(self) -> dict[str, Any]:
        """Variables and `$states` as JSONata's bindings."""
        states = {"input": self.input, "context": self.context}
        if self.result is not UNDEFINED:
            states["result"] = self.result
        if self.error_output is not UNDEFINED:
            states["errorOutput"] = self.error_output
        return {**self.variables, "states": states}
