"""What a function sees as `/`: the list of steps that `guest/boot.py` carries out to build it.

Nothing of the host is there but what is named here: the system's programs and libraries, the interpreter, public
certificates, harmless devices, and the folders the user binds. `/etc` is made, not bound. All of it is read-only.
"""

from __future__ import annotations

import os
from pathlib import Path

from fogbank.core.errors import ConfigError
from fogbank.sandbox.api import Bind, FunctionNetwork
from fogbank.sandbox.runtimes import Launch

Step = list[str | int]

PYCACHE = "/run/pycache"
GUEST = Path(__file__).parent / "guest"

_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_READ_ONLY = _RDONLY | _NOSUID | _NODEV
_SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_CERTIFICATES = (
    "/etc/ssl/certs",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/etc/ca-certificates",
)
_ETC_COPIES = (
    "/etc/ld.so.cache",
    "/etc/services",
    "/etc/protocols",
    "/etc/ssl/openssl.cnf",
    "/etc/os-release",
)
_ETC_HOST_NETWORK = ("/etc/hosts", "/etc/resolv.conf")
_COPY_BYTES_MAX = 1 << 20
_OWN_MOUNTS = (
    "/proc",
    "/var/task",
    "/opt",
    "/dev",
    "/sys",
    "/run",
    "/var/runtime",
    "/var/lang",
    "/usr",
    "/etc",
)

_PASSWD = """\
root:x:0:0:root:/root:/bin/bash
sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin
nobody:x:65534:65534:nobody:/:/sbin/nologin
"""
_GROUP = "root:x:0:\nsbx_user1051:x:990:\nnobody:x:65534:\n"
_NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n"
_HOSTS = "127.0.0.1 localhost\n::1 localhost\n"
_RESOLV_CONF_OUTBOUND = "nameserver 10.0.2.3\n"  # slirp4netns, which asks the resolvers of the host

# Run as the zygote, and again by a wrapper script (AWS_LAMBDA_EXEC_WRAPPER) that an environment became.
BOOTSTRAP = """\
import os

if "FOGBANK_CHANNEL_FD" in os.environ:
    from fogbank_guest.wrapped import main
else:
    from fogbank_guest.zygote import main
main()
"""


def root_tree(
    root: Path,
    launch: Launch,
    settings_binds: tuple[Bind, ...],
    network: FunctionNetwork,
    pycache: Path | None,
) -> list[Step]:
    """The steps for a zygote of `launch` whose tree is built at `root`."""
    steps = _system()
    steps += _language(root, launch)
    steps += _runtime(launch)
    steps += [
        ["dir", "/var/task", 0o755],
        ["dir", "/opt", 0o755],
        ["dir", "/tmp", 0o1777],
        ["dir", "/proc", 0o555],
    ]
    steps += _devices()
    steps += _etc(network)
    if pycache is not None:
        steps.append(["bind", PYCACHE, str(pycache), _NOSUID | _NODEV | _NOEXEC])
    for bind in early_binds(settings_binds):
        steps.append(["bind", bind.inside, str(bind.host), bind_flags(bind)])
    return steps


def bind_flags(bind: Bind) -> int:
    """Mount flags of a folder the user binds."""
    return _READ_ONLY if bind.read_only else _NOSUID | _NODEV


def check_binds(binds: tuple[Bind, ...]) -> None:
    """Raise ConfigError for a bind that cannot be had."""
    for bind in binds:
        if not bind.host.exists():
            raise ConfigError(f"--bind {bind.host}: there is no such file or folder")
        inside = os.path.normpath(bind.inside)
        if not bind.inside.startswith("/") or inside == "/":
            raise ConfigError(f"--bind {bind.inside}: must be an absolute path inside the environment, not /")
        if inside == "/tmp" or any(inside == own or inside.startswith(own + "/") for own in _OWN_MOUNTS):
            raise ConfigError(f"--bind {bind.inside}: functions have that folder already")


def early_binds(binds: tuple[Bind, ...]) -> list[Bind]:
    """Binds that every environment shares; those under /tmp must wait for the environment's own /tmp."""
    return [bind for bind in binds if not _in_tmp(bind)]


def late_binds(binds: tuple[Bind, ...]) -> list[Bind]:
    """Binds to be made in each environment."""
    return [bind for bind in binds if _in_tmp(bind)]


def _in_tmp(bind: Bind) -> bool:
    return os.path.normpath(bind.inside).startswith("/tmp/")


def _system() -> list[Step]:
    steps: list[Step] = [["dir", "/usr", 0o755], ["bind", "/usr", "/usr", _READ_ONLY]]
    for name in _SYSTEM_FOLDERS:
        path = f"/{name}"
        if os.path.islink(path):
            steps.append(["link", path, os.readlink(path)])
        elif os.path.isdir(path):
            steps.append(["bind", path, path, _READ_ONLY])
    return steps


def _language(root: Path, launch: Launch) -> list[Step]:
    """The function's language at /var/lang; Python without the packages somebody installed beside it."""
    interpreter, home = launch.interpreter, launch.python_home
    steps: list[Step] = [
        ["bind", home, str(interpreter.prefix), _READ_ONLY],
        ["dir", "/run/empty", 0o755],
    ]
    lib = interpreter.prefix / "lib"
    for folder in (lib / f"python3.{interpreter.minor}", lib / "python3"):
        for name in ("site-packages", "dist-packages"):
            if (folder / name).is_dir():
                inside = f"{home}/lib/{folder.name}/{name}"
                steps.append(["bind", inside, f"{root}/run/empty", _READ_ONLY])
    if launch.node is not None:
        steps.append(["bind", "/var/lang", str(launch.node.prefix), _READ_ONLY])
    return steps


def _runtime(launch: Launch) -> list[Step]:
    steps: list[Step] = [["dir", "/var/runtime", 0o755]]
    for path in launch.packages.values():
        steps.append(["bind", f"/var/runtime/{path.name}", str(path), _READ_ONLY])
    steps.append(["bind", "/var/runtime/fogbank_guest", str(GUEST), _READ_ONLY])
    steps.append(["file", "/var/runtime/bootstrap.py", BOOTSTRAP, 0o755])
    return steps


def _devices() -> list[Step]:
    steps: list[Step] = [["dir", "/dev", 0o755]]
    steps += [["bind", f"/dev/{name}", f"/dev/{name}", _NOSUID | _NOEXEC] for name in _DEVICES]
    steps.append(["link", "/dev/fd", "/proc/self/fd"])
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        steps.append(["link", f"/dev/{name}", f"/proc/self/fd/{number}"])
    return steps


def _etc(network: FunctionNetwork) -> list[Step]:
    steps: list[Step] = [
        ["dir", "/etc", 0o755],
        ["dir", "/etc/ssl", 0o755],
        ["file", "/etc/passwd", _PASSWD, 0o644],
        ["file", "/etc/group", _GROUP, 0o644],
        ["file", "/etc/nsswitch.conf", _NSSWITCH, 0o644],
    ]
    on_host = network is FunctionNetwork.HOST
    if not on_host:
        steps.append(["file", "/etc/hosts", _HOSTS, 0o644])
    if network is FunctionNetwork.OUTBOUND:
        steps.append(["file", "/etc/resolv.conf", _RESOLV_CONF_OUTBOUND, 0o644])
    for path in (*_ETC_COPIES, *(_ETC_HOST_NETWORK if on_host else ())):
        if os.path.isfile(path) and os.path.getsize(path) <= _COPY_BYTES_MAX:
            steps.append(["copy", path, os.path.realpath(path), 0o644])
    steps += [["bind", path, path, _READ_ONLY] for path in _CERTIFICATES if os.path.isdir(path)]
    if os.path.isdir("/etc/alternatives"):
        steps.append(["bind", "/etc/alternatives", "/etc/alternatives", _READ_ONLY])
    return steps
