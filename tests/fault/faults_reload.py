"""Faults around a reload: good and broken code, broken settings, storms, crashes in the middle, requests that last."""

import os
import re
import select
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
       "the old serve on, 0 lost; the failure is told")
def broken_code(case):
    own = {"boot_timeout": case.short_or_long(1, 3)} if case.is_girin() else {}
    case.explain(*FAILED_START)
    for word in ("throw", "abort", "hang", "exit", "slow"):
        server = case.server(workers=2, own=own, name=f"{case.kind.name}-{word}")
        load = case.load(server, rate=100)
        server.say_at_startup(word)
        wanted = "serves" if word == "slow" else "failed"
        outcome = server.reload(limit=12)
        case.expect(outcome == wanted, f"{word}: {outcome or 'no word of it'}, not {wanted}")
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
    server.options.error_log, server.options.more_binds = log_file, [listener]
    server.write_settings()
    broken("address in use")
    server.options.more_binds = []
    server.write_settings()
    outcome = server.reload()
    case.expect(outcome == "serves", f"repaired: {outcome or 'no word of it'}")
    case.recovers(server)
    case.nothing_lost(load.finish())


def _listener(case):
    """The address of a listener of another program."""
    stranger = socket.create_server(("127.0.0.1", 0))
    case.sockets.append(stranger)
    return f"127.0.0.1:{stranger.getsockname()[1]}"


@fault("T9", "HupStorm", "60 HUPs in 3 s from four senders, the settings changing meanwhile",
       "at most 3 generations alive, the last settings win, 0 lost")
def hup_storm(case):
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
        server.write_settings()
        if case.is_girin():
            most = max(most, len(server.generations_alive()))
        else:
            most = max(most, -(-len(server.workers()) // server.options.workers))
        proc.pause(0.1)
    server.options.workers = 3
    server.write_settings()
    server.signal(HUP)
    case.expect(proc.wait_until(lambda: len(server.ready()) == 3, 30, 0.05), "the last settings didn't win")
    server.options.workers = 2
    server.write_settings()
    server.signal(HUP)
    case.expect(proc.wait_until(lambda: len(server.ready()) == 2, 30, 0.05), "the last settings didn't win")
    if case.is_girin():
        proc.wait_until(lambda: len(server.generations_alive()) == 1, 30, 0.05)
        case.note(f"{server.log_count(r'Reload: generation .* begins', since)} reloads")
    case.expect(most <= 3, f"{most} generations alive")
    case.recovers(server)
    case.nothing_lost(load.finish())


@fault("T10", "RandomSteps", "HUP, TTIN, TTOU, kill -9, TERM and start, in seeded random order",
       "the baseline holds after each lull; only requests in killed workers' hands fail", peers=False)
def random_steps(case):
    case.explain("was killed by SIGKILL from outside", "times in a row", "Degraded", "Scale: ", "Reload: ",
                 "before it was ready", "failed to start")
    steps, kills, workers = case.short_or_long(60, 1000), 0, 3
    server = case.server(workers=workers)
    load = case.load(server, rate=100)
    for step in range(1, steps + 1):
        what = case.random.choices(["hup", "ttin", "ttou", "kill", "lull"], [4, 3, 3, 1, 3])[0]
        if what == "hup":
            server.signal(HUP)
            workers = 3  # the file's number
        elif what == "ttin" and workers < 8:
            server.signal(signal.SIGTTIN)
        elif what == "ttou":
            server.signal(signal.SIGTTOU)
        elif what == "kill" and server.workers():
            kills += 1
            _kill(case.random.choice(server.workers()))
        else:
            proc.pause(case.random.uniform(0, 0.3))
        case.expect(server.running(), f"the master is gone after step {step}, {what}")
    server.signal(HUP)
    case.expect(proc.wait_until(lambda: _settled(server, 3), 60, 0.05), f"{len(server.ready())} ready in the end, not 3")
    case.recovers(server)
    case.only_in_hand(load.finish(), kills * 8)
    case.note(f"{steps} steps, {kills} kills, seed {case.seed}")


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
       "replaced at once; the long request is answered")
def killed_while_old_drains(case):
    seconds = case.short_or_long(4, 15)
    server = case.server(workers=2, graceful_timeout=30)
    case.explain("was killed by SIGKILL from outside")
    client, old = ask(case, server, server.long_request(seconds)), set(server.workers())
    proc.pause(0.2)
    server.signal(HUP)
    proc.wait_until(lambda: len(set(server.ready()) - old) == 2, 20)
    victim, started = max(set(server.workers()) - old), time.monotonic()
    present = set(server.workers())
    os.kill(victim, KILL)
    replaced = proc.wait_until(lambda: set(server.ready()) - present, 30, 0.002)
    took = time.monotonic() - started
    case.expect(replaced, "not replaced")
    case.expect(took < seconds - 1, f"replaced after {took:.1f} s, when the long request was over")
    case.expect(answered(client, seconds + 15), "the long request was not answered")
    case.note(f"replaced after {took * 1000:.0f} ms")


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
    case.expect(answered(finite, seconds + 15), "the long request was not answered")
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
