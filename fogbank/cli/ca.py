"""`fogbank ca`: the certificate to trust for https://localhost:4566."""

from __future__ import annotations

import argparse
from pathlib import Path

from fogbank.cli.output import say
from fogbank.cli.start import default_data_dir
from fogbank.edge.tls import ca_pem


def run(options: argparse.Namespace) -> int:
    data_dir = Path(options.data_dir) if options.data_dir else default_data_dir()
    say(ca_pem(data_dir).strip())
    return 0
