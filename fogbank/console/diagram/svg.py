"""Draws a layout as SVG: one self-contained document that takes its colours from CSS, light or dark as the reader's are."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from fogbank.console.diagram.graph import END, START, EdgeKind
from fogbank.console.diagram.layout import CAPTION_PX, NAME_PX, TEXT_X, Box, Drawing, Point, Route

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CORNER_PX = 12.0
BRANCH_PAD = 6.0

STYLE = """
.fb{--ink:#1f2937;--dim:#6b7280;--line:#9aa3af;--card:#fff;--frame:#f8fafc;--border:#cbd5e1;
--running:#2563eb;--succeeded:#15803d;--failed:#dc2626;--caught:#d97706;--aborted:#6b7280;
font-family:ui-sans-serif,system-ui,-apple-system,"Segoe UI",sans-serif}
@media (prefers-color-scheme:dark){.fb{--ink:#e5e7eb;--dim:#9ca3af;--line:#6b7280;--card:#1f2937;--frame:#172033;--border:#475569;
--running:#60a5fa;--succeeded:#4ade80;--failed:#f87171;--caught:#fbbf24;--aborted:#9ca3af}}
.fb .box{fill:var(--card);stroke:var(--border);stroke-width:1.2}
.fb .frame{fill:var(--frame);stroke:var(--border);stroke-width:1.2;stroke-dasharray:5 4}
.fb .branch{fill:none;stroke:var(--border);stroke-opacity:.6}
.fb .name{font-size:13px;font-weight:600;fill:var(--ink)} .fb .caption{font-size:11px;fill:var(--dim)}
.fb .mark{fill:var(--card);stroke:var(--line);stroke-width:1.2} .fb .mark-text{font-size:9px;fill:var(--dim)}
.fb .edge{fill:none;stroke:var(--line);stroke-width:1.3} .fb .catch{stroke-dasharray:4 3}
.fb .label{font-size:10px;fill:var(--dim);paint-order:stroke;stroke:var(--card);stroke-width:3px}
.fb .glyph{fill:none;stroke:var(--dim);stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}
.fb .count{font-size:10px;font-weight:600;fill:var(--card)} .fb .badge{fill:var(--tone,var(--dim))}
.fb .running{--tone:var(--running)} .fb .succeeded{--tone:var(--succeeded)} .fb .failed{--tone:var(--failed)}
.fb .caught{--tone:var(--caught)} .fb .aborted{--tone:var(--aborted)}
.fb [data-progress]>.box,.fb [data-progress]>.frame{stroke:var(--tone);stroke-width:2;fill:color-mix(in srgb,var(--tone) 12%,var(--card))}
.fb .running>.box{animation:fb-pulse 1.4s ease-in-out infinite} @keyframes fb-pulse{50%{stroke-opacity:.35}}
.fb g.state{cursor:pointer} .fb g.chosen>.box,.fb g.chosen>.frame{stroke-width:3}
""".replace("\n", "")

# A small sign for each type of state, in a box of 16 × 16.
GLYPHS = {
    "Task": "M3 4h10v8H3zM6 7l2 2 3-4",
    "Choice": "M8 2l6 6-6 6-6-6z",
    "Wait": "M8 2a6 6 0 1 0 .01 0M8 5v3l2 2",
    "Pass": "M2 8h11M9 4l4 4-4 4",
    "Succeed": "M3 8l4 4 6-8",
    "Fail": "M4 4l8 8M12 4l-8 8",
    "Parallel": "M5 3v10M11 3v10M2 8h12",
    "Map": "M3 4h10M3 8h10M3 12h10",
}


def draw(drawing: Drawing, progress: Mapping[str, Any]) -> str:
    """The SVG document. `progress`: by state name, `{"status": …, "entered": n}`."""
    width, height = math.ceil(drawing.width), math.ceil(drawing.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="fb" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img"><style>{STYLE}</style>'
        '<defs><marker id="fb-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" style="fill:var(--line)"/></marker></defs>'
    ]
    _graph(parts, drawing, 0, 0, progress)
    parts.append("</svg>")
    return "".join(parts)


def _graph(parts: list[str], drawing: Drawing, x: float, y: float, progress: Mapping[str, Any]) -> None:
    parts.append(f'<g transform="translate({x:.1f} {y:.1f})">')
    for route in drawing.routes:
        _route(parts, route)
    for box in drawing.boxes:
        _box(parts, box, progress)
    for route in drawing.routes:
        _label(parts, route)
    parts.append("</g>")


def _box(parts: list[str], box: Box, progress: Mapping[str, Any]) -> None:
    name = box.node.name
    if name in (START, END):
        radius = box.width / 2
        parts.append(
            f'<circle class="mark" cx="{box.x + radius:.1f}" cy="{box.y + radius:.1f}" r="{radius - 1:.1f}"/>'
            f'<text class="mark-text" text-anchor="middle" x="{box.x + radius:.1f}" y="{box.y + radius + 3:.1f}">'
            f"{'Start' if name == START else 'End'}</text>"
        )
        return
    found = progress.get(name)
    status = str(found["status"]) if found else ""
    marks = f' data-progress="{status}"' if status else ""
    parts.append(
        f'<g class="state {status}" data-state="{_text(name)}"{marks} transform="translate({box.x:.1f} {box.y:.1f})">'
        f"<title>{_text(name)}{f': {status}' if status else ''}</title>"
        f'<rect class="{"frame" if box.inner else "box"}" width="{box.width:.1f}" height="{box.height:.1f}" rx="7"/>'
    )
    if glyph := GLYPHS.get(box.node.type):
        parts.append(f'<path class="glyph" transform="translate(10 15)" d="{glyph}"/>')
    room_px = box.width - TEXT_X - 12
    parts.append(
        f'<text class="name" x="{TEXT_X:.0f}" y="20">{_text(_short(name, int(room_px / NAME_PX)))}</text>'
        f'<text class="caption" x="{TEXT_X:.0f}" y="35">'
        f"{_text(_short(box.node.caption, int(room_px / CAPTION_PX)))}</text>"
    )
    if found and found.get("entered", 0) > 1:
        text = f"×{found['entered']}"
        wide = 10 + 6.2 * len(text)
        parts.append(
            f'<rect class="badge" x="{box.width - wide - 6:.1f}" y="6" width="{wide:.1f}" height="15" rx="7.5"/>'
            f'<text class="count" text-anchor="middle" x="{box.width - wide / 2 - 6:.1f}" y="17">{text}</text>'
        )
    for x, y, inner in box.inner:
        if len(box.inner) > 1:
            parts.append(
                f'<rect class="branch" x="{x - BRANCH_PAD:.1f}" y="{y:.1f}" rx="6" '
                f'width="{inner.width + 2 * BRANCH_PAD:.1f}" height="{inner.height:.1f}"/>'
            )
        _graph(parts, inner, x, y, progress)
    parts.append("</g>")


def _route(parts: list[str], route: Route) -> None:
    dashed = " catch" if route.edge.kind is EdgeKind.CATCH else ""
    parts.append(f'<path class="edge{dashed}" marker-end="url(#fb-head)" d="{_rounded(route.points)}"/>')


def _label(parts: list[str], route: Route) -> None:
    """Choices are told apart where they arrive, catches where they leave."""
    if route.edge.label:
        ways = route.points[::-1] if route.edge.kind is EdgeKind.CHOICE else route.points
        (x0, y0), (x1, y1) = ways[0], ways[1]
        share = min(0.5, 26 / max(1.0, math.hypot(x1 - x0, y1 - y0)))
        parts.append(
            f'<text class="label" text-anchor="middle" x="{x0 + (x1 - x0) * share:.1f}" '
            f'y="{y0 + (y1 - y0) * share + 4:.1f}">{_text(route.edge.label)}</text>'
        )


def _rounded(points: tuple[Point, ...]) -> str:
    """A line through all points with its corners rounded."""
    x, y = points[0]
    path = [f"M{x:.1f} {y:.1f}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        (ax, ay), (bx, by) = _towards(corner, before), _towards(corner, after)
        path.append(f"L{ax:.1f} {ay:.1f}Q{corner[0]:.1f} {corner[1]:.1f} {bx:.1f} {by:.1f}")
    x, y = points[-1]
    path.append(f"L{x:.1f} {y:.1f}")
    return "".join(path)


def _towards(corner: Point, other: Point) -> Point:
    distance = math.hypot(other[0] - corner[0], other[1] - corner[1])
    share = min(0.5, CORNER_PX / distance) if distance else 0.0
    return corner[0] + (other[0] - corner[0]) * share, corner[1] + (other[1] - corner[1]) * share


def _short(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(1, room - 1)] + "…"


def _text(text: str) -> str:
    """Text as XML can hold it: control characters and lone surrogates have no place there."""
    return escape(_NOT_XML.sub("\ufffd", text))
