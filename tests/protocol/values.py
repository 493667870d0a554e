"""Hypothesis strategies for values of model shapes, in fogbank's in-house forms, and their forms in botocore."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from fogbank.model.shapes import Shape
from fogbank.protocol.scalars import BOUNDS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DEPTH_MAX = 5

#: Characters that every protocol can carry: XML 1.0 has no control characters, JSON and UTF-8 no lone surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"], include_characters="\t\n"), max_size=8)
HEADER_TEXT = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='",\\'), min_size=1, max_size=8
)
LABEL_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=8)
SECONDS = st.integers(0, 4_000_000_000).map(lambda seconds: seconds * 1000)
MILLISECONDS = st.integers(0, 4_000_000_000_000)
FLOATS = st.one_of(
    st.integers(-(2**20), 2**20).map(lambda number: number / 8),  # exact in four bytes too
    st.sampled_from([float("inf"), float("-inf")]),
)


@st.composite
def values(draw: st.DrawFn, shape: Shape, *, empty: bool = True, depth: int = 0) -> Any:
    """A value of `shape`. `empty` is whether lists, maps and structures may be."""
    match shape.type:
        case "structure":
            return draw(structures(shape, empty=empty, depth=depth))
        case "list":
            size = draw(st.integers(0 if empty else 1, 2)) if depth < DEPTH_MAX else 1
            return [draw(values(shape.member, empty=empty, depth=depth + 1)) for _ in range(size)]
        case "map":
            size = draw(st.integers(0 if empty else 1, 2)) if depth < DEPTH_MAX else 1
            keys = [draw(values(shape.key, depth=depth)) for _ in range(size)]
            return {key: draw(values(shape.value, empty=empty, depth=depth + 1)) for key in keys}
    return draw(scalars(shape))


def scalars(shape: Shape) -> st.SearchStrategy[Any]:
    location = shape.trait("location")
    match shape.type:
        case "boolean":
            return st.booleans()
        case "blob":
            return st.binary(min_size=1, max_size=8)
        case "timestamp":
            whole = location == "header" or shape.trait("timestampFormat") == "rfc822"
            return SECONDS if whole else MILLISECONDS
        case "float" | "double":
            return FLOATS
        case "string" | "character":
            if shape.trait("hostLabel"):
                return st.text("abc09", min_size=1, max_size=8)
            if location == "uri":
                return LABEL_TEXT
            return HEADER_TEXT if location in ("header", "headers") else TEXT
    low, high = BOUNDS[shape.type]
    return st.integers(max(low, -(2**63)), min(high, 2**63 - 1))


@st.composite
def structures(draw: st.DrawFn, shape: Shape, *, empty: bool = True, depth: int = 0) -> dict[str, Any]:
    """Members at random; required labels and one member of a union always."""
    members = {
        name: m
        for name, m in shape.members.items()
        if not m.is_event_stream
        and (empty or m.type != "structure" or m.members)
        and m.name != "Expires"  # a string in S3's model that botocore takes for a timestamp
    }
    if not members:
        return {}
    if shape.raw.get("union"):
        name = draw(st.sampled_from(sorted(members)))
        return {name: draw(values(members[name], empty=empty, depth=depth + 1))}
    wanted = draw(st.integers(1 if not empty or depth == 0 else 0, 2 ** len(members) - 1))
    if depth >= DEPTH_MAX:
        wanted &= -wanted
    out = {}
    for index, (name, member) in enumerate(members.items()):
        if wanted >> index & 1 or (
            depth == 0 and (member.trait("location") == "uri" or name in shape.required)
        ):
            if member.type in ("structure", "list", "map") and depth >= DEPTH_MAX + 2 and empty:
                continue
            if name == shape.payload and member.type == "string":
                out[name] = draw(TEXT.map(lambda text: text + "."))  # an empty body is no payload
            else:
                out[name] = draw(located(member, empty=empty, depth=depth + 1))
    return out


def located(member: Shape, *, empty: bool, depth: int) -> st.SearchStrategy[Any]:
    """A member's value; headers hold less than bodies do."""
    match member.trait("location"), member.type:
        case "header", "list":
            return st.lists(
                HEADER_TEXT if member.member.type == "string" else scalars(member.member),
                min_size=1,
                max_size=2,
            )
        case "headers", _:
            keys = st.text("abcdefgh", min_size=1, max_size=4)
            return st.dictionaries(keys, HEADER_TEXT, min_size=1, max_size=2)
        case "querystring", "list":
            return st.lists(scalars(member.member), min_size=1, max_size=2)
        case "querystring", "map":
            held = st.lists(TEXT, min_size=1, max_size=2) if member.value.type == "list" else TEXT
            return st.dictionaries(st.text("ABCDEFGH", min_size=5, max_size=9), held, min_size=1, max_size=2)
    return values(member, empty=empty, depth=depth)


def to_botocore(value: Any, shape: Shape) -> Any:
    """An in-house value as botocore takes and gives it: timestamps are datetimes."""
    match shape.type:
        case "timestamp":
            return EPOCH + timedelta(milliseconds=value)
        case "structure" if not shape.is_document:
            return {name: to_botocore(item, shape.members[name]) for name, item in value.items()}
        case "list":
            return [to_botocore(item, shape.member) for item in value]
        case "map":
            return {key: to_botocore(item, shape.value) for key, item in value.items()}
    return value
