"""Faults of the master and around its start: killed, started twenty times at once, stale files, signals in each
millisecond, strangers' children, strangers' sockets."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import proc
from fault import HUP, KILL, TERM, fault
from servers import NotHere, NotOffered, Uvicorn


@fault("T19", "KilledMaster", "kill -9 of the master, then a start at once on the same address and pidfile",
       "the workers go within 100 ms; the first start works")
def killed_master(case):
    took = []
    for _ in range(case.short_or_long(3, 20)):
        first = case.server(workers=3, name=f"first{len(case.servers)}")
        handles = [os.pidfd_open(pid) for pid in first.workers()]
        watch = threading.Thread(target=lambda *given: took.append(_ms_until_gone(*given)),
                                 args=(handles, time.monotonic()))
        os.kill(first.master, KILL)
        watch.start()
        first.process.wait()
        second = case.server(workers=3, address=first.address, pidfile=first.pidfile, name=f"second{len(case.servers)}",
                             wait=False)
        watch.join()
        case.expect(took[-1] < 5000, "workers outlive their master")
        case.expect(second.wait_ready(3, 20), f"the next start failed: {second.log()[-300:]}")
        second.stop()
        for handle in handles:
            proc.send(handle, KILL)
            os.close(handle)
    # A machine that does other things may take its time once.
    case.expect(min(took) < 100 * case.slow, f"workers gone after {min(took):.0f} ms at best")
    case.note("workers gone after " + ", ".join(f"{ms:.0f} ms" for ms in took))


def _ms_until_gone(handles, started, limit=5):
    gone = all(proc.ended(handle, max(0.0, started + limit - time.monotonic())) for handle in handles)
    return (time.monotonic() - started) * 1000 if gone else limit * 1000


@fault("T20", "TwentyMasters", "20 started at once on one address and one pidfile",
       "exactly one wins, the others say why and exit with a code that isn't 0")
def twenty_masters(case):
    workers = 2 if case.kind is Uvicorn else 1  # with one, uvicorn has neither master nor worker
    options = {"workers": workers, "wait": False, "pidfile": case.directory / "pid"}
    first = case.server(**options, name="start0")
    others = [case.server(**options, address=first.address, name=f"start{i}") for i in range(1, 20)]
    everyone = [first, *others]
    proc.wait_until(lambda: sum(server.running() for server in everyone) <= 1, 40, 0.05)
    running = [server for server in everyone if server.running()]
    if not case.expect(len(running) == 1, f"{len(running)} serve"):
        return
    winner = running[0]
    case.expect(winner.wait_ready(workers), "the winner doesn't serve")
    if case.kind is not Uvicorn:
        case.expect(proc.read(winner.pidfile).strip() == str(winner.master), "the pidfile isn't the winner's")
    losers = [server for server in everyone if server is not winner]
    case.fail("exited with 0", sum(server.process.returncode == 0 for server in losers))
    words = ("in use", "already", "another")
    case.fail("said no word", sum(not any(word in server.log().lower() for word in words) for server in losers))


@fault("T21", "StalePidfiles", "a pidfile with a live stranger's pid, with pid 1, with garbage, empty", "starts")
def stale_pidfiles(case):
    if case.kind is Uvicorn:
        raise NotOffered("uvicorn has no pidfile")
    for number, content in enumerate((f"{os.getpid()}\n", "1\n", "garbage\n", "", "-1\n", "9" * 40)):
        pidfile = case.directory / f"pid{number}"
        pidfile.write_text(content)
        server = case.server(workers=1, pidfile=pidfile, name=f"start{number}", wait=False)
        if case.expect(server.wait_ready(1, 10), f"with {content.strip()[:10]!r} it doesn't start"):
            case.expect(proc.read(pidfile).strip() == str(server.master), "the pidfile is not its own")
        server.stop()


@fault("T25", "OrphansOfPid1", "as PID 1, workers leave orphans behind that exit with 3",
       "reaped, and nothing else happens; TERM ends it with 0", peers=False)
def orphans_of_pid1(case):
    prefix = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if not shutil.which("unshare") or subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        raise NotHere("no pid namespace may be made here")
    server = case.server(workers=2, prefix=prefix)
    workers = server.workers()
    for _ in range(case.short_or_long(3, 50)):
        case.expect(server.get("/orphans/20")[0] == 200, "no answer")
    proc.wait_until(lambda: len(proc.descendants(server.master)) == len(workers), 20)
    case.expect(sorted(proc.descendants(server.master)) == workers, "orphans are left, or workers were replaced")
    case.expect(proc.inner_pid(server.master) == 1, "it isn't PID 1")
    case.baseline(server)
    case.stops(server)  # unshare ends as its child has


@fault("T27", "SignalsAtStart", "TERM, HUP and CHLD in each millisecond of the start; TERM to each new worker",
       "none is lost or does another's work", peers=False)
def signals_at_start(case):
    case.explain(".")  # a worker that is hit may tell so in many words
    step = case.short_or_long(3, 1)
    number = 0
    for what, early in ((TERM, -signal.SIGTERM), (HUP, -signal.SIGHUP), (signal.SIGCHLD, None)):
        for ms in range(0, 30, step):
            number += 1
            server = case.server(workers=2, wait=False, name=f"start{number}")
            proc.pause(ms / 1000)
            server.signal(what)
            _judge_start(case, server, what, early, ms)
    for number in range(case.short_or_long(5, 50)):
        server = case.server(workers=2, wait=False, name=f"child{number}")
        proc.wait_until(lambda: proc.children(server.master), 20, 0)
        for pid in proc.children(server.master)[:1]:
            os.kill(pid, TERM)
        case.expect(server.wait_ready(2, 20), f"TERM to a new worker: {server.log()[-300:]}")
        case.expect(server.stop() == 0, "TERM after it")


def _judge_start(case, server, what, early, ms):
    """`early` is how a process ends by a signal that came before it could know of it."""
    if what == TERM:
        case.expect(proc.ended(server.handle, 20), f"TERM after {ms} ms was lost")
        status = server.stop()
        case.expect(status in (0, early), f"TERM after {ms} ms: ended with {status}: {server.log()[-300:]}")
        return
    if what == HUP and proc.wait_until(lambda: not server.running() or server.log_count("Received SIGHUP"), 20):
        # FAULTS 6: a HUP that was read and did nothing would have passed.
        done = not server.running() or server.wait_log(r"Reload: generation \d+ serves", 20)
        case.expect(done, f"HUP after {ms} ms: no reload: {server.log()[-300:]}")
    there = proc.wait_until(lambda: not server.running() or len(server.ready()) >= 2, 20)
    if not server.running():
        case.expect(server.process.returncode == early, f"{what.name} after {ms} ms: {server.process.returncode}")
        return
    case.expect(there and server.wait_ready(2), f"{what.name} after {ms} ms: it doesn't become ready")
    case.expect(server.stop() == 0, f"{what.name} after {ms} ms: TERM then")


@fault("T35", "SocketFileReplaced", "another owner's socket in place of ours while it runs; then reload and stop",
       "the other's is never deleted")
def socket_file_replaced(case):
    path = case.directory / "shared"
    server = case.server(workers=1, more_binds=[f"unix:{path}"])
    path.unlink()
    stranger = socket.socket(socket.AF_UNIX)
    case.sockets.append(stranger)
    stranger.bind(str(path))
    stranger.listen(16)
    node = path.stat().st_ino

    def still_there(when):
        case.expect(path.exists() and path.stat().st_ino == node, f"{when} deleted the other's socket")

    outcome = server.reload()
    case.expect(outcome == "serves", f"the reload: {outcome or 'no word of it'}")
    still_there("the reload")
    case.baseline(server)
    server.stop()
    still_there("the stop")
