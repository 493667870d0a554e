"""Keeps a function from the abstract Unix sockets and the signals of everything outside its environment.

Abstract sockets belong to the network namespace. A function that shares the host's network would reach the host's (a
desktop's, a container runtime's); Landlock (ABI 6, Linux 6.12) cuts them off, and signals with them.
"""

import ctypes
import os
import struct

_NR_CREATE_RULESET = 444  # the same numbers on every machine
_NR_RESTRICT_SELF = 446
_CREATE_RULESET_VERSION = 1
_SCOPE_ABSTRACT_UNIX_SOCKET = 1
_SCOPE_SIGNAL = 2
_SCOPES_ABI = 6


def abi() -> int:
    """The Landlock version of this kernel; 0 where there is none."""
    return max(0, _syscall(_NR_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION))


def supported() -> bool:
    """Whether `restrict` does anything here."""
    return abi() >= _SCOPES_ABI


def restrict() -> bool:
    """Scope this process and all it will start, for good; needs no_new_privs. False where the kernel cannot."""
    if not supported():
        return False
    # handled_access_fs, handled_access_net, scoped: no rules on files or ports, the mounts and namespaces see to those.
    record = struct.pack("QQQ", 0, 0, _SCOPE_ABSTRACT_UNIX_SOCKET | _SCOPE_SIGNAL)
    ruleset = _syscall(_NR_CREATE_RULESET, record, len(record), 0)
    if ruleset < 0:
        return False
    try:
        return _syscall(_NR_RESTRICT_SELF, ruleset, 0, 0) == 0
    finally:
        os.close(ruleset)


def _syscall(number, first, second, third):
    libc = ctypes.CDLL(None, use_errno=True)
    pointer = first if first is None or isinstance(first, bytes) else ctypes.c_long(first)
    return libc.syscall(ctypes.c_long(number), pointer, ctypes.c_size_t(second), ctypes.c_uint(third))
