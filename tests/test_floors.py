"""The floors: a module imports only floors below its own, and services never import each other."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1] / "fogbank"
FLOORS = [
    {"core"},
    {"store", "model", "java"},
    {"asl", "sandbox", "streams", "templates", "gateway", "policies"},
    {"protocol", "auth", "services"},
    {"edge", "console"},
    {"app"},
    {"cli", "testing"},
]
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}
# Siblings that may know each other: a command may use the pytest plugin's server, never the other way round.
ALLOWED: set[tuple[str, str]] = set()
STDLIB_ONLY = "core"
CORE_ALLOWED = {"fogbank"}


def imports_of(path: Path) -> set[str]:
    """Every module a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            # What runs inside functions is no part of the package there: it may only name its own siblings.
            assert "guest" in path.parts and node.level == 1, f"{path}: relative import"
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            if node.module in {"fogbank", "fogbank.services"}:
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def unit_of(module: str) -> str | None:
    """`fogbank.store.sqlite` → `store`; `fogbank.services.logs.x` → `services.logs`."""
    parts = module.split(".")
    if parts[0] != "fogbank" or len(parts) < 2 or parts[1] not in LEVEL:
        return None
    return ".".join(parts[1:3]) if parts[1] == "services" and len(parts) > 2 else parts[1]


def violations() -> list[str]:
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        relative = path.relative_to(ROOT.parent).with_suffix("")
        own = unit_of(".".join(relative.parts))
        if own is None:
            continue
        for module in sorted(imports_of(path)):
            other = unit_of(module)
            if other is None or other == own:
                continue
            own_level, other_level = LEVEL[own.split(".")[0]], LEVEL[other.split(".")[0]]
            if other_level >= own_level and (own, other) not in ALLOWED:
                found.append(f"{relative}: {own} imports {other} ({module})")
    return found


def test_a_floor_imports_only_floors_below() -> None:
    assert violations() == []


def test_core_needs_the_standard_library_only() -> None:
    import sys

    for path in (ROOT / "core").rglob("*.py"):
        for module in imports_of(path):
            top = module.split(".")[0]
            assert top in sys.stdlib_module_names or top in CORE_ALLOWED, f"{path.name} imports {module}"


def test_the_walk_sees_imports_inside_functions(tmp_path: Path) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text("def f():\n    from fogbank.edge import server\n    import fogbank.app\n")
    assert imports_of(probe) == {"fogbank.edge", "fogbank.app"}


def test_every_package_stands_on_a_floor() -> None:
    units = {p.name for p in ROOT.iterdir() if p.is_dir() and p.name != "__pycache__"} | {"app"}
    assert units <= set(LEVEL), f"no floor for {units - set(LEVEL)}"
