"""The example app, end to end: what `make run ONCE=1` shows, on a fresh data directory and again on the same one."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "examples" / "orders" / "run.py"


def run(folder: Path) -> str:
    done = subprocess.run(
        [
            sys.executable, str(RUN), "--once", "--port", "0",
            "--data-dir", str(folder / "data"), "--diagram", str(folder / "workflow.svg"),
        ],
        capture_output=True,
        text=True,
        timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def line(output: str, begin: str) -> str:
    """The one line that begins so."""
    [found] = [line.strip() for line in output.splitlines() if line.strip().startswith(begin)]
    return found


def check(output: str) -> None:
    assert "38.00" in line(output, "o-1")
    assert "KeyError: 'unicorn'" in line(output, "o-3")
    assert line(output, "no key").split(maxsplit=2)[2] == "403  Forbidden"
    assert re.search("400 .*minimum: 1, found: 0", line(output, "invalid order"))
    assert line(output, "cached call").split()[-1] == line(output, "first call").split()[-1]
    assert line(output, "over quota").endswith("429  Limit Exceeded")
    assert line(output, "throttled").endswith("429  Too Many Requests")
    share = re.search(r"two answered (\d+) of 200 calls", line(output, "canary"))
    assert share and 16 < int(share[1]) < 100
    assert "given up after 2 attempts (RetryAttemptsExhausted)" in line(output, "poison")
    assert [text.split(": ")[1] for text in re.findall("  view  .*", output)] == [
        "8 orders, 304.00",
        "7 orders, 266.00",
        "8 orders, 304.00",
    ]
    assert line(output, "notifications").split(maxsplit=1)[1].startswith("23, each once")
    assert line(output, "started by the API").split()[4] == "200"
    assert re.search(r"succeeded +r-\w+-good, confirmed by the customer, parcels", output)
    assert "OrderCancelled: CardDeclined" in line(output, "compensated")
    assert "waits after" in line(output, "kill -9")
    assert re.search(r"45 events, 3 parcels", line(output, "went on"))
    assert "/_fogbank/console/states/arn%3Aaws%3Astates" in line(output, "console")
    assert line(output, "no token").split()[2] == "401"
    assert line(output, "wrong token").split()[2] == "403"
    assert "'orders': 8, 'cents': 30400, 'asked_by': 'shop'" in line(output, "token")
    assert "pages of https://shop.example may call" in line(output, "preflight")
    assert re.search(r"succeeded +r-\w+-direct, 2 parcels", output)
    assert re.search(r"news .*'cents': 3800}", output)
    assert "forgotten by $disconnect" in line(output, "closed")
    assert "All of it worked" in output


@pytest.mark.timeout(240)
def test_the_example_shows_what_it_promises(tmp_path: Path) -> None:
    check(run(tmp_path))
    assert (tmp_path / "workflow.svg").read_text().lstrip().startswith("<")
    check(run(tmp_path))  # deployed again, onto what is there
