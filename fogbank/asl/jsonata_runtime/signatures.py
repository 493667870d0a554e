"""Signatures such as `<s-nn?:s>`: what arguments a function takes, and how given ones are fitted to them.

A signature becomes a regular expression over one letter for each argument. The fit for a row of letters is worked
out once and remembered: calls repeat the same few.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from fogbank.asl.jsonata_runtime.values import UNDEFINED, Function
from fogbank.asl.jsonata_syntax.errors import JsonataError, JsonataSyntaxError

_LETTERS: Final[dict[type, str]] = {
    str: "s",
    int: "n",
    float: "n",
    bool: "b",
    type(None): "l",
    dict: "o",
    list: "a",
}
_PLURALS: Final = {
    "a": "arrays", "b": "booleans", "f": "functions", "n": "numbers", "o": "objects", "s": "strings",
}  # fmt: skip
_FITS_MAX = 64


@dataclass(frozen=True, slots=True)
class Parameter:
    """`accepts` is a character class over letters; `subtype` what the items of an array must be."""

    accepts: str
    repeat: str
    array: bool
    context: bool
    subtype: str | None


@dataclass(slots=True)
class Signature:
    """`fits` maps letters of arguments to how many of them each parameter takes."""

    parameters: list[Parameter]
    pattern: str
    fits: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def fit(self, arguments: list[Any], context: Any, name: str | None) -> list[Any]:
        """The arguments as the function wants them; a lambda has no `name`. Raises T0410, T0411 or T0412."""
        letters = "".join([letter(argument) for argument in arguments])
        counts = self.fits.get(letters)
        if counts is None:
            counts = self._match(letters, name)
            if len(self.fits) < _FITS_MAX and len(letters) < 16:
                self.fits[letters] = counts
        fitted: list[Any] = []
        index = 0
        for parameter, count in zip(self.parameters, counts, strict=True):
            if count == 0:
                if parameter.context:
                    if not re.match(parameter.accepts, letter(context)):
                        raise _error("T0411", name, index)
                    fitted.append(context)
                else:
                    fitted.append(arguments[index] if index < len(arguments) else UNDEFINED)
                    index += 1
                continue
            for _ in range(count):
                argument = arguments[index]
                fitted.append(_as_array(argument, parameter, index, name) if parameter.array else argument)
                index += 1
        return fitted

    def _match(self, letters: str, name: str | None) -> tuple[int, ...]:
        match = re.fullmatch(self.pattern, letters)
        if match is None:
            raise _error("T0410", name, self._mismatch(letters))
        return tuple(len(group) for group in match.groups())

    def _mismatch(self, letters: str) -> int:
        """The index of the first argument that fits nowhere."""
        partial, good = "", 0
        for parameter in self.parameters:
            partial += parameter.accepts + parameter.repeat
            match = re.match(partial, letters)
            if match is None:
                return good
            good = match.end()
        return good


def _error(code: str, name: str | None, index: int, **fields: Any) -> JsonataError:
    token = {} if name is None else {"token": name}
    return JsonataError(code, index=index + 1, **token, **fields)


def letter(value: Any) -> str:
    """The letter of a value's type."""
    found = _LETTERS.get(type(value))
    if found is not None:
        return found
    if value is UNDEFINED:
        return "m"
    if isinstance(value, list):
        return "a"
    if isinstance(value, Function):
        return "f"
    return "o" if isinstance(value, dict) else "m"


def _as_array(argument: Any, parameter: Parameter, index: int, name: str | None) -> Any:
    kind = letter(argument)
    if kind == "m":
        return UNDEFINED
    subtype = parameter.subtype
    if subtype is not None:
        good = kind == subtype
        if kind == "a":
            first = subtype[0]
            good = all(letter(item) == first for item in argument)
        if not good:
            raise _error("T0412", name, index, type=_PLURALS[subtype[0]])
    return argument if kind == "a" else [argument]


def parse_signature(text: str, position: int = -1) -> Signature:
    """`<s-nn?:s>` to a signature. Raises JsonataSyntaxError (S0401, S0402)."""
    parameters: list[Parameter] = []
    at = 1
    while at < len(text):
        char = text[at]
        if char == ":":
            break
        if char in "-?+":
            if parameters:
                parameters[-1] = _modified(parameters[-1], char)
        elif char == "(":
            end = _closing(text, at, "(", ")")
            choice = text[at + 1 : end]
            if "<" in choice:
                raise JsonataSyntaxError("S0402", position, value=choice)
            parameters.append(Parameter(f"[{re.escape(choice)}m]", "", False, False, None))
            at = end
        elif char == "<":
            end = _closing(text, at, "<", ">")
            previous = parameters[-1] if parameters else None
            if previous is None or not (previous.array or previous.accepts == "f"):
                raise JsonataSyntaxError("S0401", position, value=text)
            if previous.array:
                parameters[-1] = Parameter(
                    previous.accepts, previous.repeat, True, previous.context, text[at + 1 : end]
                )
            at = end
        elif char in "snblo":
            parameters.append(Parameter(f"[{char}m]", "", False, False, None))
        elif char == "a":
            parameters.append(Parameter("[asnblfom]", "", True, False, None))
        elif char == "f":
            parameters.append(Parameter("f", "", False, False, None))
        elif char in "jx":
            parameters.append(Parameter("[asnblom]" if char == "j" else "[asnblfom]", "", False, False, None))
        at += 1
    pattern = "".join(f"({parameter.accepts}{parameter.repeat})" for parameter in parameters)
    return Signature(parameters, pattern)


def _modified(parameter: Parameter, modifier: str) -> Parameter:
    context = parameter.context or modifier == "-"
    repeat = "?" if modifier == "-" else modifier
    return Parameter(parameter.accepts, repeat, parameter.array, context, parameter.subtype)


def _closing(text: str, at: int, opening: str, closing: str) -> int:
    depth = 0
    for index in range(at, len(text)):
        if text[index] == opening:
            depth += 1
        elif text[index] == closing:
            depth -= 1
            if depth == 0:
                return index
    return len(text)
