"""What AWS says about an event pattern that is none: its rule engine reads it token by token and names the place. Pure.

The sentences and their order are those of AWS's published engine (event-ruler). What passes here is compiled by `streams.filters`.
"""

from __future__ import annotations

import ipaddress
import re

from fogbank.services.events.json_tokens import Kind, NotJson, Tokens
from fogbank.streams.operators import wildcard_problem

__all__ = ["NotJson", "judge"]

_RESERVED_IN_OR = frozenset(
    {"exactly", "equals-ignore-case", "prefix", "suffix", "anything-but", "exists", "wildcard", "numeric"}
    | {"cidr", "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after"}
    | {"date-on-or-after", "date-before", "date-on-or-before", "in-date-range", "ip-address-in-range"}
    | {"ip-address-not-in-range"}
)
_SCALARS = frozenset({Kind.STRING, Kind.NUMBER, Kind.TRUE, Kind.FALSE, Kind.NULL})
_ONE_KEY = "Only one key allowed in match expression"
_TOO_MANY = "Too many elements in numeric expression"
_NUMBER_MAX = 5.0e9
_IPV4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\Z")
_IPV6 = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*\Z")


def judge(text: str) -> None:
    """Raises NotJson with AWS's sentence about what is wrong first."""
    tokens = Tokens(text)
    if tokens.next() is not Kind.OBJECT:
        tokens.fail("Filter is not an object")
    _object(tokens, in_or=False)


def _object(tokens: Tokens, *, in_or: bool) -> None:
    empty = True
    while tokens.next() is not Kind.OBJECT_END:
        empty = False
        name = tokens.name
        if name == "$or":
            _or(tokens)
            continue
        if in_or and name in _RESERVED_IN_OR:
            tokens.fail(f"{name} is Ruler reserved fieldName which cannot be used inside $or.")
        match tokens.next():
            case Kind.OBJECT:
                _object(tokens, in_or=in_or)
            case Kind.ARRAY:
                _values(tokens)
            case _:
                tokens.fail(f'"{name}" must be an object or an array')
    if empty:
        tokens.fail("Empty objects are not allowed")


def _or(tokens: Tokens) -> None:
    if tokens.next() is not Kind.ARRAY:
        tokens.fail("It must be an Array followed with $or.")
    count = 0
    while (kind := tokens.next()) is not Kind.ARRAY_END:
        count += 1
        if kind is not Kind.OBJECT:
            tokens.fail("Only JSON object is allowed in array of $or relationship.")
        _object(tokens, in_or=True)
    if count < 2:
        tokens.fail("There must have at least 2 Objects in $or relationship.")


def _values(tokens: Tokens) -> None:
    empty = True
    while (kind := tokens.next()) is not Kind.ARRAY_END:
        empty = False
        if kind is Kind.OBJECT:
            _expression(tokens)
        elif kind not in _SCALARS:
            tokens.fail("Match value must be String, number, true, false, or null")
        elif kind is Kind.STRING:
            _ = tokens.text
    if empty:
        tokens.fail("Empty arrays are not allowed")


def _expression(tokens: Tokens) -> None:
    if tokens.next() is not Kind.NAME:
        tokens.fail("Match expression name not found")
    match tokens.name:
        case "exactly":
            _string(tokens, "exact match pattern must be a string")
        case "prefix" | "suffix" as name:
            _affix(tokens, name)
            return
        case "numeric":
            _numeric(tokens)
            return
        case "anything-but":
            _anything_but(tokens)
            return
        case "exists":
            if tokens.next() not in (Kind.TRUE, Kind.FALSE):
                tokens.fail("exists match pattern must be either true or false.")
        case "cidr":
            # The engine's own sentence: it speaks of prefixes here as well.
            _cidr(tokens, _string(tokens, "prefix match pattern must be a string"))
        case "equals-ignore-case":
            _string(tokens, "equals-ignore-case match pattern must be a string")
        case "wildcard":
            _wildcard(tokens, _string(tokens, "wildcard match pattern must be a string"))
        case name:
            tokens.fail(f"Unrecognized match type {name}")
    _end(tokens, _ONE_KEY)


def _string(tokens: Tokens, problem: str) -> str:
    if tokens.next() is not Kind.STRING:
        tokens.fail(problem)
    return tokens.text


def _end(tokens: Tokens, problem: str) -> None:
    if tokens.next() is not Kind.OBJECT_END:
        tokens.fail(problem)


def _affix(tokens: Tokens, name: str) -> None:
    """prefix and suffix: a text, or one whose case does not matter."""
    kind = tokens.next()
    if kind is Kind.OBJECT:
        if tokens.next() is not Kind.NAME:
            tokens.fail(f"{name.capitalize()} expression name not found")
        if tokens.name != "equals-ignore-case":
            tokens.fail(f"Unsupported {name} pattern: {tokens.name}")
        _string(tokens, "equals-ignore-case match pattern must be a string")
        _end(tokens, _ONE_KEY)
    elif kind is not Kind.STRING:
        tokens.fail(f"{name} match pattern must be a string")
    else:
        _ = tokens.text
    _end(tokens, _ONE_KEY)


def _wildcard(tokens: Tokens, text: str) -> None:
    problem = wildcard_problem(text)
    if problem is not None:
        tokens.fail(problem)


def _cidr(tokens: Tokens, text: str) -> None:
    """What is wrong with a network has no place."""
    address, _, bits = text.partition("/")
    if text.count("/") != 1 or not address or not bits:
        raise NotJson("Malformed CIDR, one '/' required")
    if re.fullmatch(r"[+-]?[0-9]+", bits) is None:
        raise NotJson("Malformed CIDR, mask bits must be an integer")
    if int(bits) < 0:
        raise NotJson("Malformed CIDR, mask bits must not be negative")
    if _IPV4.match(address) is None and _IPV6.match(address) is None:
        raise NotJson(f"Nonstandard IP address: {address}")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        raise NotJson(f"Invalid IP address: {address}") from None
    if _IPV4.match(address) is not None and int(bits) > 31:
        raise NotJson("IPv4 mask bits must be < 32")
    if int(bits) > 127:
        raise NotJson("IPv6 mask bits must be < 128")


def _number(tokens: Tokens) -> float:
    """Of a range or a list: within the bounds that AWS compares in."""
    found = float(tokens.text)
    if abs(found) > _NUMBER_MAX:
        tokens.fail("Value must be between -5.0E9 and 5.0E9, inclusive")
    return found


def _anything_but(tokens: Tokens) -> None:
    kind = tokens.next()
    inner = ""
    if kind is Kind.OBJECT:
        if tokens.next() is not Kind.NAME:
            tokens.fail("Anything-But expression name not found")
        inner = tokens.name
        if inner not in ("equals-ignore-case", "prefix", "suffix", "wildcard"):
            tokens.fail(f"Unsupported anything-but pattern: {inner}")
        kind = tokens.next()
    if kind not in (Kind.ARRAY, Kind.STRING, Kind.NUMBER):
        tokens.fail("Value of anything-but must be an array or single string/number value.")
    kinds: set[Kind] = set()
    if kind is Kind.ARRAY:
        while (item := tokens.next()) is not Kind.ARRAY_END:
            kinds.add(_anything_but_value(tokens, item, inner))
        if not inner and len(kinds) != 1:
            tokens.fail(
                "Inside anything but list, either all values are number or string, mixed type is not supported"
            )
    else:
        _anything_but_value(tokens, kind, inner)
    _end(tokens, _TOO_MANY)
    if inner:
        _end(tokens, _TOO_MANY)


def _anything_but_value(tokens: Tokens, kind: Kind, inner: str) -> Kind:
    if not inner:
        if kind is Kind.NUMBER:
            _number(tokens)
        elif kind is not Kind.STRING:
            tokens.fail("Inside anything but list, start|null|boolean is not supported.")
        else:
            _ = tokens.text
        return kind
    if kind is not Kind.STRING:
        tokens.fail(
            {
                "equals-ignore-case": "Inside anything-but/equals-ignore-case list, "
                "number|start|null|boolean is not supported.",
                "wildcard": "wildcard match pattern must be a string",
            }.get(inner, "prefix/suffix match pattern must be a string")
        )
    text = tokens.text
    if inner in ("prefix", "suffix") and not text:
        tokens.fail("Null prefix/suffix not allowed")
    if inner == "wildcard":
        _wildcard(tokens, text)
    return kind


def _numeric(tokens: Tokens) -> None:
    if tokens.next() is not Kind.ARRAY:
        tokens.fail("Value of numeric must be an array.")
    if tokens.next() is not Kind.STRING:
        tokens.fail(f"Invalid member in numeric match: {tokens.text}")
    operator = tokens.text
    if operator not in ("=", "<", "<=", ">", ">="):
        tokens.fail(f"Unrecognized numeric range operator: {operator}")
    if tokens.next() is not Kind.NUMBER:
        tokens.fail(f"Value of {'equals' if operator == '=' else operator} must be numeric")
    bottom = _number(tokens)
    kind = tokens.next()
    if kind is not Kind.ARRAY_END:
        if operator not in (">", ">="):
            tokens.fail(_TOO_MANY)
        _range(tokens, kind, bottom)
    _end(tokens, _TOO_MANY)


def _range(tokens: Tokens, kind: Kind, bottom: float) -> None:
    if kind is not Kind.STRING:
        tokens.fail(f"Bad value in numeric range: {tokens.text}")
    operator = tokens.text
    if operator not in ("<", "<="):
        tokens.fail(f"Bad numeric range operator: {operator}")
    if tokens.next() is not Kind.NUMBER:
        tokens.fail(f"Value of {operator} must be numeric")
    top = _number(tokens)
    if tokens.next() is not Kind.ARRAY_END:
        tokens.fail("Too many terms in numeric range expression")
    if bottom >= top:
        tokens.fail("Bottom must be less than top")
