"""The same walls around Node.js and around a static executable: nothing depends on the language."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fogbank.sandbox.api import Status
from fogbank.sandbox.nodes import find_nodes
from tests.sandbox.attacks.arena import Arena, breaches
from tests.sandbox.test_provided import C_BOOTSTRAP

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODES = [major for major in (18, 20, 22) if major in find_nodes()]

NODE_ATTACK = """
const fs = require('node:fs'), net = require('node:net'), { execFileSync, spawnSync } = require('node:child_process');
const attempt = (work) => { try { return 'SUCCEEDED ' + work(); } catch (error) { return String(error.code || error.name); } };
exports.handler = async (event) => {
  const report = {};
  for (const path of ['/etc/shadow', '/root/.bashrc', '/proc/1/root' + event.key, event.key, '/proc/kcore', '/proc/' + event.pid + '/mem'])
    report['read ' + path] = attempt(() => fs.readFileSync(path).length);
  for (const path of ['/var/task/x', '/opt/x', '/var/runtime/x', '/var/lang/x', '/x', '/run/x', '/dev/x'])
    report['write ' + path] = attempt(() => fs.writeFileSync(path, 'x'));
  report['kill fogbank'] = attempt(() => process.kill(event.pid, 0));
  report['setuid'] = attempt(() => process.setuid(0));
  report['chroot'] = attempt(() => { const done = spawnSync('chroot', ['/tmp', '/bin/true']); if (done.status !== 0) throw new Error('refused'); });
  report['unshare'] = attempt(() => { const done = spawnSync('unshare', ['-U', 'true']); if (done.status !== 0) throw new Error('refused'); });
  report['mount'] = attempt(() => { const done = spawnSync('mount', ['-t', 'tmpfs', 'x', '/tmp']); if (done.status !== 0) throw new Error('refused'); });
  report['processes'] = fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length === 1 ? 'own' : 'SUCCEEDED';
  report['descriptors'] = fs.readdirSync('/proc/self/fd').map((fd) => attempt(() => fs.readlinkSync('/proc/self/fd/' + fd)))
    .filter((target) => target.startsWith('SUCCEEDED /') && !/SUCCEEDED .(dev.null|proc|var.lang|usr)/.test(target)).join();
  return report;
};
"""


@pytest.mark.skipif(not NODES, reason="no Node.js 18, 20 or 22 here")
async def test_node(arena: Arena) -> None:
    key = arena.folder / "master.key"
    key.write_text("secret")
    config = arena.function({"index.js": NODE_ATTACK}, runtime=f"nodejs{NODES[-1]}.x")
    outcome = await arena.invoke(config, {"key": str(key), "pid": os.getpid()})
    assert outcome.status is Status.SUCCESS, (outcome.result, outcome.log.lines)
    assert breaches(outcome.payload) == {}
    assert outcome.payload["descriptors"] == ""
    await arena.neighbour_is_unharmed()


@pytest.mark.skipif(not NODES, reason="no Node.js 18, 20 or 22 here")
@pytest.mark.parametrize(
    "body",
    [
        "fs.writeSync(3, Buffer.alloc(5000, 255))",
        "for (let fd = 3; fd < 64; fd++) try { fs.writeSync(fd, Buffer.from([3, 0, 0, 0, 5, 0, 0, 0, 0, 49])); } catch {}",
        "for (let fd = 0; fd < 64; fd++) try { fs.closeSync(fd); } catch {}",
        "process.abort()",
        "process.kill(process.pid, 'SIGSEGV')",
        "process.reallyExit(3)",
        "process.removeAllListeners(); process.emitWarning = process.exit = null; throw null",
        "Object.prototype.payload = 'x'; JSON.parse = () => { throw 1 }; JSON.stringify = () => { throw 2 }",
        "setImmediate = undefined; Promise.prototype.then = null; Buffer.prototype.utf8Write = null",
    ],
)
async def test_node_turning_against_its_runtime(arena: Arena, body: str) -> None:
    source = f"const fs = require('fs'); exports.handler = async (event) => {{ if (event) {{ {body}; }} return 'answered'; }};"
    config = arena.function({"index.js": source}, runtime=f"nodejs{NODES[-1]}.x", timeout_ms=1500)
    await arena.invoke(config, 1)
    await arena.neighbour_is_unharmed()
    for _ in range(3):
        outcome = await arena.invoke(config, 0)
        if outcome.status is Status.SUCCESS:
            break
    assert outcome.result.payload == b'"answered"'
    await arena.neighbour_is_unharmed()


C_ATTACKS = r"""
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static int attack(const char *name) {
    errno = 0;
    if (!strcmp(name, "shadow")) return open("/etc/shadow", O_RDONLY) >= 0;
    if (!strcmp(name, "unshare")) return unshare(CLONE_NEWUSER) == 0;
    if (!strcmp(name, "mount")) return mount("x", "/tmp", "tmpfs", 0, 0) == 0;
    if (!strcmp(name, "chroot")) return chroot("/tmp") == 0;
    if (!strcmp(name, "setuid")) return setuid(0) == 0;
    if (!strcmp(name, "ptrace")) return ptrace(PTRACE_TRACEME, 0, 0, 0) == 0;
    if (!strcmp(name, "mknod")) return mknod("/tmp/mem", S_IFCHR | 0666, makedev(1, 1)) == 0;
    if (!strcmp(name, "bpf")) return syscall(SYS_bpf, 0, 0, 0) >= 0;
    if (!strcmp(name, "task")) return open("/var/task/x", O_CREAT | O_WRONLY, 0600) >= 0;
    return 2;
}
"""


async def test_a_static_executable(arena: Arena, tmp_path: Path) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    serve = C_BOOTSTRAP.replace(
        "int main(void)", "static int attack(const char *name);\nint main(void)"
    ).replace('"{\\"from c\\":%s}", body', '"%d", (body[strlen(body) - 1] = 0, attack(body + 1))')
    (tmp_path / "attack.c").write_text("#define _GNU_SOURCE\n" + serve + C_ATTACKS)
    command = [compiler, "-static", "-O1", "-o", str(tmp_path / "attack"), str(tmp_path / "attack.c")]
    built = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False)
    if built.returncode and b"cannot find" in built.stderr:
        pytest.skip("no static C library")
    assert built.returncode == 0, built.stderr.decode()
    config = arena.function({"bootstrap": (tmp_path / "attack").read_bytes()}, runtime="provided.al2023")
    names = ("shadow", "unshare", "mount", "chroot", "setuid", "ptrace", "mknod", "bpf", "task", "unknown")
    report = {name: (await arena.invoke(config, name)).payload for name in names}
    assert report == {**dict.fromkeys(names, 0), "unknown": 2}
    await arena.neighbour_is_unharmed()
