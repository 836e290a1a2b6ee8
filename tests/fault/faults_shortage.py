"""Faults of the surroundings: no more processes, descriptors or space, and nobody who reads the log."""

import fcntl
import os
import pathlib
import resource
import shutil
import signal
import subprocess

import proc
from fault import HUP, KILL, TERM, fault
from servers import NotHere, NotOffered, Uvicorn

LONELY_USER = 64321  # nobody's, so that a limit on its processes hits us alone
LOG_LINES = 10
OWN_DISK = 'mount -t tmpfs -o size=64k none "$0" && exec "$@"'
FULL_DISK = OWN_DISK.replace("exec", '{ cat /dev/zero > "$0/ballast" || true; } && exec')


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
        # FAULTS 6: that more come was promised, and never asked for.
        server.signal(signal.SIGTTIN)
        case.expect(server.wait_ready(3, 30), f"{len(server.ready())} workers when a third may be")
        server.signal(signal.SIGTTOU)


def allow_processes(server, soft, hard):
    """As the user itself: root may lack the right."""
    limit = ":".join("unlimited" if number == resource.RLIM_INFINITY else str(number) for number in (soft, hard))
    for pid in (server.master, *server.workers()):
        subprocess.run(["prlimit", f"--pid={pid}", f"--nproc={limit}"], user=LONELY_USER, group=LONELY_USER,
                       extra_groups=[], check=True)


@fault("T15", "NoMoreDescriptors", "64 descriptors, 200 clients that stay",
       "no spinning, no crash; serves again when they go")
def no_more_descriptors(case):
    case.explain("too many open files", "worker-connections")
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


@fault("T16", "NoMoreSpace", "access log, then error log, on a full device; then a disk with log and pidfile that fills",
       "serves; a few lines about it, not one each; the log goes on when there is room; a start says why it can't be")
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
    full_disk(case)


def full_disk(case):
    """A disk that the server alone has, seen from here by its /proc/PID/root."""
    disk = case.directory / "mounted"
    disk.mkdir()
    launcher = ["unshare", "--mount", "sh", "-c", OWN_DISK, str(disk)]
    if not shutil.which("unshare") or subprocess.run([*launcher, "true"], check=False, capture_output=True).returncode:
        return case.note("no disk may be mounted here")
    server = case.server(workers=2, launcher=launcher, pidfile=disk / "pid", access_log=disk / "access", name="disk")
    inside = pathlib.Path(f"/proc/{server.master}/root{disk}")
    load = case.load(server, rate=200)
    with open(inside / "ballast", "wb", buffering=0) as ballast:
        _fill_disk(ballast)
    size = (inside / "access").stat().st_size
    outcome = server.reload()
    case.expect(outcome == "serves", f"a reload with a full disk: {outcome or 'no word of it'}")
    proc.pause(0.5)
    case.expect(server.log_count("(?i)no space left") <= LOG_LINES, "too many lines about the full disk")
    (inside / "ballast").unlink()
    case.expect(proc.wait_until(lambda: (inside / "access").stat().st_size > size + 1000, 15), "the log doesn't go on")
    case.nothing_lost(load.finish())
    if case.is_girin():
        second = case.server(wait=False, pidfile=disk / "pid", name="no-room",
                             launcher=[*launcher[:4], FULL_DISK, str(disk)])
        case.expect(proc.ended(second.handle, 20) and second.process.wait() == 1, "a start without room for its pidfile")
        case.expect(second.log_count("write pidfile .*no space left on device") == 1, f"no reason: {second.log()[-200:]}")
    return None


def _fill_disk(file):
    for size in (4096, 1):
        try:
            while True:
                file.write(b"x" * size)
        except OSError:
            pass


@fault("T17", "NobodyReadsTheLog", "the reader of the log's pipe has stopped, and the pipe is full; then it is gone",
       "master and workers never wait for it, nor end by it")
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
        os.close(reader)  # from now on a line gives EPIPE
        old = server.workers()  # FAULTS 6: those before the first reload were gone anyway
        server.signal(HUP)
        fresh = proc.wait_until(lambda: len(server.workers()) == 2 and not set(server.workers()) & set(old), 15)
        case.expect(fresh, "the reload came to no end when the reader was gone")
        fresh = server.workers()
        case.expect(all(server.get()[0] == 200 for _ in range(20)), "it doesn't serve when the reader is gone")
        proc.pause(0.5)
        case.expect(server.workers() == fresh, "workers ended by a line that nobody reads")  # FAULTS 6
        server.signal(TERM)
        # FAULTS 6: that it had ended was enough; it had by SIGPIPE.
        if case.expect(proc.ended(server.handle, 15), "TERM ended nothing"):
            status = server.stop()
            case.expect(status == 0, f"TERM ended it with {status}")
    finally:
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
