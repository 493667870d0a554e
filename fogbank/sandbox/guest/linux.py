"""System calls that Python's standard library has no name for, by ctypes, with the errno raised.

Only Linux reaches this module: elsewhere the plain runner never imports it.
"""

import ctypes
import os
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_NOATIME = 1024
MS_BIND = 4096
MS_MOVE = 8192
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_SET_NAME = 15
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SECCOMP_MODE_FILTER = 2

# Locked: no setuid fix-ups, no capabilities by uid 0, none kept over a change of uid, none raised as ambient.
SECUREBITS_LOCKED = 0b11101111

_NR_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)
_libc.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)


def _check(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _text(value):
    return None if value is None else os.fsencode(value)


def unshare(flags):
    _check(_libc.unshare(flags), f"unshare {flags:#x}")


def setns(fd, flags):
    _check(_libc.setns(fd, flags), f"setns {flags:#x}")


def mount(source, target, kind, flags, options=None):
    _check(
        _libc.mount(_text(source), _text(target), _text(kind), flags, _text(options)),
        f"mount {source or kind} on {target}",
    )


def bind(source, target, flags=MS_RDONLY | MS_NOSUID | MS_NODEV, recursive=False):
    """Bind `source` on `target`; a bind takes its flags only from a second, remounting call."""
    mount(source, target, None, MS_BIND | (MS_REC if recursive else 0))
    mount(None, target, None, MS_BIND | MS_REMOUNT | flags | locked_flags(target))


def locked_flags(path):
    """Flags the host set on a mount: inside a user namespace a remount must repeat them."""
    flags = os.statvfs(path).f_flag
    kept = 0
    for st_flag, ms_flag in ((2, MS_NOSUID), (4, MS_NODEV), (8, MS_NOEXEC), (1024, MS_NOATIME)):
        if flags & st_flag:
            kept |= ms_flag
    return kept


def umount(target, flags=MNT_DETACH):
    _check(_libc.umount2(_text(target), flags), f"umount {target}")


def pivot_root(new_root, put_old):
    number = _NR_PIVOT_ROOT[os.uname().machine]
    _check(_libc.syscall(number, _text(new_root), _text(put_old)), f"pivot_root {new_root}")


def prctl(option, value=0, value3=0):
    _check(_libc.prctl(option, value, value3, 0, 0), f"prctl {option}")


def drop_bounding_set():
    """Empty the bounding set: the kernel says EINVAL past the last capability it knows."""
    for capability in range(64):
        if _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break


def set_capabilities(effective, permitted):
    """Set the thread's effective and permitted capabilities (64-bit masks); inheritable becomes empty."""
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    low, high = 0xFFFFFFFF, 32
    data = struct.pack("IIIIII", effective & low, permitted & low, 0, effective >> high, permitted >> high, 0)
    _check(_libc.capset(header, data), "capset")


def install_seccomp(program):
    """Install a BPF filter (`sock_filter` records, as seccomp.py assembled them) on this process for ever."""
    code = ctypes.create_string_buffer(program, len(program))
    record = struct.pack("HP", len(program) // 8, ctypes.addressof(code))
    address = ctypes.create_string_buffer(record, len(record))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(address))
