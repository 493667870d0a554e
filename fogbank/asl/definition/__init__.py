"""A state machine's definition: `parse` gives it as data (`states.py`), `validate` says what AWS would refuse."""

from __future__ import annotations

from fogbank.asl.definition.parse import parse, parse_document, parse_state

__all__ = ["parse", "parse_document", "parse_state"]
