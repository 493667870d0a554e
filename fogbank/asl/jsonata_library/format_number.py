"""`$formatNumber`: the pictures of XPath's format-number, such as `#,##0.00;(#,##0.00)`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.text import text_of
from fogbank.asl.jsonata_runtime.values import UNDEFINED
from fogbank.asl.jsonata_syntax.errors import JsonataError

_PROPERTIES: Final = {
    "decimal-separator": ".",
    "grouping-separator": ",",
    "exponent-separator": "e",
    "infinity": "Infinity",
    "minus-sign": "-",
    "NaN": "NaN",
    "percent": "%",
    "per-mille": "‰",
    "zero-digit": "0",
    "digit": "#",
    "pattern-separator": ";",
}


@dataclass(frozen=True, slots=True)
class _Symbols:
    """The characters that mean something in a picture."""

    properties: dict[str, str]
    digits: str

    def __getitem__(self, name: str) -> str:
        return self.properties[name]

    @property
    def active(self) -> str:
        names = ("decimal-separator", "exponent-separator", "grouping-separator", "digit")
        return self.digits + "".join(self.properties[name] for name in names)


@dataclass(frozen=True, slots=True)
class _Parts:
    """A sub-picture, taken apart."""

    prefix: str
    suffix: str
    active: str
    mantissa: str
    exponent: str | None
    integer: str
    fraction: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a sub-picture asks for: digit counts, and where separators go."""

    prefix: str
    suffix: str
    picture: str
    integer_groups: list[int]
    regular_group: int
    fraction_groups: list[int]
    integer_min: int
    scaling: int
    fraction_min: int
    fraction_max: int
    exponent_min: int


def format_number(run: Run, value: Any, picture: Any, options: Any) -> Any:
    """Raises D3080 to D3093 for a picture that describes no number."""
    if value is UNDEFINED:
        return UNDEFINED
    properties = dict(_PROPERTIES)
    if options is not UNDEFINED:
        properties.update({key: text_of(part) for key, part in options.items()})
    zero = ord(properties["zero-digit"][:1] or "0")
    symbols = _Symbols(properties, "".join(chr(zero + offset) for offset in range(10)))
    run.hold_text(len(picture))
    subpictures = picture.split(symbols["pattern-separator"])
    if len(subpictures) > 2:
        raise JsonataError("D3080")
    plans = [_checked_plan(subpicture, symbols) for subpicture in subpictures]
    plan = plans[0]
    if math.copysign(1, value) < 0 and value != 0:
        if len(plans) == 2:
            plan = plans[1]
        else:
            prefixed = symbols["minus-sign"] + plan.prefix
            plan = _with_prefix(plan, prefixed)
    if math.isnan(value):
        return symbols["NaN"]
    if math.isinf(value):
        return plan.prefix + symbols["infinity"] + plan.suffix
    return _formatted(value, plan, symbols)


def _with_prefix(plan: _Plan, prefix: str) -> _Plan:
    return _Plan(
        prefix, plan.suffix, plan.picture, plan.integer_groups, plan.regular_group, plan.fraction_groups,
        plan.integer_min, plan.scaling, plan.fraction_min, plan.fraction_max, plan.exponent_min,
    )  # fmt: skip


# --- the picture ------------------------------------------------------------------------------------------------------
def _taken_apart(picture: str, symbols: _Symbols) -> _Parts:
    # The exponent separator counts as active only between the first and last other active characters.
    inner = [char in symbols.active and char != symbols["exponent-separator"] for char in picture]
    first = inner.index(True) if True in inner else len(picture)
    last = len(picture) - inner[::-1].index(True) if True in inner else len(picture)
    prefix, suffix, active = picture[:first], picture[last:], picture[first:last]
    separator = picture.find(symbols["exponent-separator"], first)
    if separator < 0 or separator > len(picture) - len(suffix):
        mantissa, exponent = active, None
    else:
        mantissa, exponent = active[: separator - first], active[separator - first + 1 :]
    integer, point, fraction = mantissa.partition(symbols["decimal-separator"])
    return _Parts(prefix, suffix, active, mantissa, exponent, integer, fraction if point else suffix)


def _checked_plan(picture: str, symbols: _Symbols) -> _Plan:
    parts = _taken_apart(picture, symbols)
    code = _fault(picture, parts, symbols)
    if code is not None:
        raise JsonataError(code)
    return _plan(picture, parts, symbols)


def _fault(picture: str, parts: _Parts, symbols: _Symbols) -> str | None:
    """The code of the first rule that a sub-picture breaks."""
    point, comma, optional = symbols["decimal-separator"], symbols["grouping-separator"], symbols["digit"]
    percent, per_mille = symbols["percent"], symbols["per-mille"]
    for sign, code in ((point, "D3081"), (percent, "D3082"), (per_mille, "D3083")):
        if picture.count(sign) > 1:
            return code
    if percent in picture and per_mille in picture:
        return "D3084"
    if not any(char in symbols.digits or char == optional for char in parts.mantissa):
        return "D3085" if parts.active or not picture else "D3086"
    if any(char not in symbols.active for char in parts.active):
        return "D3086"
    at = picture.find(point)
    if at >= 0:
        if comma in (picture[at - 1 : at] if at else "", picture[at + 1 : at + 2]):
            return "D3087"
    elif parts.integer.endswith(comma):
        return "D3088"
    if comma * 2 in picture:
        return "D3089"
    return _digit_fault(parts, symbols)


def _digit_fault(parts: _Parts, symbols: _Symbols) -> str | None:
    optional = symbols["digit"]
    at = parts.integer.find(optional)
    if at >= 0 and _has_digit(parts.integer[: parts.integer.rfind(optional)], symbols):
        return "D3090"
    at = parts.fraction.rfind(optional)
    if at >= 0 and _has_digit(parts.fraction[parts.fraction.find(optional) :], symbols):
        return "D3091"
    exponent = parts.exponent
    if exponent:
        if (
            symbols["percent"] in parts.prefix + parts.suffix
            or symbols["per-mille"] in parts.prefix + parts.suffix
        ):
            return "D3092"
        if any(char not in symbols.digits for char in exponent):
            return "D3093"
    return "D3093" if exponent == "" else None


def _has_digit(text: str, symbols: _Symbols) -> bool:
    return any(char in symbols.digits for char in text)


def _plan(picture: str, parts: _Parts, symbols: _Symbols) -> _Plan:
    comma, optional = symbols["grouping-separator"], symbols["digit"]
    fraction = parts.mantissa.partition(symbols["decimal-separator"])[2]
    groups = _group_positions(parts.integer, comma, symbols, from_right=True)
    integer_min = sum(char in symbols.digits for char in parts.integer)
    scaling = integer_min
    fraction_min = sum(char in symbols.digits for char in fraction)
    fraction_max = fraction_min + fraction.count(optional)
    if integer_min == 0 and fraction_max == 0:
        if parts.exponent is not None:
            fraction_min = fraction_max = 1
        else:
            integer_min = 1
    if parts.exponent is not None and integer_min == 0 and optional in parts.integer:
        integer_min = 1
    if integer_min == 0 and fraction_min == 0:
        fraction_min = 1
    exponent_min = 0 if parts.exponent is None else sum(char in symbols.digits for char in parts.exponent)
    return _Plan(
        parts.prefix, parts.suffix, picture, groups, _regular(groups),
        _group_positions(fraction, comma, symbols, from_right=False),
        integer_min, scaling, fraction_min, fraction_max, exponent_min,
    )  # fmt: skip


def _group_positions(text: str, comma: str, symbols: _Symbols, *, from_right: bool) -> list[int]:
    """How many digits are right (or left) of each separator."""
    positions = []
    for at, char in enumerate(text):
        if char == comma:
            side = text[at + 1 :] if from_right else text[:at]
            positions.append(sum(part in symbols.digits or part == symbols["digit"] for part in side))
    return positions


def _regular(groups: list[int]) -> int:
    """The size of the groups if they are all alike, else 0."""
    if not groups:
        return 0
    step = math.gcd(*groups)
    return step if all(index * step in groups for index in range(1, len(groups) + 1)) else 0


# --- the number -------------------------------------------------------------------------------------------------------
def _formatted(value: int | float, plan: _Plan, symbols: _Symbols) -> str:
    number = abs(Decimal(repr(value)))
    if symbols["percent"] in plan.picture:
        number *= 100
    elif symbols["per-mille"] in plan.picture:
        number *= 1000
    exponent = 0
    if plan.exponent_min and number:
        exponent = number.adjusted() + 1 - plan.scaling
        number = number.scaleb(-exponent)
    with_places = number.quantize(Decimal(1).scaleb(-plan.fraction_max), rounding=ROUND_HALF_EVEN) if (
        number.adjusted() + plan.fraction_max < 28
    ) else number  # fmt: skip
    whole, _, fraction = f"{with_places:f}".partition(".")
    whole = whole.lstrip("0").rjust(plan.integer_min, "0")
    fraction = fraction[: plan.fraction_max].rstrip("0").ljust(plan.fraction_min, "0")
    text = _grouped(whole, plan, symbols["grouping-separator"])
    if fraction:
        text += symbols["decimal-separator"] + _fraction_grouped(
            fraction, plan, symbols["grouping-separator"]
        )
    if plan.exponent_min:
        sign = symbols["minus-sign"] if exponent < 0 else ""
        text += symbols["exponent-separator"] + sign + str(abs(exponent)).rjust(plan.exponent_min, "0")
    return plan.prefix + _in_family(text, symbols) + plan.suffix


def _in_family(text: str, symbols: _Symbols) -> str:
    return text.translate({ord("0") + offset: digit for offset, digit in enumerate(symbols.digits)})


def _grouped(whole: str, plan: _Plan, comma: str) -> str:
    positions = plan.integer_groups
    if plan.regular_group:
        positions = list(range(plan.regular_group, len(whole), plan.regular_group))
    for position in sorted(positions, reverse=False):
        offset = sum(1 for other in positions if other < position)
        at = len(whole) - position - offset
        if at > 0:
            whole = whole[:at] + comma + whole[at:]
    return whole


def _fraction_grouped(fraction: str, plan: _Plan, comma: str) -> str:
    for index, position in enumerate(plan.fraction_groups):
        at = position + index
        if at < len(fraction):
            fraction = fraction[:at] + comma + fraction[at:]
    return fraction
