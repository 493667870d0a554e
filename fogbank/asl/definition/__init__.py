"""A state machine's definition: `parse` gives it as data (`states.py`), `validate` says what AWS would refuse.

`refusal` makes the message of `InvalidDefinition` of what `validate` found.
"""

from __future__ import annotations

from fogbank.asl.definition.diagnostics import Diagnostic, Severity, errors_of, refusal
from fogbank.asl.definition.parse import parse, parse_document, parse_state
from fogbank.asl.definition.validate import validate, validate_state
from fogbank.asl.definition.variables import variable_references

__all__ = [
    "Diagnostic",
    "Severity",
    "errors_of",
    "parse",
    "parse_document",
    "parse_state",
    "refusal",
    "validate",
    "validate_state",
    "variable_references",
]
