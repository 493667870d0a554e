"""A function that turns to the kernel: mounts, namespaces, tracing, modules, clocks, keys, and what escapes are made of."""

from __future__ import annotations

import pytest

from tests.sandbox.attacks.arena import Arena, breaches

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Numbers of x86_64 and aarch64. Arguments are harmless: none of these calls may get as far as looking at them.
FORBIDDEN_CALLS = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "migrate_pages": (256, 238),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
    "chroot": (161, 51),
}


async def test_forbidden_system_calls_are_refused_before_their_arguments(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            column = 0 if MACHINE == "x86_64" else 1
            return {name: attempt(lambda: call("syscall", numbers[column], -1, -1, -1, -1, -1, -1))
                    for name, numbers in event.items() if numbers[column] is not None}
        """,
        FORBIDDEN_CALLS,
    )
    assert {name: outcome for name, outcome in report.items() if outcome not in ("EPERM", "ENOSYS")} == {}


async def test_32_bit_calls_cannot_go_round_the_filter(arena: Arena) -> None:
    """int 0x80 and the x32 numbers reach the same kernel by another table."""
    report = await arena.attack(
        """
        import mmap
        def int_80(number):
            # mov eax, number; int 0x80; ret -- the i386 table from a 64-bit process
            code = b"\\x53\\xb8" + struct.pack("<I", number) + b"\\xcd\\x80\\x5b\\xc3"
            page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
            page.write(code)
            address = ctypes.addressof(ctypes.c_char.from_buffer(page))
            result = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
            if result < 0:
                raise OSError(-result, "")
            return result
        def handler(event, context):
            if MACHINE != "x86_64":
                return {}
            return {"i386 getpid": attempt(lambda: int_80(20)), "i386 unshare": attempt(lambda: int_80(310)),
                    "x32 getpid": attempt(lambda: call("syscall", 0x40000000 + 39)),
                    "x32 ptrace": attempt(lambda: call("syscall", 0x40000000 + 521, 0, 0, 0, 0))}
        """
    )
    assert breaches(report) == {}


async def test_namespaces_cannot_be_made_or_entered(arena: Arena) -> None:
    report = await arena.attack(
        """
        FLAGS = {"NS": 0x20000, "CGROUP": 0x2000000, "UTS": 0x4000000, "IPC": 0x8000000, "USER": 0x10000000,
                 "PID": 0x20000000, "NET": 0x40000000}
        CLONE = {"x86_64": 56, "aarch64": 220}[MACHINE]
        def clone3(flags):
            arguments = struct.pack("QQQQQQQQ", flags, 0, 0, 0, 17, 0, 0, 0)
            return call("syscall", 435, arguments, len(arguments))
        def handler(event, context):
            report = {}
            for name, flag in FLAGS.items():
                report["unshare " + name] = attempt(lambda: call("unshare", flag))
                report["clone " + name] = attempt(lambda: call("syscall", CLONE, flag | 17, 0, 0, 0, 0))
                report["clone USER+" + name] = attempt(lambda: call("syscall", CLONE, flag | FLAGS["USER"] | 17, 0, 0, 0, 0))
                report["clone3 " + name] = attempt(lambda: clone3(flag))
            for kind in ("mnt", "pid", "net", "user", "ipc", "uts", "cgroup"):
                report["setns " + kind] = attempt(lambda: call("setns", os.open("/proc/1/ns/" + kind, os.O_RDONLY), 0))
            return report
        """
    )
    assert breaches(report) == {}


async def test_nothing_can_be_mounted_moved_or_unmounted(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
            os.mkdir("/tmp/m")
            report = {}
            for kind in (b"tmpfs", b"proc", b"sysfs", b"cgroup", b"cgroup2", b"overlay", b"debugfs", b"bpf", b"devpts", b"mqueue"):
                report["mount " + kind.decode()] = attempt(lambda: call("mount", kind, b"/tmp/m", kind, 0, None))
            report["bind / "] = attempt(lambda: call("mount", b"/", b"/tmp/m", None, 4096, None))
            report["bind over /proc"] = attempt(lambda: call("mount", b"/tmp", b"/proc", None, 4096, None))
            report["remount / rw"] = attempt(lambda: call("mount", None, b"/", None, 32 | 4096, None))
            report["remount /var/task rw"] = attempt(lambda: call("mount", None, b"/var/task", None, 32 | 4096, None))
            report["remount /tmp suid"] = attempt(lambda: call("mount", None, b"/tmp", None, 32, None))
            for path in (b"/tmp", b"/proc", b"/var/task", b"/opt", b"/"):
                report["umount " + path.decode()] = attempt(lambda: call("umount2", path, 2))
            report["chroot"] = attempt(lambda: os.chroot("/tmp"))
            report["pivot_root"] = attempt(lambda: call("syscall", 155 if MACHINE == "x86_64" else 41, b"/tmp", b"/tmp/m"))
            return report
        """
    )
    assert breaches(report) == {}


async def test_kernel_settings_cannot_be_written(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            return {path: attempt(lambda: os.write(os.open(path, os.O_WRONLY), b"|/tmp/x")) for path in event}
        """,
        [
            "/proc/sys/kernel/core_pattern",
            "/proc/sys/kernel/modprobe",
            "/proc/sys/kernel/hostname",
            "/proc/sys/kernel/yama/ptrace_scope",
            "/proc/sys/kernel/ns_last_pid",
            "/proc/sys/vm/overcommit_memory",
            "/proc/sys/vm/drop_caches",
            "/proc/sys/fs/binfmt_misc/register",
            "/proc/sys/net/ipv4/ip_forward",
            "/proc/sysrq-trigger",
            "/proc/self/oom_score_adj_x",
            "/proc/self/uid_map",
            "/proc/self/gid_map",
            "/proc/self/setgroups",
            "/proc/self/loginuid",
            "/proc/1/uid_map",
            "/proc/kcore",
            "/sys/kernel/uevent_helper",
            "/sys/fs/cgroup/release_agent",
            "/sys/fs/cgroup/memory/release_agent",
            "/sys/fs/cgroup/cgroup.procs",
            "/sys/kernel/debug/x",
        ],
    )
    assert breaches(report) == {}


async def test_kernel_secrets_cannot_be_read(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            report = {path: attempt(lambda: read(path, 64)) for path in
                      ("/proc/kcore", "/proc/kmsg", "/proc/1/mem", "/proc/vmallocinfo", "/sys/kernel/security/lsm", "/proc/keys_x")}
            addresses = {line.split()[0] for line in read("/proc/kallsyms", 65536).decode().splitlines()[:-1]}
            report["kallsyms"] = "hidden" if addresses <= {"0000000000000000"} else "SUCCEEDED " + str(list(addresses)[:2])
            return report
        """
    )
    assert breaches(report) == {}


async def test_terminals_sockets_and_limits(arena: Arena) -> None:
    report = await arena.attack(
        """
        import fcntl, resource, socket
        def handler(event, context):
            report = {"TIOCSTI": attempt(lambda: fcntl.ioctl(1, 0x5412, b"x")),
                      "TIOCLINUX": attempt(lambda: fcntl.ioctl(1, 0x541C, b"x")),
                      "TIOCSTI high bits": attempt(lambda: call("ioctl", 1, ctypes.c_ulong(0x100005412), b"x"))}
            for name, family, kind in (("packet", 17, socket.SOCK_RAW), ("vsock", 40, socket.SOCK_STREAM), ("alg", 38, socket.SOCK_SEQPACKET),
                                       ("xdp", 44, socket.SOCK_RAW), ("bluetooth", 31, socket.SOCK_RAW), ("can", 29, socket.SOCK_RAW),
                                       ("raw ip", 2, socket.SOCK_RAW), ("key", 15, socket.SOCK_RAW), ("rds", 21, socket.SOCK_SEQPACKET)):
                report["socket " + name] = attempt(lambda: socket.socket(family, kind, 1 if name == "raw ip" else 0))
            for name in ("RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_CORE", "RLIMIT_MEMLOCK"):
                which = getattr(resource, name)
                hard = resource.getrlimit(which)[1]
                report["raise " + name] = ("unlimited" if hard == resource.RLIM_INFINITY
                                           else attempt(lambda: resource.setrlimit(which, (hard + 1, hard + 1))))
            report["nice"] = attempt(lambda: os.nice(-5))
            report["realtime"] = attempt(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))
            report["securebits"] = attempt(lambda: call("prctl", 28, 0, 0, 0, 0))
            report["capset"] = attempt(lambda: call("capset", struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0xFFFFFFFF] * 6)))
            report["new privs"] = attempt(lambda: call("prctl", 38, 0, 0, 0, 0))
            return report
        """
    )
    report.pop("raise RLIMIT_CORE")
    assert breaches(report) == {}


async def test_clocks_cannot_be_changed(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            now = time.time()
            return {"settime": attempt(lambda: time.clock_settime(time.CLOCK_REALTIME, now + 3600)), "drift": str(abs(time.time() - now) < 60)}
        """
    )
    assert breaches(report) == {}
    assert report["drift"] == "True"


@pytest.mark.parametrize("path", ["/proc/self/exe", "/usr/bin/env"])
async def test_running_interpreters_cannot_be_overwritten(arena: Arena, path: str) -> None:
    """The runc escape of 2019: rewrite the host's binary through /proc/self/exe."""
    report = await arena.attack(
        """
        def handler(event, context):
            def overwrite():
                fd = os.open(event, os.O_RDONLY)
                return os.open("/proc/self/fd/%d" % fd, os.O_WRONLY | os.O_TRUNC)
            return {"direct": attempt(lambda: os.open(event, os.O_WRONLY)), "by descriptor": attempt(overwrite)}
        """,
        path,
    )
    assert breaches(report) == {}


async def test_xattrs_and_ownership_of_the_hosts_files_stay(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            report = {}
            for path in ("/var/task/index.py", "/etc/passwd", "/usr/bin/env"):
                report["chown " + path] = attempt(lambda: os.chown(path, os.getuid(), os.getgid()))
                report["xattr " + path] = attempt(lambda: os.setxattr(path, "user.x", b"1"))
                report["caps " + path] = attempt(lambda: os.setxattr(path, "security.capability", b"1" * 20))
            return report
        """
    )
    assert breaches(report) == {}
