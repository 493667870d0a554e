"""What runs on the function's side of the fence, inside interpreters from CPython 3.8 to 3.14.

Standard library only, and nothing of the rest of fogbank: this folder is the one thing of ours that a sandbox can see.

    boot.py        outside: makes the namespaces and the read-only root of a zygote, then becomes it
    zygote.py      inside: preloads, then forks an environment for each request that comes over its control socket
    control.py     the messages on that socket
    preload.py     what a zygote imports, and how an environment takes leave of it
    warm_boto3.py  what botocore computes once for all sessions
    child.py       the forked child, from the zygote's loop to the function's code
    isolate.py     how it walls itself in (mounts, cgroup, uid, capabilities, seccomp), step by step
    landlock.py    abstract sockets and signals, where the kernel can
    runtime.py     the official runtime client over our one-frame-each-way protocol, and its rehearsal
    wire.py        those frames
    output.py      sys.stdout and the log sink, framed
    execute.py     hands a walled-in child over to another program (Node.js, a `bootstrap`)
    wrapped.py     the same runtime in a new interpreter, under a wrapper script
    node/          the Node.js runtime
    linux.py       the few system calls Python has no name for
"""
