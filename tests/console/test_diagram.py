"""The diagram: every state and edge is drawn, frames hold what runs in them, and no definition breaks it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fogbank.console.diagram import diagram_of
from fogbank.console.diagram.graph import END, START, Edge, EdgeKind, graph_of
from fogbank.console.diagram.layout import Box, Drawing, lay_out

ORDER: dict[str, Any] = {
    "StartAt": "Reserve",
    "States": {
        "Reserve": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Next": "Enough?",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Release"}],
        },
        "Enough?": {
            "Type": "Choice",
            "Choices": [{"Next": "Pack all"}, {"Next": "Wait a bit"}],
            "Default": "Release",
        },
        "Wait a bit": {"Type": "Wait", "Seconds": 3, "Next": "Reserve"},
        "Pack all": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "Pack", "States": {"Pack": {"Type": "Pass", "End": True}}},
            "Next": "Both",
        },
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}},
                {"StartAt": "B", "States": {"B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Succeed"}}},
            ],
            "End": True,
        },
        "Release": {"Type": "Fail"},
    },
}


def test_edges_say_why_control_passes() -> None:
    graph = graph_of(ORDER)
    assert Edge(START, "Reserve") in graph.edges
    assert Edge("Reserve", "Release", EdgeKind.CATCH, "catch") in graph.edges
    assert Edge("Enough?", "Wait a bit", EdgeKind.CHOICE, "#2") in graph.edges
    assert Edge("Enough?", "Release", EdgeKind.CHOICE, "default") in graph.edges
    assert Edge("Release", END) in graph.edges


def test_boxes_of_one_drawing_do_not_overlap_and_frames_hold_what_is_in_them() -> None:
    def check(drawing: Drawing) -> None:
        boxes = drawing.boxes
        for number, one in enumerate(boxes):
            assert 0 <= one.x <= one.x + one.width <= drawing.width
            assert 0 <= one.y <= one.y + one.height <= drawing.height
            assert not any(_overlap(one, other) for other in boxes[number + 1 :])
            for x, y, inner in one.inner:
                assert 0 <= x <= x + inner.width <= one.width
                assert 0 <= y <= y + inner.height <= one.height
                check(inner)

    check(lay_out(graph_of(ORDER)))


def test_edges_pass_no_box_of_their_drawing() -> None:
    drawing = lay_out(graph_of(ORDER))
    for route in drawing.routes:
        for box in drawing.boxes:
            if box.node.name not in (route.edge.source, route.edge.target):
                inside = [
                    (x, y)
                    for x, y in route.points
                    if box.x < x < box.x + box.width and box.y < y < box.y + box.height
                ]
                assert inside == [], (route.edge, box.node.name)


def test_every_state_is_in_the_svg_with_its_progress() -> None:
    drawn = ET.fromstring(diagram_of(ORDER, {"Pack": {"status": "failed", "entered": 12}}))
    marks = {
        each.get("data-state"): each.get("data-progress")
        for each in drawn.iter("{http://www.w3.org/2000/svg}g")
        if each.get("data-state")
    }
    assert set(marks) == {
        "Reserve", "Enough?", "Wait a bit", "Pack all", "Pack", "Both", "A", "B", "C", "Release",
    }  # fmt: skip
    assert [name for name, status in marks.items() if status] == ["Pack"]
    assert "×12" in "".join(drawn.itertext())


def test_names_cannot_break_out_of_the_svg() -> None:
    name = "\"><script>alert('x')</script>&"
    drawn = diagram_of({"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}})
    assert "<script" not in drawn
    assert "".join(ET.fromstring(drawn).itertext()).count("alert") >= 1


names = st.sampled_from(["a", "b", "c", "d", ""])
states = st.fixed_dictionaries(
    {"Type": st.sampled_from(["Pass", "Choice", "Task", "Parallel", "Map", "Nonsense", "Succeed"])},
    optional={
        "Next": names,
        "End": st.booleans(),
        "Default": names,
        "Resource": st.text(max_size=20),
        "Choices": st.lists(st.fixed_dictionaries({"Next": names}), max_size=3) | st.none(),
        "Catch": st.lists(st.fixed_dictionaries({"Next": names}), max_size=2) | st.integers(),
        "ItemProcessor": st.fixed_dictionaries(
            {"StartAt": names, "States": st.just({"z": {"Type": "Pass"}})}
        ),
        "Branches": st.lists(st.fixed_dictionaries({"StartAt": names}), max_size=2),
    },
)


@given(st.fixed_dictionaries({"StartAt": names, "States": st.dictionaries(names, states, max_size=5)}))
def test_any_definition_is_drawn(definition: dict[str, Any]) -> None:
    drawn = ET.fromstring(diagram_of(definition))
    shown = {each.get("data-state") for each in drawn.iter() if each.get("data-state") is not None}
    assert set(definition["States"]) <= shown


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )
