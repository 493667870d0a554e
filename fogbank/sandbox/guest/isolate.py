"""A freshly forked child walls itself in. Order matters and is the whole of this file.

The zygote's root is the read-only tree that boot.py built, while its working directory is still the host's root: an
absolute path is inside, a relative one is the host's. That ends at `leave_host`, before any code of the function exists.

The user namespace comes last: so every mount, the network and the process namespace belong to a user namespace that the
function is not in, and even a function that regained all capabilities of its own would have none over them.
"""

import os
import resource
import socket
import struct

from . import landlock, linux

HOME_UID = 993  # sbx_user1051, as on Lambda
HOME_GID = 990
# One group for all environments, and Lambda's own umask: what one writes into a `--bind` folder, the others may append to.
# Everything else an environment can write is mounted for it alone.
SHARED_GID = 1000000000
UMASK = 0o002
NICE = 5  # the platform comes before the functions it runs
HOSTNAME = "169.254.76.1"
_IO_FLAGS = linux.MS_RDONLY | linux.MS_NOSUID | linux.MS_NODEV
_TMP_FLAGS = linux.MS_NOSUID | linux.MS_NODEV
_CAP_SYS_ADMIN = 1 << 21
_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x41
_SIOCADDRT = 0x890B
_RTF_UP_REJECT = 0x201


def outside(path):
    """The host's path, seen from the zygote."""
    return path.lstrip("/") or "."


def close_others(keep, listing):
    """Close every descriptor but the standard three and `keep`; `listing` is the folder that shows them."""
    for name in os.listdir(listing):
        fd = int(name)
        if fd > 2 and fd not in keep:
            try:
                os.close(fd)
            except OSError:
                pass  # the one that listed the folder


def join_cgroups(groups, prefix=""):
    """Make this environment's groups, with their limits, and enter them."""
    for group in groups:
        folder = prefix + outside(group["dir"])
        os.mkdir(folder, 0o755)
        for name, value in group["writes"]:
            _write(os.path.join(folder, name), value)
        _write(os.path.join(folder, "cgroup.procs"), "0")


def _write(path, text, dir_fd=None):
    fd = os.open(path, os.O_WRONLY, dir_fd=dir_fd)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def enter_namespaces(own_network):
    """What needs no request: namespaces, /proc, the name."""
    flags = linux.CLONE_NEWNS | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS
    linux.unshare(flags | (linux.CLONE_NEWNET if own_network else 0))
    mount_proc()
    socket.sethostname(HOSTNAME)


def mount_proc(target="/proc"):
    linux.mount("proc", target, "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)


def mount_own(request):
    """The mounts that differ between environments; the rest of the tree is the zygote's."""
    linux.bind(outside(request["task"]), "/var/task", _IO_FLAGS)
    layers = request["layers"]
    if len(layers) == 1:
        linux.bind(outside(layers[0]), "/opt", _IO_FLAGS)
    elif layers:
        lower = ":".join(outside(layer) for layer in reversed(layers))
        linux.mount("overlay", "/opt", "overlay", _IO_FLAGS, "lowerdir=" + lower)
    options = "size={},nr_inodes={},mode=1777".format(request["tmp_bytes"], request["tmp_files"])
    linux.mount("tmpfs", "/tmp", "tmpfs", _TMP_FLAGS, options)
    for host, inside, flags in request["binds"]:
        os.makedirs(inside, exist_ok=True)
        linux.bind(outside(host), inside, flags)


def open_network(ports, outbound):
    """Bring the loopback of a new network namespace up and listen there for the node: [listening socket].

    With `outbound` the namespace will be connected: to no link-local address then, where a cloud's metadata service
    would take the function for the machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        import fcntl

        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP_RUNNING))
        if outbound:
            fcntl.ioctl(control, _SIOCADDRT, _no_route("169.254.0.0", "255.255.0.0"))
    listeners = []
    for port in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        listeners.append(listener)
    return listeners


def _no_route(network, mask):
    """A `struct rtentry` that says: unreachable."""
    addresses = [
        struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))
        for text in (network, "0.0.0.0", mask)
    ]
    return struct.pack("@L16s16s16sH90x", 0, *addresses, _RTF_UP_REJECT)


def leave_host(root):
    """Make the inner tree the only one there is."""
    os.chroot(".")
    os.chdir(outside(root))
    linux.pivot_root(".", ".")
    linux.umount(".")
    os.chdir("/")


def become_nobody(uid, proc_fd, user_namespace):
    """Take the environment's own uid (None: the user fogbank runs as) and give every privilege up, for good."""
    if uid is not None:
        os.setgroups([])
        os.setresgid(SHARED_GID, SHARED_GID, SHARED_GID)
        linux.prctl(linux.PR_SET_KEEPCAPS, 1)
        os.setresuid(uid, uid, uid)
        linux.set_capabilities(
            _CAP_SYS_ADMIN, _CAP_SYS_ADMIN
        )  # some kernels ask for it to make a user namespace
    outer_uid, outer_gid = os.getuid(), os.getgid()
    if user_namespace:
        linux.prctl(linux.PR_SET_DUMPABLE, 1)  # or /proc/self belongs to root and the maps cannot be written
        linux.unshare(linux.CLONE_NEWUSER)
        _write("self/setgroups", "deny", proc_fd)
        _write("self/uid_map", f"{HOME_UID} {outer_uid} 1", proc_fd)
        _write("self/gid_map", f"{HOME_GID} {outer_gid} 1", proc_fd)
    linux.drop_bounding_set()
    linux.prctl(linux.PR_CAP_AMBIENT, linux.PR_CAP_AMBIENT_CLEAR_ALL)
    if user_namespace or uid is not None:
        try:
            linux.prctl(linux.PR_SET_SECUREBITS, linux.SECUREBITS_LOCKED)
        except OSError:
            pass  # without CAP_SETPCAP; no_new_privs below already forbids every gain
        linux.set_capabilities(0, 0)
    linux.prctl(linux.PR_SET_DUMPABLE, 1)


def limit_resources(request):
    for name, value in request["limits"]:
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        if hard != resource.RLIM_INFINITY and (value < 0 or value > hard):
            value = hard
        resource.setrlimit(which, (value, value))


def seal(program):
    """No new privileges, nothing to do with outside sockets, only the system calls on the list. None can be undone."""
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    landlock.restrict()
    if program:
        linux.install_seccomp(program)


def inherit(namespace):
    """Enter the mounts that the function's last environment left; they know no host any more. /proc must be our own."""
    linux.setns(namespace, linux.CLONE_NEWNS)
    os.close(namespace)
    # In a user namespace the kernel wants to see one /proc before it gives another, so the old one goes last.
    mount_proc("/run/empty")
    linux.umount("/proc")
    linux.mount("/run/empty", "/proc", None, linux.MS_MOVE)


def wall_in(request, setting, inherited):
    """All that follows `enter_namespaces`, in order. `inherited`: the mount namespace of the last environment, or none.

    Returns the listeners opened inside the network namespace."""
    join_cgroups(request["cgroups"])
    listeners = open_network(request["ports"], request["outbound"]) if setting.own_network else []
    if inherited:
        inherit(inherited[0])
    else:
        mount_own(request)
        leave_host(setting.root)
    become_nobody(request["uid"], setting.proc_fd, setting.user_namespace)
    limit_resources(request)  # inside the user namespace, whose processes are counted apart
    os.close(setting.proc_fd)
    seal(setting.program)
    os.chdir("/var/task")
    return listeners


def fence_in(request, setting):
    """What is left without namespaces: cgroups where they can be had, limits, no new privileges, the system-call list."""
    join_cgroups(request["cgroups"], "/")
    limit_resources(request)
    if setting.program:
        seal(setting.program)
    os.chdir(request["task"])
    return []
