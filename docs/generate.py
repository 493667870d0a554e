"""Writes the generated parts of the documentation: coverage tables and the CLI reference.

    python docs/generate.py            # rewrite what is out of date (make docs)
    python docs/generate.py --check    # say what is out of date and fail (make test)

Coverage comes from the operation registry, the CLI reference from the parser: neither can drift from the code.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from importlib import import_module
from pathlib import Path

DOCS = Path(__file__).parent
SERVICES = {
    "apigateway": "apigateway",
    "apigatewayv2": "apigatewayv2",
    "apigatewaymanagementapi": "apigatewaymanagementapi",
    "lambda": "lambda_",
    "logs": "logs",
    "cloudwatch": "cloudwatch",
    "iam": "iam",
    "s3": "s3",
    "sqs": "sqs",
    "sts": "sts",
    "stepfunctions": "stepfunctions",
    "events": "events",
    "dynamodb": "dynamodb",
    "dynamodbstreams": "dynamodbstreams",
}


def coverage_of(service: str) -> str:
    """The coverage table of one service, from its registry."""
    declared = import_module(f"fogbank.services.{SERVICES[service]}").SERVICE
    names = sorted(declared.model.operations)
    served = [name for name in names if name in declared.operations]
    rows = [
        f"{len(served)} of {len(names)} operations. What is not listed answers 501 `NotImplemented`, naming it.",
        "",
    ]
    rows += ["| operation | refused settings (501, named) |", "|---|---|"]
    for name in served:
        refused = ", ".join(f"`{member}`" for member in sorted(declared.operations[name].refuses))
        rows.append(f"| {name} | {refused} |")
    missing = [name for name in names if name not in declared.operations]
    if missing:
        rows += [
            "",
            f"<details><summary>Not yet ({len(missing)})</summary>",
            "",
            ", ".join(missing),
            "",
            "</details>",
        ]
    return "\n".join(rows)


def cli_reference() -> str:
    """Every command's own --help."""
    from fogbank.cli.main import build_parser

    os.environ["COLUMNS"] = "100"
    parser = build_parser()
    commands = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    parts = [
        "# The command line",
        "",
        "Generated from the parser: `fogbank COMMAND --help` says the same.",
        "",
    ]
    parts += ["```", _help(parser), "```"]
    for name, command in commands.choices.items():
        parts += ["", f"## fogbank {name}", "", "```", _help(command), "```"]
    return "\n".join(parts) + "\n"


def _help(parser: argparse.ArgumentParser) -> str:
    # Python 3.13 words a few things of argparse anew; the reference must not depend on who generates it.
    text = parser.format_help().rstrip()
    text = re.sub(r"(-\w), (--[\w-]+) ([A-Z_]+)", r"\1, \2 \3", text)
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def between(text: str, content: str) -> str:
    """`text` with what stands between the coverage markers replaced."""
    begin, end = "<!-- coverage:begin -->", "<!-- coverage:end -->"
    if begin not in text:
        return f"{text.rstrip()}\n\n## Coverage\n\n{begin}\n{content}\n{end}\n"
    head, _, rest = text.partition(begin)
    return f"{head}{begin}\n{content}\n{end}{rest.partition(end)[2]}"


def wanted() -> dict[Path, str]:
    """Every generated file with the content it should have."""
    files = {DOCS / "cli.md": cli_reference()}
    for service in SERVICES:
        page = DOCS / "services" / f"{service}.md"
        files[page] = between(page.read_text() if page.exists() else f"# {service}\n", coverage_of(service))
    return files


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = [(path, text) for path, text in wanted().items() if not path.exists() or path.read_text() != text]
    for path, text in stale:
        print(f"{'out of date' if check else 'wrote'}: {path.relative_to(DOCS.parent)}")
        if not check:
            path.write_text(text)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
