"""Checks of where states lead, once each state on its own is right: targets, ends, reachability, names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.asl.definition.diagnostics import Code, Report


def check(document: Mapping[str, Any], report: Report) -> None:
    """All containers of a machine. In the order in which AWS reports: of each, targets, then ends or reachability."""
    seen: set[str] = set()
    labels: set[str] = set()
    waiting: list[tuple[Mapping[str, Any], str]] = [(document, "")]
    while waiting:
        container, outer = waiting.pop(0)
        states = container["States"]
        for name, fields in states.items():
            location = f"{outer}/States/{name}"
            if name in seen:
                report.add(Code.DUPLICATE_STATE_NAME, f"Duplicate State name: {name}", location)
            seen.add(name)
            _note_label(fields, location, labels, report)
            waiting.extend(inner_containers(fields, location))
        _targets(container, outer, report)


def inner_containers(fields: Mapping[str, Any], location: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The branches or the processor of a state, with their locations."""
    for index, branch in enumerate(fields.get("Branches", ())):
        yield branch, f"{location}/Branches[{index}]"
    for name in ("ItemProcessor", "Iterator"):
        if name in fields:
            yield fields[name], f"{location}/{name}"


def _note_label(fields: Mapping[str, Any], location: str, labels: set[str], report: Report) -> None:
    if (label := fields.get("Label")) is None:
        return
    if label in labels:
        report.add(Code.DUPLICATE_LABEL_NAME, f"Duplicate Label: {label}", f"{location}/Label")
    labels.add(label)


def _targets(container: Mapping[str, Any], outer: str, report: Report) -> None:
    states, start = container["States"], container["StartAt"]

    def known(target: str, location: str) -> bool:
        if target not in states:
            report.add(Code.MISSING_TRANSITION_TARGET, f"Missing 'Next' target: {target}", location)
        return target in states

    known(start, f"{outer}/StartAt")
    leads: dict[str, list[str]] = {}
    for name, fields in states.items():
        leads[name] = [
            target for target, field in transitions(fields) if known(target, f"{outer}/States/{name}/{field}")
        ]
    if not any(_ends(fields) for fields in states.values()):
        report.add(Code.MISSING_END_STATE, "Workflow has no terminal state", None)
        return
    reached = _reached(start, leads)
    for name in states:
        if name not in reached:
            report.add(
                Code.MISSING_TRANSITION_TARGET, f'State "{name}" is not reachable.', f"{outer}/States/{name}"
            )


def transitions(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(target, field) of every way out of a state."""
    if "Next" in fields:
        yield fields["Next"], "Next"
    for index, choice in enumerate(fields.get("Choices", ())):
        yield choice["Next"], f"Choices[{index}]/Next"
    if "Default" in fields:
        yield fields["Default"], "Default"
    for index, catcher in enumerate(fields.get("Catch") or ()):
        yield catcher["Next"], f"Catch[{index}]/Next"


def _ends(fields: Mapping[str, Any]) -> bool:
    return fields["Type"] in ("Succeed", "Fail") or fields.get("End") is True


def _reached(start: str, leads: Mapping[str, list[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start] if start in leads else []
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(leads[name])
    return reached
