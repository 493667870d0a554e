"""The filter, run by an interpreter of BPF as small as the instructions it uses."""

from __future__ import annotations

import errno
import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.sandbox.seccomp import assemble, ranges, supported
from fogbank.sandbox.syscalls import MACHINES, allowed_numbers

ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL = 0x7FFF0000, 0x80000000
NUMBERS = {
    "x86_64": {"read": 0, "execve": 59, "clone": 56, "clone3": 435, "ioctl": 16, "socket": 41, "ptrace": 101, "mount": 165,
               "unshare": 272, "setns": 308, "bpf": 321, "io_uring_setup": 425, "keyctl": 250, "userfaultfd": 323,
               "process_vm_readv": 310, "open_by_handle_at": 304, "perf_event_open": 298, "kexec_load": 246,
               "personality": 135, "init_module": 175, "pivot_root": 155, "open_tree": 428, "chroot": 161},
    "aarch64": {"read": 63, "execve": 221, "clone": 220, "clone3": 435, "ioctl": 29, "socket": 198, "ptrace": 117,
                "mount": 40, "unshare": 97, "setns": 268, "bpf": 280, "io_uring_setup": 425, "keyctl": 219,
                "userfaultfd": 282, "process_vm_readv": 270, "open_by_handle_at": 265, "perf_event_open": 241,
                "kexec_load": 104, "personality": 92, "init_module": 105, "pivot_root": 41, "open_tree": 428, "chroot": 51},
}  # fmt: skip
HARMLESS = {"read", "execve", "clone", "ioctl", "socket"}


def run(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the filter returns for a call."""
    padded = [*arguments, *[0] * (6 - len(arguments))]
    data = struct.pack("<IIQ6Q", number, ARCH[machine] if arch is None else arch, 0, *padded)
    program = list(struct.iter_unpack("=HBBI", assemble(machine)))
    position = accumulator = 0
    while True:
        code, if_true, if_false, value = program[position]
        position += 1
        match code:
            case 0x20:
                (accumulator,) = struct.unpack_from("<I", data, value)
            case 0x15:
                position += if_true if accumulator == value else if_false
            case 0x25:
                position += if_true if accumulator > value else if_false
            case 0x35:
                position += if_true if accumulator >= value else if_false
            case 0x45:
                position += if_true if accumulator & value else if_false
            case 0x06:
                return value
            case _:
                raise AssertionError(f"unknown instruction {code:#x}")


def refused(verdict: int) -> int:
    assert verdict & 0xFFFF0000 == 0x00050000
    return verdict & 0xFFFF


@pytest.mark.parametrize("machine", MACHINES)
def test_exactly_the_listed_numbers_are_allowed(machine: str) -> None:
    special = {NUMBERS[machine][name] for name in ("clone", "clone3", "ioctl", "socket")}
    allowed = allowed_numbers(machine)
    assert not allowed & special
    for number in range(700):
        if number not in special:
            assert (run(machine, number) == ALLOW) is (number in allowed), number


@pytest.mark.parametrize("machine", MACHINES)
def test_what_reaches_beyond_the_process_is_refused(machine: str) -> None:
    for name, number in NUMBERS[machine].items():
        if name not in HARMLESS and name != "clone3":
            assert refused(run(machine, number)) == errno.EPERM, name
    assert run(machine, NUMBERS[machine]["read"]) == run(machine, NUMBERS[machine]["execve"]) == ALLOW
    assert refused(run(machine, NUMBERS[machine]["clone3"])) == errno.ENOSYS
    assert refused(run(machine, 100_000)) == errno.ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_arguments_decide(machine: str) -> None:
    numbers = NUMBERS[machine]
    assert run(machine, numbers["clone"], 0x11) == ALLOW
    assert run(machine, numbers["clone"], 0x3D0F00) == ALLOW  # a thread
    for flag in (0x80, 0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert refused(run(machine, numbers["clone"], flag | 0x11)) == errno.EPERM, hex(flag)
    assert run(machine, numbers["ioctl"], 0, 0x5401) == ALLOW
    assert refused(run(machine, numbers["ioctl"], 0, 0x5412)) == errno.EPERM
    assert refused(run(machine, numbers["ioctl"], 0, 0x541C)) == errno.EPERM
    for family in (1, 2, 10, 16):
        assert run(machine, numbers["socket"], family) == ALLOW
    for family in (0, 3, 4, 17, 38, 40, 44):
        assert refused(run(machine, numbers["socket"], family)) == errno.EAFNOSUPPORT


@pytest.mark.parametrize("machine", MACHINES)
def test_another_machines_calls_kill(machine: str) -> None:
    assert run(machine, 1, arch=0x40000003) == KILL
    if machine == "x86_64":
        assert run(machine, 0x40000000 | 101) & 0xFFFF0000 == 0x00050000  # the x32 twin of ptrace


def test_other_machines_have_no_table() -> None:
    assert not supported("riscv64")


@given(st.frozensets(st.integers(0, 500)))
def test_ranges_hold_the_same_numbers(numbers: frozenset[int]) -> None:
    runs = ranges(numbers)
    assert {number for low, high in runs for number in range(low, high + 1)} == numbers
    assert all(right[0] > left[1] + 1 for left, right in pairwise(runs))
