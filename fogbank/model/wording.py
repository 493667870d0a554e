"""How AWS words a violated constraint. Rules read off real answers; where they come from is beside each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fogbank.core.limits import VALUE_SHOWN_CHARS_MAX
from fogbank.model.shapes import ServiceModel, Shape

NOT_NULL = "Member must not be null"
ENUM_BUCKETS = 32


@dataclass(frozen=True, slots=True)
class Wording:
    """What differs between services."""

    code: str
    shows_values: bool = True
    shows_enums: bool = True
    elements_not_null: bool = (
        False  # whether the constraints of list items and map entries end with "not null"
    )
    names_input: bool = False  # whether members of the body lie under `putIntegrationInput`


#: Services that answer otherwise than their protocol family. Recordings: logs test_get_log_events_limit_validation,
#: iam test_invalid_update_parameters; the null rule is seen in Lambda's and IAM's answers about lists and maps.
WORDINGS = {
    "logs": Wording("InvalidParameterException"),
    "iam": Wording("ValidationError", shows_values=False, shows_enums=False, elements_not_null=True),
    "lambda": Wording("ValidationException", elements_not_null=True),
    "s3": Wording(
        "MalformedXML"
    ),  # only bodies are validated; headers and queries each have words of their own
    # As `'createDocumentationPartInput.location.type'`, but `'responseType'` for a member of the URI.
    "apigateway": Wording("ValidationException", names_input=True),
    "apigatewayv2": Wording("BadRequestException"),
    "cognito-idp": Wording("InvalidParameterException"),
}
QUERY = Wording("ValidationError")
OTHER = Wording("ValidationException")


def wording_of(service: ServiceModel) -> Wording:
    """A service's wording; query services, those that moved on to another protocol included, say ValidationError."""
    return WORDINGS.get(service.name) or (QUERY if "query" in service.protocols else OTHER)


def length_text(bound: str, limit: int) -> str:
    """`bound` is "less" or "greater"."""
    return f"Member must have length {bound} than or equal to {limit}"


def range_text(bound: str, limit: float) -> str:
    return f"Member must have value {bound} than or equal to {limit}"


def pattern_text(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def enum_text(values: tuple[str, ...], wording: Wording) -> str:
    if not wording.shows_enums:
        return "Member must satisfy enum value set"
    return f"Member must satisfy enum value set: [{', '.join(enum_order(values))}]"


def enum_order(values: tuple[str, ...]) -> list[str]:
    """The order in which AWS lists an enum: that of a hash table of 32 chains, newest first in each. It holds for
    every recorded enum but one (KMS KeyUsage)."""
    newest_first = list(values)
    newest_first.reverse()
    return sorted(newest_first, key=lambda value: java_hash(value) % ENUM_BUCKETS)  # stable inside a chain


def java_hash(text: str) -> int:
    """`String.hashCode`, unsigned."""
    found = 0
    for char in text:
        found = (31 * found + ord(char)) & 0xFFFFFFFF
    return found


def step_of(member: str) -> str:
    """A member in a path: its first letter is small (`TableName` → `tableName`, `AWSAccountId` → `aWSAccountId`)."""
    return member[:1].lower() + member[1:]


def violation(path: str, value: Any, shape: Shape, constraint: str, wording: Wording) -> str:
    """The sentence about one violated constraint. Values of sensitive shapes are never in it."""
    if value is None:
        shown = " null"
    elif not wording.shows_values or is_sensitive(shape):
        shown = ""
    else:
        shown = f" '{render(value, shape)[:VALUE_SHOWN_CHARS_MAX]}'"
    return f"Value{shown} at '{path}' failed to satisfy constraint: {constraint}"


def is_sensitive(shape: Shape) -> bool:
    """Whether a shape, or what a list or map of it holds, is a secret."""
    if shape.trait("sensitive"):
        return True
    match shape.type:
        case "list":
            return is_sensitive(shape.member)
        case "map":
            return is_sensitive(shape.value)
    return False


def render(value: Any, shape: Shape) -> str:
    """A value as Java prints it: `[a, b]`, `{k=v}`, `Target(id=x, arn=null)`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return repr(value).replace("e", "E").replace("E+", "E")
        case bytes():
            return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
        case list():
            return f"[{', '.join(render(item, shape.member) for item in value)}]"
        case dict() if shape.type == "map":
            return f"{{{', '.join(f'{key}={render(item, shape.value)}' for key, item in value.items())}}}"
        case dict() if shape.type == "structure" and not shape.is_document:
            held = (f"{step_of(name)}={_member(value.get(name), m)}" for name, m in shape.members.items())
            return f"{shape.name}({', '.join(held)})"
    return str(value)


def _member(value: Any, shape: Shape) -> str:
    if value is not None and is_sensitive(shape):
        return "***Sensitive Data Redacted***"
    return render(value, shape)
