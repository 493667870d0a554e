"""Function names in every form that Lambda accepts: name, partial ARN, ARN, each with a qualifier or not. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fogbank.core.arn import partition_of
from fogbank.services.lambda_.errors import invalid_parameter, not_found, validation

LATEST = "$LATEST"
NAME_CHARS_MAX = 64
_FORM = re.compile(
    r"(?:arn:(?P<partition>aws[a-zA-Z-]*):lambda:)?"
    r"(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?"
    r"(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[a-zA-Z0-9-_]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?"
)
_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"
    r"(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
)


@dataclass(frozen=True, slots=True)
class FunctionName:
    """A function as a caller named it. `qualifier` is a version, an alias, `$LATEST`, or None."""

    account: str
    region: str
    name: str
    qualifier: str | None = None

    @property
    def arn(self) -> str:
        """The function's ARN without a qualifier."""
        return f"arn:{partition_of(self.region)}:lambda:{self.region}:{self.account}:function:{self.name}"

    @property
    def qualified_arn(self) -> str:
        """The ARN with the qualifier that was given, if one was."""
        return self.arn if self.qualifier is None else f"{self.arn}:{self.qualifier}"

    def with_qualifier(self, qualifier: str | None) -> FunctionName:
        return FunctionName(self.account, self.region, self.name, qualifier)


def parse_name(text: str, account: str, region: str, qualifier: str | None = None) -> FunctionName:
    """The function that `text` and the Qualifier member name, seen from `account` in `region`.

    Raises AWS's errors for what is no name, another region, and two qualifiers that differ.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        constraint = f"Member must satisfy regular expression pattern: {_PATTERN}"
        raise validation(text, "functionName", constraint)
    if len(found["name"]) > NAME_CHARS_MAX:
        constraint = f"Member must have length less than or equal to {NAME_CHARS_MAX}"
        raise validation(text, "functionName", constraint)
    if found["region"] is not None and found["region"] != region:
        raise not_found(f"Functions from '{found['region']}' are not reachable in this region ('{region}')")
    derived: str | None = found["qualifier"]
    qualifier = qualifier or None
    if derived is not None and qualifier is not None and derived != qualifier:
        raise invalid_parameter(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    return FunctionName(found["account"] or account, region, found["name"], qualifier or derived)


def is_version(qualifier: str) -> bool:
    """A published version's number (the rest are aliases, or `$LATEST`)."""
    return qualifier.isascii() and qualifier.isdigit()
