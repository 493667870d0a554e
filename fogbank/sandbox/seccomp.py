"""Assembles the system-call filter: classic BPF, installed by the environment itself just before the function's code.

An allow-list: a call that is not on it fails with EPERM, one that the kernels of today do not know with ENOSYS (so C
libraries fall back). Four calls depend on an argument: `clone` may not make namespaces, `clone3` hides its flags in
memory and so is ENOSYS (glibc then uses `clone`), `ioctl` may not push input into a terminal, and `socket` knows only
the families that functions need.
"""

from __future__ import annotations

import errno
import socket
import struct
from dataclasses import dataclass

from fogbank.sandbox.syscalls import allowed_numbers

_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_EQUAL = 0x15
_JUMP_GREATER = 0x25
_JUMP_GREATER_EQUAL = 0x35
_JUMP_ANY_BIT = 0x45
_RETURN = 0x06

_ALLOW = 0x7FFF0000
_KILL_PROCESS = 0x80000000
_ERRNO = 0x00050000

_OFFSET_NUMBER = 0
_OFFSET_ARCH = 4
_OFFSET_FIRST_ARGUMENT = 16  # low half, little-endian
_OFFSET_SECOND_ARGUMENT = 24

_CLONE_NAMESPACES = 0x7E020080  # NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET NEWTIME
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, 16)  # 16: AF_NETLINK, for interface addresses


@dataclass(frozen=True, slots=True)
class _Machine:
    audit_arch: int
    clone: int
    clone3: int
    ioctl: int
    socket: int


_MACHINES = {
    "x86_64": _Machine(0xC000003E, clone=56, clone3=435, ioctl=16, socket=41),
    "aarch64": _Machine(0xC00000B7, clone=220, clone3=435, ioctl=29, socket=198),
}


def supported(machine: str) -> bool:
    """Whether there is a table for this `uname -m`."""
    return machine in _MACHINES


def assemble(machine: str) -> bytes:
    """The filter as `sock_filter` records of 8 bytes. Raises KeyError for a machine without a table."""
    this = _MACHINES[machine]
    program = [
        _record(_LOAD_WORD, _OFFSET_ARCH),
        _record(_JUMP_EQUAL, this.audit_arch, 1, 0),
        _record(_RETURN, _KILL_PROCESS),
        _record(_LOAD_WORD, _OFFSET_NUMBER),
        *_when(this.clone3, [_refuse(errno.ENOSYS)]),
        *_when(
            this.clone,
            [
                _record(_LOAD_WORD, _OFFSET_FIRST_ARGUMENT),
                _record(_JUMP_ANY_BIT, _CLONE_NAMESPACES, 0, 1),
                _refuse(errno.EPERM),
                _record(_RETURN, _ALLOW),
            ],
        ),
        *_when(
            this.ioctl,
            [
                _record(_LOAD_WORD, _OFFSET_SECOND_ARGUMENT),
                _record(_JUMP_EQUAL, _TIOCSTI, 1, 0),
                _record(_JUMP_EQUAL, _TIOCLINUX, 0, 1),
                _refuse(errno.EPERM),
                _record(_RETURN, _ALLOW),
            ],
        ),
        *_when(this.socket, _only_first_argument(_FAMILIES, errno.EAFNOSUPPORT)),
    ]
    for low, high in ranges(allowed_numbers(machine)):
        program += [
            _record(_JUMP_GREATER, high, 3, 0),
            _record(_JUMP_GREATER_EQUAL, low, 0, 1),
            _record(_RETURN, _ALLOW),
            _refuse(errno.EPERM),
        ]
    program.append(_refuse(errno.ENOSYS))
    return b"".join(program)


def ranges(numbers: frozenset[int]) -> list[tuple[int, int]]:
    """Runs of consecutive numbers, ascending: [(first, last)]."""
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _record(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


def _refuse(number: int) -> bytes:
    return _record(_RETURN, _ERRNO | number)


def _when(number: int, block: list[bytes]) -> list[bytes]:
    """`block` (which must return) for one system call; the others skip it."""
    return [_record(_JUMP_EQUAL, number, 0, len(block)), *block]


def _only_first_argument(values: tuple[int, ...], error: int) -> list[bytes]:
    tests = [_record(_JUMP_EQUAL, value, len(values) - index, 0) for index, value in enumerate(values)]
    return [_record(_LOAD_WORD, _OFFSET_FIRST_ARGUMENT), *tests, _refuse(error), _record(_RETURN, _ALLOW)]
