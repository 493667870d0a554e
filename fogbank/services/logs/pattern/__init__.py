"""The filter pattern language of CloudWatch Logs: text in, a predicate over messages out. Pure.

Three forms, told apart by the first character: `{ $.selector = value }` over JSON messages (`selectors.py`),
`[a, b = value, ...]` over space-delimited ones (`fields.py`), and plain terms (`terms.py`). Values and regular expressions,
common to the three, are in `values.py`.
"""

from __future__ import annotations

from fogbank.services.logs.pattern.base import Pattern, PatternError
from fogbank.services.logs.pattern.fields import parse_fields
from fogbank.services.logs.pattern.selectors import parse_selectors
from fogbank.services.logs.pattern.terms import parse_terms

__all__ = ["Pattern", "PatternError", "parse_pattern"]


def parse_pattern(text: str) -> Pattern:
    """Compile a filter pattern. Raises PatternError with AWS's message."""
    text = text.strip()
    if text.startswith("{"):
        return parse_selectors(text)
    if text.startswith("["):
        return parse_fields(text)
    return parse_terms(text)
