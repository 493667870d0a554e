"""From a definition (parsed JSON) to nodes and edges. Parallel's branches and Map's processor are graphs within a node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

START, END = "\0start", "\0end"  # no state can be called so
NESTING_MAX = 16  # deeper states are drawn as plain boxes


class EdgeKind(Enum):
    """Why control passes."""

    NEXT = "next"
    CHOICE = "choice"
    CATCH = "catch"


@dataclass(frozen=True, slots=True)
class Edge:
    """Control passes from one node of a graph to another."""

    source: str
    target: str
    kind: EdgeKind = EdgeKind.NEXT
    label: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A state, or one of the two round marks. `inner`: what runs inside it."""

    name: str
    type: str
    caption: str = ""  # small print under the name
    inner: tuple[Graph, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """One list of states, with the marks where it starts and ends."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = field(default=())


def graph_of(definition: Mapping[str, Any], depth: int = 0) -> Graph:
    """The graph of a definition, a branch or a processor."""
    states = {
        name: state for name, state in _mapping(definition.get("States")).items() if isinstance(state, dict)
    }
    nodes = [Node(START, "Start")]
    nodes += [_node(name, state, depth) for name, state in states.items()]
    nodes.append(Node(END, "End"))
    known = {node.name for node in nodes}
    edges = [Edge(START, str(definition.get("StartAt", "")))]
    for name, state in states.items():
        edges += _edges_of(name, state)
    return Graph(tuple(nodes), tuple(edge for edge in dict.fromkeys(edges) if edge.target in known))


def _node(name: str, state: Mapping[str, Any], depth: int) -> Node:
    kind = str(state.get("Type", ""))
    inner: list[Graph] = []
    if depth < NESTING_MAX:
        inner = [graph_of(each, depth + 1) for each in _inner_of(state)]
    return Node(name, kind, _caption(kind, state), tuple(inner))


def _inner_of(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    branches = state.get("Branches")
    if state.get("Type") == "Parallel" and isinstance(branches, list):
        yield from (branch for branch in branches if isinstance(branch, dict))
    elif state.get("Type") == "Map":
        processor = state.get("ItemProcessor", state.get("Iterator"))
        if isinstance(processor, dict):
            yield processor


def _caption(kind: str, state: Mapping[str, Any]) -> str:
    if kind == "Task":
        return _resource(str(state.get("Resource", "")))
    if kind == "Map":
        config = _mapping(_mapping(state.get("ItemProcessor")).get("ProcessorConfig"))
        return "Distributed map" if config.get("Mode") == "DISTRIBUTED" else "Map"
    return kind


def _resource(arn: str) -> str:
    """A task's resource in a few words: `lambda:invoke`, the function's name, the activity's."""
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return arn[:40]
    service, rest = parts[2], parts[5]
    if service == "states" and not rest.startswith("activity"):
        return rest.removeprefix("aws-sdk:")
    return f"{service} {rest.rpartition(':')[2]}" if service == "lambda" else rest.replace(":", " ", 1)


def _edges_of(name: str, state: Mapping[str, Any]) -> Iterator[Edge]:
    kind = state.get("Type")
    if kind == "Choice":
        choices = state.get("Choices")
        for number, choice in enumerate(choices if isinstance(choices, list) else (), 1):
            yield Edge(name, str(_mapping(choice).get("Next", "")), EdgeKind.CHOICE, f"#{number}")
        if "Default" in state:
            yield Edge(name, str(state["Default"]), EdgeKind.CHOICE, "default")
    elif kind in ("Succeed", "Fail") or state.get("End") is True:
        yield Edge(name, END)
    else:
        yield Edge(name, str(state.get("Next", "")))
    catches = state.get("Catch")
    for catch in catches if isinstance(catches, list) else ():
        yield Edge(name, str(_mapping(catch).get("Next", "")), EdgeKind.CATCH, "catch")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
