"""What is wrong with a definition, as ValidateStateMachineDefinition lists it and CreateStateMachine quotes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

_KEPT_MAX: Final = 1_000  # of one definition; a caller is shown 100 at most


class Severity(StrEnum):
    ERROR = "ERROR"
    WARNING = "WARNING"


class Code(StrEnum):
    """AWS's codes, those that a definition alone can raise."""

    DUPLICATE_STATE_NAME = "DUPLICATE_STATE_NAME"
    DUPLICATE_LABEL_NAME = "DUPLICATE_LABEL_NAME"
    INVALID_JSON_DESCRIPTION = "INVALID_JSON_DESCRIPTION"
    INVALID_JSONATA_EXPRESSION = "INVALID_JSONATA_EXPRESSION"
    INVALID_LABEL_NAME = "INVALID_LABEL_NAME"
    INVALID_STATE_NAME = "INVALID_STATE_NAME"
    INVALID_VARIABLE_NAME = "INVALID_VARIABLE_NAME"
    MISSING_END_STATE = "MISSING_END_STATE"
    MISSING_TRANSITION_TARGET = "MISSING_TRANSITION_TARGET"
    NO_DOLLAR = "NO_DOLLAR"
    NO_PATH = "NO_PATH"
    PASS_RESULT_IS_STATIC = "PASS_RESULT_IS_STATIC"
    RESERVED_VARIABLE_NAME = "RESERVED_VARIABLE_NAME"
    SCHEMA_VALIDATION_FAILED = "SCHEMA_VALIDATION_FAILED"
    TOO_DEEPLY_NESTED = "TOO_DEEPLY_NESTED"
    UNSUPPORTED_JSONATA_EXPRESSION = "UNSUPPORTED_JSONATA_EXPRESSION"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """`location` is `/States/Name/Field`, None for what concerns the whole."""

    severity: Severity
    code: str
    message: str
    location: str | None


@dataclass(slots=True)
class Report:
    """Collects diagnostics in the order in which they are found; of too many, the first."""

    diagnostics: list[Diagnostic] = field(default_factory=list)

    def add(self, code: str, message: str, location: str | None) -> None:
        if len(self.diagnostics) < _KEPT_MAX:
            self.diagnostics.append(Diagnostic(Severity.ERROR, code, message, location))

    def warn(self, code: str, message: str, location: str) -> None:
        if len(self.diagnostics) < _KEPT_MAX:
            self.diagnostics.append(Diagnostic(Severity.WARNING, code, message, location))

    @property
    def failed(self) -> bool:
        return any(found.severity is Severity.ERROR for found in self.diagnostics)


def errors_of(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Those for which a definition is refused."""
    return [found for found in diagnostics if found.severity is Severity.ERROR]


def refusal(diagnostics: Iterable[Diagnostic]) -> str:
    """The message of `InvalidDefinition`, from what is wrong."""
    found = ", ".join(
        f"{each.code}: {each.message} at {each.location or 'null'}" for each in errors_of(diagnostics)
    )
    return f"Invalid State Machine Definition: '{found}'"
