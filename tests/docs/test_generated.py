"""The generated documentation is what the code says."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_coverage_tables_are_up_to_date(generate) -> None:
    stale = [p.name for p, text in generate.wanted().items() if p.name != "cli.md" and p.read_text() != text]
    assert stale == [], "run: make docs"


@pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="argparse words its help differently in other versions"
)
def test_the_cli_reference_is_what_help_says(generate) -> None:
    assert (ROOT / "docs" / "cli.md").read_text() == generate.cli_reference(), "run: make docs"


def test_every_option_is_in_the_reference(generate) -> None:
    reference = (ROOT / "docs" / "cli.md").read_text()
    options = set(re.findall(r"(--[a-z][a-z-]+)", generate.cli_reference()))
    assert options
    assert options <= set(re.findall(r"(--[a-z][a-z-]+)", reference))


def test_relative_links_lead_somewhere() -> None:
    broken = []
    for page in [
        ROOT / "README.md",
        ROOT / "ARCHITECTURE.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
    ]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)(?:#[^)]*)?\)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []
