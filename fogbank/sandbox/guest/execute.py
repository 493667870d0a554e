"""Hands a walled-in environment over to another program: Node.js, a function's own `bootstrap`, a wrapper."""

import os

from . import wire


def execute(channel_socket, program, environ):
    """Replace this process by the first of `program["candidates"]` that exists.

    A program that speaks frames finds the channel under the number in FOGBANK_CHANNEL_FD; for others it is closed.
    When nothing can be started the node hears why, in Lambda's words.
    """
    if program["frames"]:
        environ = dict(environ, FOGBANK_CHANNEL_FD=str(channel_socket.fileno()))
        os.set_inheritable(channel_socket.fileno(), True)
    candidates = program["candidates"]
    path = next((path for path in candidates if os.path.lexists(path)), None)
    if path is None:
        reason = "Couldn't find valid bootstrap(s): [{}]".format(" ".join(candidates))
    else:
        try:
            os.execve(path, [path, *program["arguments"]], environ)
        except OSError as error:
            reason = f"fork/exec {path}: {os.strerror(error.errno).lower()}"
    wire.Channel(channel_socket).send(wire.UNSTARTED, reason.encode())
    os._exit(1)
