"""`fogbank doctor`: what this machine offers for running functions, and what follows."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys

from fogbank.cli.output import GREEN, YELLOW, colour, say, say_json
from fogbank.sandbox.doctor import Finding, examine


def run(options: argparse.Namespace) -> int:
    findings = asyncio.run(examine())
    findings.append(_python())
    findings.append(_postgres())
    if options.json:
        say_json([{"what": f.what, "ok": f.ok, "found": f.found, "follows": f.follows} for f in findings])
        return 0
    for finding in findings:
        mark = colour("ok  ", GREEN) if finding.ok else colour("note", YELLOW)
        say(f"{mark} {finding.what}: {finding.found}")
        if finding.follows:
            say(f"     {finding.follows}")
    return 0


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("fogbank's Python", True, f"{version} ({sys.executable})", "")


def _postgres() -> Finding:
    try:
        import psycopg
    except ImportError:
        return Finding(
            "PostgreSQL store",
            False,
            "psycopg is not installed",
            "pip install 'fogbank[postgres]' to use --store postgresql://…",
        )
    server = (
        "server programs found"
        if shutil.which("postgres")
        else "no server on PATH (one elsewhere serves as well)"
    )
    return Finding("PostgreSQL store", True, f"psycopg {psycopg.__version__}, {server}", "")
