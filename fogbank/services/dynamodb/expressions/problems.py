"""What can be wrong with an expression that can be read.

DynamoDB reads an expression to its end, so that a syntax error comes before anything else, and then tells the problem that
comes first in this order. Whether the values exist it looks at in between, which only a request can tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from fogbank.core.errors import AwsError


class Rank(IntEnum):
    """In the order in which DynamoDB tells them."""

    RESERVED_IN_UPDATE = 0
    PARENTHESES = 1
    FUNCTION = 2  # there is no such function
    MISUSE = 3
    RESERVED = 4
    SECTION = 5
    NAME = 6
    VALUE = 7  # not noted by any parser
    OVERLAP = 8
    CONFLICT = 9
    OPERANDS = 10
    DISTINCT = 11
    PATH = 12


class Late(AwsError):
    """A problem that is told only when every value that the expression uses is there."""

    def __init__(self, message: str, values_used: Iterable[str]) -> None:
        super().__init__("ValidationException", message)
        self.values_used = tuple(values_used)
