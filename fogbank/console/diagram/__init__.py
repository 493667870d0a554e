"""A state machine as a diagram: `graph.py` finds nodes and edges, `layout.py` places them, `svg.py` draws them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.console.diagram.graph import graph_of
from fogbank.console.diagram.layout import lay_out
from fogbank.console.diagram.svg import draw


def diagram_of(definition: Mapping[str, Any], progress: Mapping[str, Any] | None = None) -> str:
    """The SVG of a definition (parsed JSON). `progress`: by state name, as `console.progress` gives it."""
    return draw(lay_out(graph_of(definition)), progress or {})
