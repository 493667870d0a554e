"""The Python runtime under a wrapper script (AWS_LAMBDA_EXEC_WRAPPER): a new interpreter instead of the zygote's fork.

The wrapper may have changed anything: the handler, the path, variables. What it set is what counts.
"""

import json
import os
import socket
import sys

from . import runtime, wire


def main():
    channel = wire.Channel(socket.socket(fileno=int(os.environ.pop("FOGBANK_CHANNEL_FD"))))
    path = json.loads(os.environ.pop("FOGBANK_PYTHON_PATH"))
    added = [
        entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry and entry not in path
    ]
    sys.path[:] = [path[0], *added, *path[1:]]
    runtime.install_transport_module()
    runtime.run(channel, runtime.make_client_class(), os.environ["_HANDLER"])
