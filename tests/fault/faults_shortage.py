"""Faults of the surroundings: no more processes, descriptors or space, and nobody who reads the log."""

import fcntl
import os
import resource
import signal
import subprocess

import proc
from fault import HUP, KILL, TERM, fault
from servers import NotHere, NotOffered, Uvicorn

LONELY_USER = 64321  # nobody's, so that a limit on its processes hits us alone
LOG_LINES = 10


@fault("T14", "NoMoreProcesses", "no process beyond the N workers and the master may be made; then it may again",
       "no exit; a killed worker comes back; more come when they may")
def no_more_processes(case):
    case.explain(r"Reload: ", "(?i)resource temporarily unavailable", "SIGKILL from outside", "Degraded", "times in a row")
    server = case.server(workers=2, user=LONELY_USER)
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    allow_processes(server, 3, hard)
    server.signal(signal.SIGTTIN)
    server.signal(HUP)
    proc.pause(1)
    case.expect(server.running(), "the master gave up")
    server.signal(signal.SIGTTOU)
    for pid in server.workers()[:1]:
        os.kill(pid, KILL)
    case.expect(server.wait_ready(2, 30), f"{len(server.ready())} workers when as many as before may be")
    if server.running():
        allow_processes(server, soft, hard)
        outcome = server.reload(30)
        case.expect(outcome == "serves", f"a reload when it may again: {outcome or 'no word of it'}")


def allow_processes(server, soft, hard):
    """As the user itself: root may lack the right."""
    limit = ":".join("unlimited" if number == resource.RLIM_INFINITY else str(number) for number in (soft, hard))
    for pid in (server.master, *server.workers()):
        subprocess.run(["prlimit", f"--pid={pid}", f"--nproc={limit}"], user=LONELY_USER, group=LONELY_USER,
                       extra_groups=[], check=True)


@fault("T15", "NoMoreDescriptors", "64 descriptors, 200 clients that stay",
       "no spinning, no crash; serves again when they go")
def no_more_descriptors(case):
    case.explain("too many open files")
    server = case.server(workers=2, descriptors=64, keep_alive=60)
    workers = server.workers()
    clients = case.sockets_to(server, 200)
    proc.pause(0.5)
    cpu = sum(proc.cpu_seconds(pid) for pid in workers)
    proc.pause(1)
    cpu = sum(proc.cpu_seconds(pid) for pid in workers) - cpu
    case.expect(cpu < 0.5, f"{cpu:.1f} s of processor time in a second of doing nothing")
    case.expect(server.workers() == workers, "workers died")
    for client in clients:
        client.close()
    case.recovers(server)
    lines = server.log_count("(?i)too many open files")
    case.expect(lines <= LOG_LINES, f"{lines} lines about it")


@fault("T16", "NoMoreSpace", "access log, then error log, on a full device", "serves; a few lines about it, not one each")
def no_more_space(case):
    if not os.path.exists("/dev/full"):
        raise NotHere("no /dev/full here")
    case.explain("(?i)no space left on device")
    if case.kind is Uvicorn:
        raise NotOffered("uvicorn has no log files")
    for option in ("access_log", "error_log"):
        server = case.server(workers=2, **{option: "/dev/full"}, name=option)
        load = case.load(server, rate=200)
        proc.pause(case.short_or_long(1.5, 30))
        server.signal(HUP)
        proc.pause(0.5)
        case.nothing_lost(load.finish())
        lines = len(server.log().splitlines())
        case.note(f"{option}: {lines} lines")
        case.expect(lines <= 60, f"{option}: {lines} lines")


@fault("T17", "NobodyReadsTheLog", "the reader of the log's pipe has stopped, and the pipe is full",
       "master and workers never wait for it")
def nobody_reads_the_log(case):
    if case.kind is Uvicorn:
        raise NotOffered("uvicorn has no log files")
    reader, writer = os.pipe()
    try:
        server = case.server(workers=2, stderr=writer, access_log="/dev/stderr")
        fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
        _fill(writer)
        fcntl.fcntl(writer, fcntl.F_SETFL, 0)
        load = case.load(server, rate=100, timeout=5)
        proc.pause(0.5)
        old = server.workers()
        server.signal(HUP)
        fresh = proc.wait_until(lambda: len(set(server.workers()) - set(old)) == 2, 15)
        case.expect(fresh, "the reload came to no end")
        case.nothing_lost(load.finish())
        server.signal(TERM)
        case.expect(proc.ended(server.handle, 15), "TERM ended nothing")
    finally:
        os.close(reader)
        os.close(writer)


@fault("T18", "OutOfMemory", "a worker leaks until the cgroup's memory.max; then the same with --max-memory below it",
       "the victim is named with its cause, the rest live; with the limit it is recycled before",
       peers="no limit of memory at which a worker is replaced")
def out_of_memory(case):
    case.explain("out of memory in the cgroup", "times in a row", "Degraded")
    for limit in (None, "24m"):
        cgroup = case.cgroup("memory")
        cgroup.limit_memory(256 << 20)
        server = case.server(workers=2, launcher=cgroup.launcher(), own={"max_memory": limit} if limit else {},
                             name=f"max-memory-{limit}")
        master, before = server.master, set(server.workers())
        ending = "max-memory: it holds" if limit else "out of memory in the cgroup"
        # --max-memory is for leaks that take longer than its three seconds.
        leak_until(server, (1 if limit else 8) << 20, lambda: server.log_count(ending))
        case.expect(server.log_count(ending), f"max_memory={limit}: no word of it")
        case.expect(proc.wait_until(lambda: before - set(server.workers()), 20), "nobody was replaced")
        case.recovers(server)
        case.expect(server.master == master and server.running(), "the master was hit")
        killed = server.log_count("was killed by")
        case.expect(killed == (0 if limit else 1), f"max_memory={limit}: {killed} were killed")
        case.stops(server)


def leak_until(server, size, condition):
    """So much at a time, in whichever worker takes it."""
    def leak():
        try:
            server.get(f"/leak/{size}", 5)
        except (OSError, ValueError):
            pass  # its worker was killed
        return condition()

    proc.wait_until(leak, 30, 0.05)


def _fill(writer):
    for size in (4096, 1):
        try:
            while True:
                os.write(writer, b"x" * size)
        except BlockingIOError:
            pass
