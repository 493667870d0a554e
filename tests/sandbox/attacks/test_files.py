"""A function that looks for files that are not its own, and writes where it must not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fogbank.sandbox.nodes import find_nodes
from tests.sandbox.attacks.arena import Arena, breaches

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "the-master-key"


def hidden(folder: Path) -> Path:
    """A file that fogbank may read and no function should."""
    path = folder / "data" / "master.key"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SECRET)
    return path


async def test_host_files_are_not_there(arena: Arena) -> None:
    key = hidden(arena.folder)
    other_code = arena.folder / "code" / "neighbour" / "index.py"
    report = await arena.attack(
        """
        def handler(event, context):
            report = {}
            for path in event["paths"]:
                for way in ("", "/proc/self/root", "/proc/1/root", "/var/task/../../..", "/proc/self/cwd/../../.."):
                    report[way + path] = attempt(lambda: read(way + path))
                report["list " + path] = attempt(lambda: os.listdir(os.path.dirname(path)))
            return report
        """,
        {
            "paths": [
                "/etc/shadow",
                "/etc/sudoers",
                "/root/.bashrc",
                "/home/x/x",
                "/var/log/lastlog",
                "/boot/vmlinuz",
                "/run/secrets/x",
                "/var/lib/dpkg/status",
                str(key),
                str(other_code),
                str(arena.settings.work_dir / "x"),
            ]
        },
    )
    allowed = {"list /etc/shadow", "list /etc/sudoers", "list /run/secrets/x"}
    assert {name for name in breaches(report) if name not in allowed} == set()


async def test_the_tree_holds_only_what_a_function_needs(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            return {"/": os.listdir("/"), "etc": sorted(os.listdir("/etc")), "var": sorted(os.listdir("/var")),
                    "dev": sorted(os.listdir("/dev")), "tmp": os.listdir("/tmp"), "mounts": read("/proc/mounts", 65536).decode()}
        """
    )
    assert not {"root", "home", "boot", "srv", "mnt", "media", "work"} & set(report["/"])
    assert not {"shadow", "sudoers", "ssh", "hostname", "machine-id"} & set(report["etc"])
    assert report["var"] == ["lang", "runtime", "task"]
    assert set(report["dev"]) <= {
        "null", "zero", "full", "random", "urandom", "fd", "stdin", "stdout", "stderr", "shm",
    }  # fmt: skip
    assert report["tmp"] == []
    assert str(arena.folder) not in report["mounts"].replace(str(arena.folder / "code"), "")


async def test_what_is_read_only_stays_so(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            report = {}
            for folder in ("/", "/var/task", "/opt", "/usr", "/usr/bin", "/bin", "/lib", "/etc", "/var", "/var/lang", "/var/runtime",
                           "/var/runtime/fogbank_guest", "/dev", "/run", "/proc", "/sys"):
                report["make in " + folder] = attempt(lambda: open(folder + "/planted", "w").write("x"))
                report["mkdir in " + folder] = attempt(lambda: os.mkdir(folder + "/planted"))
            for path in ("/var/task/index.py", "/etc/passwd", "/var/runtime/bootstrap.py", sys.executable):
                report["open " + path] = attempt(lambda: os.open(path, os.O_RDWR))
                report["chmod " + path] = attempt(lambda: os.chmod(path, 0o777))
                report["unlink " + path] = attempt(lambda: os.unlink(path))
                report["rename " + path] = attempt(lambda: os.rename(path, path + "x"))
                report["utime " + path] = attempt(lambda: os.utime(path))
                report["self/fd " + path] = attempt(
                    lambda: os.open("/proc/self/fd/%d" % os.open(path, os.O_RDONLY), os.O_RDWR))
            return report
        """
    )
    assert breaches(report) == {}


async def test_links_do_not_lead_out(arena: Arena) -> None:
    key = hidden(arena.folder)
    report = await arena.attack(
        """
        def handler(event, context):
            os.symlink("../../../../../.." + event, "/tmp/link")
            os.symlink("/proc/1/root" + event, "/tmp/link2")
            os.symlink("/proc/self/task/%d/root" % os.getpid() + event, "/tmp/link3")
            report = {name: attempt(lambda: read("/tmp/" + name)) for name in ("link", "link2", "link3")}
            report["hard link"] = attempt(lambda: os.link("/etc/passwd", "/tmp/passwd"))
            report["dot dot"] = attempt(lambda: read("../" * 40 + event.lstrip("/")))
            def climb():
                fd = os.open("/", os.O_RDONLY)
                for _ in range(40):
                    fd = os.open("..", os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
                return read("/proc/self/fd/%d" % fd + event)
            report["openat .."] = attempt(climb)
            return report
        """,
        str(key),
    )
    assert breaches(report) == {}


async def test_no_descriptor_is_left_that_leads_out(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            seen = {}
            for name in os.listdir("/proc/self/fd"):
                try:
                    seen[name] = os.readlink("/proc/self/fd/" + name)
                except OSError:
                    pass
            return seen
        """
    )
    kinds = {target.split(":")[0] for target in report.values()}
    assert {kind for kind in kinds if not kind.startswith("/proc/")} <= {"/dev/null", "pipe", "socket"}


@pytest.mark.parametrize("kind", ["S_IFCHR", "S_IFBLK"])
async def test_devices_cannot_be_made(arena: Arena, kind: str) -> None:
    report = await arena.attack(
        """
        import stat
        def handler(event, context):
            kind = getattr(stat, event)
            numbers = {"mem": (1, 1), "kmem": (1, 2), "port": (1, 4), "sda": (8, 0), "vda": (254, 0), "tty": (5, 0), "ptmx": (5, 2)}
            return {name: attempt(lambda: os.mknod("/tmp/" + name, kind | 0o666, os.makedev(*pair))) for name, pair in numbers.items()}
        """,
        kind,
    )
    assert breaches(report) == {}


async def test_dev_has_nothing_dangerous(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            names = ("mem", "kmem", "port", "kvm", "fuse", "net/tun", "loop-control", "loop0", "sda", "vda", "kmsg", "tty", "ptmx",
                     "pts/0", "console", "vhost-net", "mapper/control", "snd/seq", "input/event0", "cpu/0/msr", "userfaultfd", "vsock")
            return {name: attempt(lambda: os.open("/dev/" + name, os.O_RDWR)) for name in names}
        """
    )
    assert breaches(report) == {}


async def test_setuid_programs_give_nothing(arena: Arena) -> None:
    report = await arena.attack(
        """
        import subprocess, shutil
        def handler(event, context):
            found = [os.path.join(folder, name) for folder in ("/usr/bin", "/usr/sbin", "/bin", "/sbin") if os.path.isdir(folder)
                     for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name))
                     and os.stat(os.path.join(folder, name)).st_mode & 0o6000]
            shutil.copy(shutil.which("id"), "/tmp/id")
            os.chmod("/tmp/id", 0o6755)
            said = subprocess.run(["/tmp/id", "-u"], capture_output=True, text=True).stdout.strip()
            status = dict(line.split(":", 1) for line in read("/proc/self/status", 65536).decode().splitlines())
            su = [subprocess.run([path, "-c", "id -u"], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=5).stdout.strip()
                  for path in found if os.path.basename(path) in ("su", "sudo", "pkexec")]
            return {"uid": said, "su": su, "no_new_privs": status["NoNewPrivs"].strip(), "mounts": read("/proc/mounts", 65536).decode(),
                    "setuid 0": attempt(lambda: os.setuid(0)), "setresuid": attempt(lambda: os.setresuid(0, 0, 0)),
                    "setgid 0": attempt(lambda: os.setgid(0)), "setgroups": attempt(lambda: os.setgroups([0]))}
        """
    )
    assert report["uid"] != "0"
    assert "0" not in report["su"]
    assert report["no_new_privs"] == "1"
    assert breaches({name: value for name, value in report.items() if isinstance(value, str)}) == {}
    for mount in report["mounts"].splitlines():
        _source, where, _kind, options = mount.split(" ")[:4]
        assert "nosuid" in options.split(","), f"{where} is mounted without nosuid"


async def test_another_environments_tmp_and_code_are_its_own(arena: Arena) -> None:
    report = await arena.attack(
        """
        def handler(event, context):
            found = []
            for top, folders, files in os.walk("/tmp"):
                found += files
            return {"tmp": found, "task": sorted(os.listdir("/var/task")),
                    "diary": attempt(lambda: read("/tmp/diary")),
                    "1/root": attempt(lambda: read("/proc/1/root/tmp/diary"))}
        """
    )
    assert report["tmp"] == []
    assert report["task"] == ["index.py"]
    assert breaches({name: report[name] for name in ("diary", "1/root")}) == {}


async def test_two_environments_of_one_function_do_not_share_tmp(arena: Arena) -> None:
    source = """
    import os, time
    def handler(event, context):
        before = sorted(os.listdir("/tmp"))
        open("/tmp/mine", "w").close()
        time.sleep(0.3)
        return before
    """
    config = arena.function(source)
    import asyncio

    first, second = await asyncio.gather(arena.invoke(config), arena.invoke(config))
    assert (first.payload, second.payload) == ([], [])
    assert len({first.result.stream, second.result.stream}) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to have a file only root may read")
async def test_the_function_is_not_root_on_the_host(arena: Arena) -> None:
    """What the function writes into a bound folder shows who it is to the host."""
    report = await arena.attack(
        """
        def handler(event, context):
            status = dict(line.split(":", 1) for line in read("/proc/self/status", 65536).decode().splitlines())
            return {name: status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Seccomp")}
        """
    )
    zero = "0" * 16
    assert report == {
        "CapInh": zero,
        "CapPrm": zero,
        "CapEff": zero,
        "CapBnd": zero,
        "CapAmb": zero,
        "Seccomp": "2",
    }


MOUNTS = {
    "python3.11": ("index.py", "def handler(event, context): return open('/proc/self/mounts').read()"),
    "nodejs20.x": (
        "index.js",
        "exports.handler = async () => require('fs').readFileSync('/proc/self/mounts', 'utf8');",
    ),
    "provided.al2023": (
        "bootstrap",
        """#!/usr/bin/python3
import http.client, json, os
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
connection.request("GET", "/2018-06-01/runtime/invocation/next")
response = connection.getresponse()
response.read()
path = "/2018-06-01/runtime/invocation/%s/response" % response.headers["Lambda-Runtime-Aws-Request-Id"]
connection.request("POST", path, json.dumps(open("/proc/self/mounts").read()))
connection.getresponse().read()
""",
    ),
}


@pytest.mark.parametrize("runtime", MOUNTS)
async def test_whatever_the_runtime_only_tmp_can_be_written(arena: Arena, runtime: str) -> None:
    name, source = MOUNTS[runtime]
    if runtime.startswith("nodejs") and 20 not in find_nodes():
        pytest.skip("no Node.js 20 here")
    outcome = await arena.invoke(arena.function({name: source}, runtime=runtime))
    writable = [
        where
        for _source, where, _kind, options, *_rest in (
            line.split(" ") for line in outcome.payload.splitlines()
        )
        if "ro" not in options.split(",")
    ]
    # Devices are bound one by one and hold no files; /proc is the environment's own.
    assert {where for where in writable if not where.startswith("/dev/")} == {"/proc", "/tmp"}
