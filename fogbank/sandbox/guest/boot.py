"""Becomes a zygote: makes its namespaces and the read-only root, steps in, and executes the zygote's interpreter.

Run as `python -I -S boot.py FD` by fogbank's own interpreter, outside the sandbox; FD is the control socket. It reads one
message (what to build), answers with one (what could be had), and does not outlive the `exec`. When fogbank dies, the
socket closes, the zygote ends, and, as it is process 1 of its own process namespace, every environment ends with it.
"""

import json
import os
import shutil
import socket
import struct
import sys

sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from guest import linux

_LENGTH = struct.Struct("!I")


def read_message(control):
    return json.loads(_exactly(control, _LENGTH.unpack(_exactly(control, 4))[0]))


def _exactly(control, count):
    data = b""
    while len(data) < count:
        piece = control.recv(count - len(data))
        if not piece:
            sys.exit(0)
        data += piece
    return data


def write_message(control, message):
    data = json.dumps(message).encode()
    control.sendall(_LENGTH.pack(len(data)) + data)


def enter_namespaces():
    """A mount and a process namespace, under a user namespace of ours unless we are root."""
    uid, gid = os.geteuid(), os.getegid()
    spaces = linux.CLONE_NEWNS | linux.CLONE_NEWPID
    linux.unshare(spaces if uid == 0 else spaces | linux.CLONE_NEWUSER)
    if uid != 0:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"0 {uid} 1"),
            ("gid_map", f"0 {gid} 1"),
        ):
            with open("/proc/self/" + name, "w") as file:
                file.write(text)
    linux.mount(None, "/", None, linux.MS_REC | linux.MS_PRIVATE)


def build_root(root, tree):
    """Make the tree that every environment of this zygote sees, and make it read-only."""
    linux.mount("tmpfs", root, "tmpfs", linux.MS_NOSUID, "size=16m,mode=0755")
    for step in tree:
        kind, inside = step[0], root + step[1]
        if kind == "dir":
            os.makedirs(inside, 0o755, exist_ok=True)
            os.chmod(inside, step[2])
        elif kind == "link":
            os.symlink(step[2], inside)
        elif kind == "file":
            with open(inside, "w") as file:
                file.write(step[2])
            os.chmod(inside, step[3])
        elif kind == "copy":
            shutil.copyfile(step[2], inside)
            os.chmod(inside, step[3])
        elif kind == "bind":
            _bind(step[2], inside, step[3])
    linux.mount(None, root, None, linux.MS_BIND | linux.MS_REMOUNT | linux.MS_RDONLY | linux.MS_NOSUID)


def _bind(host, inside, flags):
    if os.path.isdir(host):
        os.makedirs(inside, 0o755, exist_ok=True)
    elif not os.path.lexists(inside):
        open(inside, "w").close()
    linux.bind(host, inside, flags, recursive=False)


def can_make_user_namespace():
    """Whether a child without privileges of its own may: containers and some distributions forbid it."""
    pid = os.fork()
    if pid == 0:
        try:
            linux.unshare(linux.CLONE_NEWUSER)
            os._exit(0)
        except OSError:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def main():
    control = socket.socket(fileno=int(sys.argv[1]))
    spec = read_message(control)
    os.umask(0o022)
    try:
        user_namespace = can_make_user_namespace()
        if not user_namespace and os.geteuid() != 0:
            raise OSError("this user may not make user namespaces")
        enter_namespaces()
        build_root(spec["root"], spec["tree"])
    except OSError as error:
        write_message(control, {"failed": str(error)})
        return
    if os.fork() == 0:  # the new process namespace begins with this child
        become(control, spec, user_namespace)


def become(control, spec, user_namespace):
    """Process 1 of the new namespace: try what environments will need, say what there is, and turn into the zygote."""
    try:
        probe_proc(spec["root"])
    except OSError as error:
        write_message(control, {"failed": str(error)})
        return
    write_message(control, {"user_namespace": user_namespace})
    os.set_inheritable(control.fileno(), True)
    os.setsid()
    os.chdir("/")
    os.chroot(spec["root"])
    os.execve(spec["argv"][0], spec["argv"] + [str(control.fileno())], spec["environ"])


def probe_proc(root):
    """Mounting /proc is what fails first inside a container: find out now, in a child."""
    pid = os.fork()
    if pid == 0:
        try:
            linux.unshare(linux.CLONE_NEWNS)
            linux.mount("proc", root + "/proc", "proc", 0)
            os._exit(0)
        except OSError as error:
            os._exit(error.errno or 1)
    status = os.waitpid(pid, 0)[1]
    if status:
        raise OSError(status >> 8, "/proc cannot be mounted here: " + os.strerror(status >> 8))


if __name__ == "__main__":
    main()
