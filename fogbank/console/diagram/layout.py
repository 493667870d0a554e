"""Where everything goes. Layers and routes come from grandalf (Sugiyama's method); frames are laid out from the inside out.

Coordinates are pixels; a box's own start at its top left corner.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from grandalf.graphs import Edge as GEdge
from grandalf.graphs import Graph as GGraph
from grandalf.graphs import Vertex
from grandalf.layouts import SugiyamaLayout

from fogbank.console.diagram.graph import END, START, Edge, Graph, Node

NAME_PX, CAPTION_PX = 8.0, 6.4  # of a character, measured wide, so that no text touches its border
NODE_WIDTH_MIN, NODE_WIDTH_MAX, NODE_HEIGHT = 132.0, 300.0, 46.0
TEXT_X = 34.0  # where a box's text begins, after its sign
MARK_PX = 30.0  # the start and end marks
GAP_X, GAP_Y = 34.0, 38.0
FRAME_HEAD, FRAME_PAD = 44.0, 18.0  # a frame's title, and the room around what it holds
PAD = 14.0
BACK_SHARE = 0.8  # where along a border edges run back up

Point = tuple[float, float]
Band = tuple[float, float]  # a layer's top and bottom


@dataclass(frozen=True, slots=True)
class Box:
    """A node with its place. `x`, `y`: its top left corner, in the drawing it belongs to."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    inner: tuple[tuple[float, float, Drawing], ...] = ()  # offsets within the box


@dataclass(frozen=True, slots=True)
class Route:
    """An edge with the points it runs through."""

    edge: Edge
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """One graph, laid out."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    routes: tuple[Route, ...]


class _View:
    """What grandalf wants to know of a vertex: its size; it sets `xy`, the centre."""

    def __init__(self, width: float, height: float) -> None:
        self.w, self.h = width, height
        self.xy: Point = (0.0, 0.0)


@dataclass(slots=True)
class _Placing:
    """What has its place so far. A way: the layers of its ends, and where it passes the layers between."""

    boxes: dict[str, Box] = field(default_factory=dict)
    ways: dict[tuple[str, str], tuple[Band, Band, list[tuple[float, Band]]]] = field(default_factory=dict)


def lay_out(graph: Graph) -> Drawing:
    """Place a graph and all within it."""
    vertices = {node.name: Vertex(_size(node)) for node in graph.nodes}
    for vertex in vertices.values():
        vertex.view = _View(vertex.data.width, vertex.data.height)
    # grandalf knows one edge between two vertices, and none from a vertex to itself.
    pairs = dict.fromkeys((edge.source, edge.target) for edge in graph.edges if edge.source != edge.target)
    joins = [GEdge(vertices[source], vertices[target]) for source, target in pairs]
    whole = GGraph(list(vertices.values()), joins)
    left, placing = PAD, _Placing()
    for component in sorted(whole.C, key=lambda each: vertices[START] not in each.sV):
        if [vertex.data.node.name for vertex in component.sV] != [END]:  # a machine that loops never ends
            left = _place(component, left, placing)
    return _drawing(graph.edges, placing)


def _place(component: Any, left: float, placing: _Placing) -> float:
    """Lay out what hangs together, to the right of `left`; the next free place."""
    layout = SugiyamaLayout(component)
    layout.xspace, layout.yspace = GAP_X, GAP_Y
    names = {vertex.data.node.name: vertex for vertex in component.sV}
    layout.init_all(roots=[names[START]] if START in names else None)
    layout.draw()
    ranks = {vertex: layout.grx[vertex].rank for vertex in component.sV}
    bends = {edge: sorted(layout.ctrls.get(edge, {}).items()) for edge in component.sE}
    bends = {
        edge: [(rank, at.view.xy[0]) for rank, at in found if at not in ranks]
        for edge, found in bends.items()
    }
    bands = _bands(ranks)
    sides = [vertex.view.xy[0] + side * vertex.view.w / 2 for vertex in component.sV for side in (-1, 1)]
    sides += [x for found in bends.values() for _, x in found]
    dx = left - min(sides)
    for vertex, rank in ranks.items():
        placing.boxes[vertex.data.node.name] = _moved(
            vertex.data, vertex.view.xy[0] + dx - vertex.view.w / 2, bands[rank][0]
        )
    for edge, found in bends.items():
        source, target = (vertex.data.node.name for vertex in edge.v)
        here, there = bands[ranks[edge.v[0]]], bands[ranks[edge.v[1]]]
        placing.ways[source, target] = (here, there, [(x + dx, bands[rank]) for rank, x in found])
    return float(max(sides) + dx + GAP_X)


def _bands(ranks: dict[Any, int]) -> dict[int, Band]:
    """Where each layer begins and ends. Boxes hang at the top of theirs: an edge meets each from above."""
    bands: dict[int, Band] = {}
    top = PAD
    for rank in range(max(ranks.values()) + 1):
        height = max((vertex.view.h for vertex, each in ranks.items() if each == rank), default=0.0)
        bands[rank] = (top, top + height)
        top += height + GAP_Y
    return bands


def _drawing(edges: tuple[Edge, ...], placing: _Placing) -> Drawing:
    boxes = placing.boxes
    routes = []
    for edge in edges:
        if edge.source == edge.target:
            routes.append(Route(edge, _loop(boxes[edge.source])))
        elif (way := placing.ways.get((edge.source, edge.target))) is not None:
            routes.append(Route(edge, _path(boxes[edge.source], boxes[edge.target], *way)))
    xs = [box.x + box.width for box in boxes.values()] + [x for route in routes for x, _ in route.points]
    ys = [box.y + box.height for box in boxes.values()] + [y for route in routes for _, y in route.points]
    return Drawing(max(xs) + PAD, max(ys) + PAD, tuple(boxes.values()), tuple(routes))


def _path(
    source: Box, target: Box, here: Band, there: Band, bends: list[tuple[float, Band]]
) -> tuple[Point, ...]:
    """Down from the lower border to the upper one, straight through each layer between; back up beside the way down."""
    if here[0] < there[0]:
        x, end = source.x + source.width / 2, (target.x + target.width / 2, target.y)
        points = [(x, source.y + source.height), (x, here[1])]
        points += [(at, y) for at, band in bends for y in band]
        return _without_repeats([*points, end])
    x, end = (
        source.x + source.width * BACK_SHARE,
        (target.x + target.width * BACK_SHARE, target.y + target.height),
    )
    points = [(x, source.y)]
    points += [(at, y) for at, band in reversed(bends) for y in reversed(band)]
    points.append((end[0], there[1]))
    return _without_repeats([*points, end])


def _without_repeats(points: list[Point]) -> tuple[Point, ...]:
    """A last step of no length would have no direction, and its arrow none."""
    return tuple(point for before, point in zip([None, *points], points, strict=False) if point != before)


def _moved(box: Box, x: float, y: float) -> Box:
    return replace(box, x=x, y=y)


def _loop(box: Box) -> tuple[Point, ...]:
    """From a state to itself."""
    right, middle = box.x + box.width, box.y + box.height / 2
    return ((right, middle - 8), (right + 16, middle - 8), (right + 16, middle + 8), (right, middle + 8))


def _size(node: Node) -> Box:
    """A node and what it holds, not placed yet."""
    if node.name in (START, END):
        return Box(node, 0, 0, MARK_PX, MARK_PX)
    text_px = max(NAME_PX * len(node.name), CAPTION_PX * len(node.caption))
    width = max(NODE_WIDTH_MIN, min(NODE_WIDTH_MAX, TEXT_X + 12 + text_px))
    if not node.inner:
        return Box(node, 0, 0, width, NODE_HEIGHT)
    inner, x, height = [], FRAME_PAD, 0.0
    for each in node.inner:
        drawing = lay_out(each)
        inner.append((x, FRAME_HEAD, drawing))
        x += drawing.width + FRAME_PAD
        height = max(height, drawing.height)
    spare = max(0.0, width - x) / 2
    moved = tuple((at + spare, top, drawing) for at, top, drawing in inner)
    return Box(node, 0, 0, max(width, x), FRAME_HEAD + height + FRAME_PAD, moved)
