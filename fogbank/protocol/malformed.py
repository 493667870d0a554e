"""What a codec raises inside itself when a request does not have the form that its shape asks for.

It never leaves this package: the codec that catches it answers with the AWS error of its protocol family.
"""

from __future__ import annotations


class Malformed(Exception):
    """`message` says what is wrong in AWS's words; `path` is where, innermost step first."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path: list[str | int] = []

    def at(self, step: str | int) -> Malformed:
        """The same problem, one level further out."""
        self.path.append(step)
        return self

    def __str__(self) -> str:
        if not self.path:
            return self.message
        where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in reversed(self.path))
        return f"{self.message} (at '{where.lstrip('.')}')"


#: How AWS names what it wanted. Each with its article, as the sentences have it.
WANTED = {
    "string": "a String",
    "character": "a Character",
    "blob": "a Blob",
    "boolean": "a Boolean",
    "byte": "a Byte",
    "short": "a Short",
    "integer": "an Integer",
    "long": "a Long",
    "bigInteger": "a BigInteger",
    "float": "a Float",
    "double": "a Double",
    "timestamp": "a Timestamp",
}


def wrong_type(value: object, wanted: str) -> Malformed:
    """A value of another kind than `wanted` (a shape's type), in the words of AWS's JSON reader."""
    match value:
        case dict() if wanted != "structure":
            return Malformed("Start of structure or map found where not expected")
        case list() if wanted != "list":
            return Malformed("Start of list found where not expected")
        case _ if wanted == "list":
            return Malformed("Expected list or null")
        case _ if wanted in ("structure", "map"):
            return Malformed("Expected structure or map or null")
        case True:
            kind = "TRUE_VALUE"
        case False:
            kind = "FALSE_VALUE"
        case None:
            kind = "NULL_VALUE"
        case int():
            kind = "NUMBER_VALUE"
        case float():
            kind = "DECIMAL_VALUE"
        case str():
            kind = "STRING_VALUE"
        case bytes():
            kind = "BINARY_VALUE"
        case _:
            kind = "UNKNOWN_VALUE"
    return Malformed(f"{kind} can not be converted to {WANTED[wanted]}")
