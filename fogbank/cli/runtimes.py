"""`fogbank runtimes`: which runtimes this machine can run; `--ensure` installs what an older Python needs."""

from __future__ import annotations

import argparse
import re

from fogbank.cli.output import complain, say, say_json, table
from fogbank.core.errors import RuntimeUnavailable
from fogbank.sandbox.runtimes import OLDEST_MINOR, Runtimes


def run(options: argparse.Namespace) -> int:
    runtimes = Runtimes()
    for name in options.ensure:
        found = re.fullmatch(r"python3\.(\d{1,2})", name)
        if found is None:
            complain(f"{name}: packages can be installed for python3.N only")
            return 2
        try:
            say(f"{name}: installed into {runtimes.ensure(int(found[1]))}")
        except RuntimeUnavailable as error:
            complain(str(error))
            return 1
    if options.pythons:
        for minor in sorted(minor for minor in runtimes.interpreters if minor >= OLDEST_MINOR):
            say(f"python3.{minor}")
        return 0
    if not options.ensure:
        rows = runtimes.found()
        if options.json:
            say_json([{"runtime": r.runtime, "version": r.version, "executable": r.executable} for r in rows])
        else:
            table([(row.runtime, row.version, row.executable) for row in rows])
    return 0
