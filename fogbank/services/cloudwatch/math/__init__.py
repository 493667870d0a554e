"""Metric math: the expressions of GetMetricData and alarms. Pure.

`syntax` turns text into a tree, `values` are what expressions compute with, `evaluate` walks the tree, `functions` holds the
functions of the language. `search` understands the argument of SEARCH; finding and reading metrics is the caller's.
"""

from __future__ import annotations

from fogbank.services.cloudwatch.math.evaluate import Environment, evaluate
from fogbank.services.cloudwatch.math.syntax import MathError, Node, names_in, parse, searches_in
from fogbank.services.cloudwatch.math.values import Many, Series, Value

__all__ = [
    "Environment",
    "Many",
    "MathError",
    "Node",
    "Series",
    "Value",
    "evaluate",
    "names_in",
    "parse",
    "searches_in",
]
