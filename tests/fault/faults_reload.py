"""Faults around a reload: good and broken code, broken settings, storms, crashes in the middle, requests that last."""

import collections
import os
import re
import select
import shutil
import signal
import socket
import threading
import time

import proc
import servers
from fault import HUP, KILL, fault

FAILED_START = (r"failed to start", r"Reload: ", r"crashed: ", r"exited with code", "did not become ready",
                "was killed by us")


@fault("T6", "GoodReloads", "HUP with good code under load", "0 lost")
def good_reloads(case):
    server = case.server(workers=3)
    load = case.load(server)
    for _ in range(case.short_or_long(5, 100)):
        outcome = server.reload()
        case.expect(outcome == "serves", f"a reload's outcome: {outcome or 'none'}")
    case.recovers(server)
    case.nothing_lost(load.finish())


@fault("T7", "BrokenCode", "HUP with an application that throws, aborts, hangs, exits 3, or is slow",
       "the old serve on, 0 lost; the failure is told, and by `girin reload` with an exit code")
def broken_code(case):
    own = {"boot_timeout": case.short_or_long(1, 3), "control_socket": "control"} if case.is_girin() else {}
    case.explain(*FAILED_START)
    for word in ("throw", "abort", "hang", "exit", "slow"):
        server = case.server(workers=2, own=own, name=f"{case.kind.name}-{word}")
        load = case.load(server, rate=100)
        server.say_at_startup(word)
        wanted = "serves" if word == "slow" else "failed"
        outcome = server.reload(limit=12)
        case.expect(outcome == wanted, f"{word}: {outcome or 'no word of it'}, not {wanted}")
        if case.is_girin():
            code = server.command_code("reload", "--control-socket", server.directory / "control")
            case.expect(code == (0 if wanted == "serves" else 1), f"{word}: `girin reload` exits with {code}")
        server.say_at_startup("ok")
        case.recovers(server)
        totals = load.finish()
        case.fail(f"{word}: {totals.describe_losses()}", totals.losses)


@fault("T8", "BrokenSettings", "HUP with an invalid settings file, a log that can't be opened, an address in use",
       "everything stays as it was, 0 lost; the failure is told")
def broken_settings(case):
    server = case.server(workers=2)
    case.explain(r"Reload: ", r"\[ERROR\]")
    listener = _listener(case)
    load, log_file = case.load(server, rate=100), server.options.error_log

    def broken(why):
        before = server.workers()
        outcome = server.reload(limit=8)
        case.expect(outcome == "failed" or (not case.is_girin() and outcome == ""), f"{why}: {outcome or 'no word'}")
        case.expect(server.running() and set(before) <= set(server.workers()), f"{why}: the old workers are gone")

    server.write_settings(server.bad_settings)
    broken("invalid file")
    server.options.error_log = server.missing_log.get("error_log")
    server.write_settings()
    broken("log in no directory")
    free = _free_address(server)
    server.options.error_log, server.options.more_binds = log_file, [free, listener]
    server.write_settings()
    broken("address in use")
    case.expect(not _takes_connections(free), "an address that was bound before the one in use stays open")
    server.options.more_binds = []
    server.write_settings()
    outcome = server.reload()
    case.expect(outcome == "serves", f"repaired: {outcome or 'no word of it'}")
    case.recovers(server)
    case.nothing_lost(load.finish())


def _free_address(server):
    """Beside the server's, where nobody else listens."""
    host, port = server.address.rsplit(":", 1)
    return f"{host}:{int(port) + 1}"


def _takes_connections(address):
    host, port = address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), 5).close()
    except OSError:
        return False
    return True


def _listener(case):
    """The address of a listener of another program."""
    stranger = socket.create_server(("127.0.0.1", 0))
    case.sockets.append(stranger)
    return f"127.0.0.1:{stranger.getsockname()[1]}"


@fault("T9", "HupStorm", "60 HUPs in 3 s from four senders, the settings changing meanwhile",
       "at most 3 generations alive, the last settings win, 0 lost")
def hup_storm(case):
    # FAULTS 6: which code serves in the end was never looked at, only how many workers there are.
    code = case.directory / "application.so"
    if case.is_girin():
        install_code(case, code, 1)
        case.programs = case.programs | {"application": code}
    server = case.server(workers=2)
    load = case.load(server, rate=100)
    since, most, done = server.mark(), 0, threading.Event()

    def send():
        for _ in range(15):
            server.signal(HUP)
            done.wait(0.2)

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    count = 0
    while any(sender.is_alive() for sender in senders):
        count += 1
        server.options.workers = 2 + count % 2
        if case.is_girin():
            install_code(case, code, 2 - count % 2)
        server.write_settings()
        if case.is_girin():
            most = max(most, len(server.generations_alive()))
        else:
            most = max(most, -(-len(server.workers()) // server.options.workers))
        proc.pause(0.1)
    server.options.workers = 3
    if case.is_girin():
        install_code(case, code, 2)
    server.write_settings()
    server.signal(HUP)
    case.expect(proc.wait_until(lambda: len(server.ready()) == 3, 30, 0.05), "the last settings didn't win")
    server.options.workers = 2
    server.write_settings()
    server.signal(HUP)
    case.expect(proc.wait_until(lambda: len(server.ready()) == 2, 30, 0.05), "the last settings didn't win")
    if case.is_girin():
        proc.wait_until(lambda: len(server.generations_alive()) == 1, 30, 0.05)
        told = collections.Counter(server.get("/version")[1] for _ in range(60))
        case.expect(set(told) == {"2"}, f"code that serves: {dict(told)}, and the last is version 2")
        case.note(f"{server.log_count(r'Reload: generation .* begins', since)} reloads")
    case.expect(most <= 3, f"{most} generations alive")
    case.recovers(server)
    case.nothing_lost(load.finish())


def install_code(case, place, version):
    """Renames the application of this version into its place."""
    fresh = place.with_suffix(".new")
    shutil.copy(case.programs["build"] / "apps" / ("misbehaving.so" if version == 1 else "misbehaving2.so"), fresh)
    fresh.rename(place)


STEPS = {"hup": 4, "ttin": 3, "ttou": 3, "kill": 1, "usr2": 1, "term": 1, "lull": 4}


@fault("T10", "RandomSteps", "HUP, TTIN, TTOU, USR2, kill -9, and TERM with another start, in seeded random order",
       "TERM ends all with 0 whatever is under way; the baseline holds in the end; only what killed workers had fails",
       peers=False)
def random_steps(case):
    case.explain("was killed by SIGKILL from outside", "times in a row", "Degraded", "Scale: ", "Reload: ", "Upgrade: ",
                 "before it was ready", "failed to start", "The master is gone")
    steps, told = case.short_or_long(60, 1000), collections.Counter()
    server = case.server(workers=3)
    load, kills = case.load(server, rate=100), 0
    for step in range(1, steps + 1):
        what = case.random.choices([*STEPS], [*STEPS.values()])[0]
        told[what] += 1
        server.follow()
        if what == "term":
            proc.pause(0.1)  # for some load before it
            case.only_in_hand(load.finish(), kills * 8)
            ends_wholly(case, server, step)
            server = case.server(workers=3, address=server.address, pidfile=server.pidfile, name=f"start{step}")
            load, kills = case.load(server, rate=100), 0
        else:
            kills += take_step(case, server, what)
            case.expect(server.running() or server.follow(), f"the master is gone after step {step}, {what}")
    proc.wait_until(lambda: upgrade_is_over(server), 30, 0.05)
    server.follow()  # only now is it known whom
    since = server.mark()
    server.signal(HUP)
    # With it also a USR2 has come that was sent just before, and that the log didn't know of yet.
    proc.wait_until(lambda: server.log_count("Received SIGHUP", since) > 0, 10, 0.02)
    settled = proc.wait_until(lambda: _settled_after_upgrade(server, 3), 60, 0.05)
    case.expect(settled, f"{len(server.ready())} ready in the end, not 3")
    case.recovers(server)
    case.only_in_hand(load.finish(), kills * 8)
    case.note(", ".join(f"{count} {what}" for what, count in told.items()) + f", seed {case.seed}")


def take_step(case, server, what):
    """How many were killed."""
    numbers = {"hup": HUP, "ttin": signal.SIGTTIN, "ttou": signal.SIGTTOU, "usr2": signal.SIGUSR2}
    if what in numbers and (what != "ttin" or len(server.workers()) < 8):
        server.signal(numbers[what])
    elif what == "kill" and server.workers():
        _kill(case.random.choice(server.workers()))
        return 1
    else:
        proc.pause(case.random.uniform(0, 0.3))
    return 0


def ends_wholly(case, server, step):
    """TERM to the master, whatever it is at; or to the one that follows it, if it hands over just then."""
    status = server.end_master()
    while server.follow():
        status = server.end_master()
    case.expect(status == 0, f"TERM in step {step} ended it with {status}: {server.log()[-400:]}")
    left = [pid for pid in proc.descendants(os.getpid()) if proc.command_line(pid).startswith("girin: ")]
    case.expect(proc.wait_until(lambda: not any(map(proc.is_running, left)), 5), f"{left} are left after TERM")


def upgrade_is_over(server):
    told = re.findall(r"Received SIGUSR2|Upgrade: failed|this one drains", server.log())
    return not told or told[-1] != "Received SIGUSR2"


def _settled_after_upgrade(server, count):
    server.follow()
    return upgrade_is_over(server) and _settled(server, count)


def _settled(server, count):
    """The last reload is over and there are `count` workers."""
    told = re.findall(r"Reload: generation \d+ (begins|serves|failed)", server.log())
    return told and told[-1] != "begins" and len(server.ready()) == count == len(server.workers())


def _kill(pid):
    try:
        os.kill(pid, KILL)
    except ProcessLookupError:
        pass


@fault("T11", "KilledWhileOldDrains", "kill -9 of a new worker while an old one drains a long request",
       "replaced within 200 ms; the long request is answered")
def killed_while_old_drains(case):
    seconds = case.short_or_long(4, 15)
    server = case.server(workers=2, graceful_timeout=30)
    case.explain("was killed by SIGKILL from outside")
    client, old = ask(case, server, server.long_request(seconds)), set(server.workers())
    proc.pause(0.2)
    server.signal(HUP)
    proc.wait_until(lambda: len(set(server.ready()) - old) == 2, 20)
    took = []  # one for each slot, since a slot that fails again is backed off from; the best is the server's
    for victim in sorted(set(server.workers()) - old):
        present, started = set(server.workers()), time.monotonic()
        os.kill(victim, KILL)
        case.expect(proc.wait_until(lambda seen=present: set(server.ready()) - seen, 30, 0.002), "not replaced")
        took.append(time.monotonic() - started)
        case.expect(took[-1] < seconds - 1, f"replaced after {took[-1]:.1f} s, when the long request was over")
    if case.is_girin():
        case.expect(min(took, default=9) < 0.2 * case.slow, f"replaced after {min(took, default=9) * 1000:.0f} ms at best")
    case.expect(answered(client, seconds + 15), "the long request was not answered")
    case.note("replaced after " + ", ".join(f"{seconds * 1000:.0f} ms" for seconds in took))


@fault("T12", "LongRequestsOverReload", "a long request and an endless stream over a reload",
       "the first ends well; the second is cut at the graceful timeout; old workers go")
def long_requests_over_reload(case):
    seconds, graceful = case.short_or_long(2, 10), case.short_or_long(4, 20)
    server = case.server(workers=2, graceful_timeout=graceful)
    case.explain("was killed by us", "graceful")
    old = set(server.workers())
    finite, endless = ask(case, server, server.long_request(seconds)), ask(case, server, "/stream")
    proc.pause(0.3)
    server.signal(HUP)
    asked = time.monotonic()
    case.expect(answered(finite, seconds + 15), "the long request was not answered")
    # FAULTS 6: that the stream ended was enough, however soon.
    case.expect(not ends(endless, asked + graceful - 1 - time.monotonic()), "the stream is cut before its time")
    case.expect(proc.wait_until(lambda: not old & set(server.workers()), graceful + 10, 0.05),
                "old workers live beyond the graceful timeout")
    case.expect(ends(endless, 10), "the stream goes on")


def ask(case, server, target):
    """A connection on which `target` was asked for; answered() reads what comes."""
    client = server.connect(60)
    case.sockets.append(client)
    client.sendall(servers.request_bytes(target))
    return client


def answered(client, limit):
    client.settimeout(limit)
    try:
        return servers.read_answer(client)[0] == 200
    except (OSError, ValueError):
        return False


def ends(client, limit):
    """Whether the peer closes, however much comes before."""
    deadline = time.monotonic() + limit
    client.setblocking(False)
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([client], [], [], left)[0]:
            return False
        try:
            if not client.recv(65536):
                return True
        except OSError:
            return True
    return False
