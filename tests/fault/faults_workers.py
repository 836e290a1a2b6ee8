"""Faults of workers: killed, stopped, starved, dying one after the other, and all at once."""

import os
import shutil
import signal
import struct
import subprocess
import time

import proc
from fault import CONTINUE, HUP, KILL, STOP, fault
from servers import NotHere, request_bytes

KILLED = r"was killed by SIGKILL from outside|failed \d+ times in a row"

HUNG = r"hangs: |was killed by us|times in a row|Degraded"


def kill_at_random(case, server, kills, shortest, longest):
    """kill -9, `kills` times; how long the replacement took, in ms, where it came within the wait."""
    took = []
    for _ in range(kills):
        workers = server.workers()
        if workers:
            victim, before, started = case.random.choice(workers), set(workers), time.monotonic()
            os.kill(victim, KILL)
            if proc.wait_until(lambda: set(server.ready()) - before, shortest, 0.002):
                took.append((time.monotonic() - started) * 1000)  # later ones wait for their back-off
        proc.pause(case.random.uniform(shortest, longest))
    return took


@fault("T1", "KilledWorkers", "kill -9 of workers at random under load",
       "only requests in the victim's hands fail; it is replaced within 100 ms until back-off")
def killed_workers(case):
    server = case.server(workers=4)
    case.explain(KILLED, "Degraded")
    load = case.load(server, rate=200)
    kills = case.short_or_long(8, 60)
    took = kill_at_random(case, server, kills, 0.1 * case.slow, 0.5 * case.slow)
    if case.is_girin():  # of the others' workers it isn't known when they serve
        case.expect(took, f"never replaced within {100 * case.slow} ms")
    case.recovers(server)
    case.only_in_hand(load.finish(), kills * 8)
    case.note(f"replaced after {min(took):.0f} ms at best" if took else "each replaced after back-off")


@fault("T2", "StoppedWorker", "SIGSTOP of one of four workers under load",
       "0 failures on connections made since; it is found and replaced")
def stopped_worker(case):
    server = case.server(workers=4, timeout=case.short_or_long(2, 20))
    case.explain(HUNG, KILLED)
    load = case.load(server, rate=200, fresh=1.0)
    proc.pause(0.3)
    victim = server.workers()[0]
    os.kill(victim, STOP)
    replaced = proc.wait_until(lambda: victim not in server.workers() and len(server.ready()) == 4,
                               case.short_or_long(12, 60), 0.05)
    if not replaced and proc.is_running(victim):
        os.kill(victim, CONTINUE)
    case.expect(replaced, "never found")
    # What it had accepted when it was stopped can't be answered by anybody.
    case.only_in_hand(load.finish(), 4)


@fault("T5", "ClocksThatStep",
       "SIGSTOP of the whole tree for longer than the timeout; the wall clock set by an hour; clocks of a time namespace",
       "no worker is killed, 0 lost")
def clocks_that_step(case):
    whole_tree_stopped(case)
    wall_clock_set(case)
    time_namespace(case)


def wall_clock_set(case):
    """For the server alone, by a library that is preloaded."""
    if case.slow > 1:
        return case.note("the wall clock can't be set under a sanitizer")
    step_file, shim = case.directory / "step", case.programs["build"] / "apps/stepped_clock.so"

    def set_clock(seconds):
        with open(step_file, "r+b" if step_file.exists() else "wb") as file:
            file.write(struct.pack("q", seconds))

    set_clock(0)
    server = case.server(workers=2, timeout=1, name="wall-clock",
                         launcher=["env", f"LD_PRELOAD={shim}", f"CLOCK_STEP_FILE={step_file}"])
    workers, load = server.workers(), case.load(server, rate=100)
    for seconds in (3600, -3600, 0):
        set_clock(seconds)
        proc.pause(1.6)
    case.expect(server.workers() == workers, "workers were replaced when the wall clock was set")
    if case.is_girin():
        set_clock(86400)
        tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400))
        server.signal(signal.SIGUSR1)
        case.expect(server.wait_log(f"{tomorrow}.*SIGUSR1"), "the clock was never set at all")
    case.nothing_lost(load.finish())
    return None


def time_namespace(case):
    prefix = ["unshare", "--time", "--monotonic", "90000", "--boottime", "180000", "--fork", "--kill-child"]
    if not shutil.which("unshare") or subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
        return case.note("no time namespace may be made here")
    server = case.server(workers=2, timeout=1, prefix=prefix, name="time-namespace")
    workers = server.workers()
    proc.pause(2.5)
    case.expect(server.workers() == workers, "workers were replaced in a time namespace")
    return None


def whole_tree_stopped(case):
    server = case.server(workers=3, timeout=1)
    workers = server.workers()
    for rounds in range(case.short_or_long(2, 10)):
        for pid in [server.master, *workers] if rounds % 2 else [*workers, server.master]:
            os.kill(pid, STOP)
        proc.pause(case.short_or_long(1.5, 6))
        for pid in [server.master, *workers] if rounds % 2 else [*workers, server.master]:
            os.kill(pid, CONTINUE)
        proc.pause(0.5)
    case.recovers(server)
    case.expect(server.workers() == workers, "workers were replaced")


@fault("T13", "CrashLoop", "the application dies 50 ms after each start of one worker",
       "back-off, less than 5 % of a processor, healthy workers untouched, recovers alone")
def crash_loop(case):
    server = case.server(workers=4)
    case.explain(KILLED, "exited with code 9", "Degraded")
    server.say_at_startup("die-later")
    load = case.load(server, rate=100, fresh=1.0)
    victim, *healthy = server.workers()
    since, cpu = server.mark(), proc.cpu_seconds(server.master)
    os.kill(victim, KILL)
    seconds = case.short_or_long(4, 30)
    proc.pause(seconds)
    cpu = proc.cpu_seconds(server.master) - cpu
    case.expect(set(healthy) <= set(server.workers()), "healthy workers were touched")
    case.expect(cpu < seconds * 0.05 * case.slow, f"the master used {cpu:.2f} s of processor time in {seconds}")
    server.say_at_startup("ok")
    case.recovers(server)
    case.only_in_hand(load.finish(), 60)
    if case.is_girin():
        starts = server.log_count(r"Worker \d+ \(pid \d+\) starts", since)
        case.expect(starts <= 8 + seconds / 2, f"{starts} starts in {seconds} s are no back-off")
        case.note(f"{starts} starts, {cpu:.2f} s of processor time in {seconds} s")


@fault("T26", "AllDieAtOnce", "all of many workers are killed at once", "each is accounted for once, all are replaced")
def all_die_at_once(case):
    count = case.short_or_long(40, 500)
    server = case.server(workers=count, own={"threads": 1} if case.is_girin() else {})
    case.explain(KILLED, "Degraded")
    victims = server.workers()
    os.kill(server.master, STOP)  # so that all of them are there to be seen in one turn
    for pid in victims:
        os.kill(pid, KILL)
    os.kill(server.master, CONTINUE)
    proc.wait_until(lambda: len(server.ready()) == count and not set(victims) & set(server.workers()), 200, 0.1)
    case.recovers(server)
    if case.is_girin():
        told = [server.log_count(rf"\(pid {pid}\) {KILLED}") for pid in victims]
        case.fail("deaths not told exactly once", sum(times != 1 for times in told))


@fault("T37", "InjectedDelays", "strace delays fork, accept and epoll_wait, and fails some, while workers are killed",
       "as T1", peers=False)
def injected_delays(case):
    strace = shutil.which("strace")
    if not strace:
        raise NotHere("no strace here")
    prefix = [strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=clone,clone3,accept4,epoll_wait,epoll_pwait,waitid",
              "-e", "inject=clone,clone3:delay_enter=20000:delay_exit=20000",
              "-e", "inject=accept4:error=ECONNABORTED:when=7+13", "-e", "inject=epoll_wait:delay_exit=3000:when=5+5"]
    if subprocess.run([strace, "-f", "-qq", "-o", "/dev/null", "-e", "inject=accept4:delay_enter=1", "true"],
                      check=False, capture_output=True).returncode:
        raise NotHere("strace may not trace here")
    server = case.server(workers=3, prefix=prefix)
    case.explain(KILLED, "Degraded")
    load = case.load(server, rate=50)
    kills = case.short_or_long(3, 20)
    kill_at_random(case, server, kills, 0.2, 0.6)
    server.signal(HUP)
    case.expect(server.wait_log(r"Reload: generation \d+ serves", 60), "the reload came to no end")
    case.only_in_hand(load.finish(), kills * 8)


@fault("T4", "StarvedWorkers", "eight times more busy processes than cores, and a cgroup with 5 % of one processor",
       "no kills")
def starved_workers(case):
    server = case.server(workers=3, timeout=2)
    workers = server.workers()
    try:
        cgroup = case.cgroup("cpu")
        cgroup.take([server.master, *workers])
        cgroup.limit_cpu(5)
    except NotHere as reason:
        cgroup = None
        case.note(f"without cpu.max: {reason}")
    load = case.load(server, rate=0, timeout=60, expect=None)  # always more to do than may be done
    burners = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(8 * (os.cpu_count() or 1))]
    try:
        if cgroup:
            cgroup.take([one.pid for one in burners[::2]])  # half of them compete for the 5 %, too
        proc.pause(case.short_or_long(6, 60))
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
        load.kill()
    if cgroup:
        case.expect(cgroup.times_throttled() > 0, "the cgroup held nobody back")
        case.note(f"held back {cgroup.times_throttled()} times by cpu.max")
        cgroup.limit_cpu(None)
    case.recovers(server)
    case.expect(server.workers() == workers, "workers were replaced")


@fault("T3", "HungHandlers", "a handler spins, deadlocks, blocks in a system call",
       "found and replaced; one record has the verdict, the request and the stack; others are unaffected",
       peers="no verdict on a hung worker, and no stack of it")
def hung_handlers(case):
    server = case.server(workers=3, timeout=1)
    case.explain(HUNG)
    load = case.load(server, rate=100, fresh=1.0)
    for target, verdict, frame in (("/spin", "spinning", "spin_for"), ("/deadlock", "blocked", "lock_twice"),
                                   ("/block/60000", "blocked", "block")):
        since, before = server.mark(), set(server.workers())
        client = server.connect()
        case.sockets.append(client)
        client.sendall(request_bytes(target))
        replaced = proc.wait_until(lambda: before - set(server.workers()) and len(server.ready()) == 3, 20, 0.05)
        case.expect(replaced, f"{target} was not found")
        records = [line for line in server.log()[since:].splitlines() if " hangs: " in line]
        if case.expect(len(records) == 1, f"{target}: {len(records)} records of it"):
            wanted = [verdict, f"GET {target} from "]
            wanted += [] if "no stack" in records[0] else [frame]  # where nobody may look into a process
            case.fail(f"{target}: a record without {wanted}", sum(one not in records[0] for one in wanted))
    case.only_in_hand(load.finish(), 12)
