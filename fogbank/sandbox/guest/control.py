"""Messages between the node and a zygote, and from a zygote to a child that waits: JSON with its length before it, and
descriptors attached to the first byte.
"""

import json
import socket
import struct

_LENGTH = struct.Struct("!I")
_FDS_MAX = 4


class Gone(Exception):
    """The other end closed the socket: it died."""


def read(control):
    """One message: (what it says, its descriptors, its bytes as they came). Raises Gone."""
    try:
        return _read(control)
    except OSError:  # reset: it died with something of ours unread
        raise Gone from None


def _read(control):
    head, ancillary, _flags, _address = control.recvmsg(4, socket.CMSG_SPACE(_FDS_MAX * 4))
    fds = []
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.extend(struct.unpack(f"{len(data) // 4}i", data[: len(data) // 4 * 4]))
    if not head:
        raise Gone
    head += _exactly(control, 4 - len(head))
    body = _exactly(control, _LENGTH.unpack(head)[0])
    return json.loads(body), fds, head + body


def _exactly(control, count):
    data = b""
    while len(data) < count:
        piece = control.recv(count - len(data))
        if not piece:
            raise Gone
        data += piece
    return data


def write(control, message):
    """Send a message without descriptors. Raises Gone."""
    body = json.dumps(message).encode()
    try:
        control.sendall(_LENGTH.pack(len(body)) + body)
    except OSError:
        raise Gone from None


def forward(control, data, fds):
    """Send the bytes of a message on, with its descriptors. Raises OSError."""
    rights = struct.pack(f"{len(fds)}i", *fds)
    sent = control.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    if sent < len(data):  # an empty send would fail once the other end has read all and closed
        control.sendall(data[sent:])
