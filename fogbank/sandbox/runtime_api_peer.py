"""Who is at the other end of a local TCP connection, asked of the kernel.

On a shared network any local process can reach the port of an environment's Runtime API. Each environment runs under a
uid of its own where fogbank is root, so the uid tells whether a caller is that environment; elsewhere all environments
have fogbank's own uid, and the caller's socket must be one that a process of the environment holds. The kernel answers
for one connection over netlink (`sock_diag`); where that is missing, /proc/net/tcp is searched.
"""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from fogbank.sandbox.memory import tree

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_ANY_COOKIE = 0xFFFFFFFF
_ALL_STATES = 0xFFFFFFFF
_HEAD = struct.Struct("=IHHII")  # length, type, flags, sequence, port id
_REQUEST = struct.Struct("=BBBBI")  # family, protocol, extensions, padding, states
_SOCKET_ID = struct.Struct("!HH16s16sIII")  # source port, destination port, both addresses, interface, cookie
_OWNER = struct.Struct("=II")  # uid, inode
_OWNER_OFFSET = _HEAD.size + 4 + _SOCKET_ID.size + 12  # after expires, receive queue and send queue

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Peer:
    """The socket at the other end."""

    uid: int
    inode: int


def peer_of(theirs: Address, ours: Address) -> Peer | None:
    """Who opened the IPv4 connection from `theirs` to `ours`, both on this machine; None when nobody knows."""
    return _ask_netlink(theirs, ours) or _search_proc(theirs, ours)


def holds(pid: int, inode: int) -> bool:
    """Whether process `pid` or a descendant of it has that socket open."""
    wanted = f"socket:[{inode}]"
    return any(wanted in map(_link, _descriptors(one)) for one in tree(pid))


def _ask_netlink(theirs: Address, ours: Address) -> Peer | None:
    body = _REQUEST.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, _ALL_STATES) + _SOCKET_ID.pack(
        theirs[1],
        ours[1],
        socket.inet_aton(theirs[0]),
        socket.inet_aton(ours[0]),
        0,
        _ANY_COOKIE,
        _ANY_COOKIE,
    )
    head = _HEAD.pack(_HEAD.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as netlink:
            netlink.settimeout(1.0)
            netlink.sendto(head + body, (0, 0))
            answer = netlink.recv(4096)
    except OSError:
        return None
    if len(answer) < _OWNER_OFFSET + _OWNER.size or _HEAD.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY:
        return None
    return Peer(*_OWNER.unpack_from(answer, _OWNER_OFFSET))


def _search_proc(theirs: Address, ours: Address) -> Peer | None:
    wanted = [_proc_address(theirs), _proc_address(ours)]
    try:
        rows = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    except OSError:
        return None
    for row in rows:
        fields = row.split()
        if fields[1:3] == wanted:
            return Peer(int(fields[7]), int(fields[9]))
    return None


def _proc_address(address: Address) -> str:
    number = struct.unpack("=I", socket.inet_aton(address[0]))[0]
    return f"{number:08X}:{address[1]:04X}"


def _descriptors(pid: int) -> list[str]:
    folder = f"/proc/{pid}/fd"
    try:
        return [f"{folder}/{name}" for name in os.listdir(folder)]
    except OSError:
        return []


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
