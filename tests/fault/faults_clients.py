"""Faults of clients: those that wait in the queue when the server stops, the slow ones, and who serves whom."""

import collections
import os
import subprocess
import time

import proc
import servers
from fault import CONTINUE, STOP, fault
from newcomers import Newcomers


NOBODY = 65534


# FAULTS 45: nobody was added to the queue, which is the one case in which a stop without rights came to its end.
@fault("T28", "BacklogAtTerm", "200 connections wait unaccepted when the server is told to stop, and others go on coming; "
       "as root and as nobody", "each is answered or was never acknowledged; it stops at once")
def backlog_at_term(case):
    for user in (None, NOBODY) if os.geteuid() == 0 and case.is_girin() else (None,):
        backlog_of(case, user)


def backlog_of(case, user):
    server = case.server(workers=2, user=user, name=f"user-{user}")
    workers = server.workers()
    for pid in workers:
        os.kill(pid, STOP)
    clients = case.sockets_to(server, 200)
    for client in clients:
        client.sendall(servers.request_bytes("/"))
    server.signal(server.graceful)
    proc.pause(0.3)  # the master has acted on it before a worker can take anything
    for pid in workers:
        os.kill(pid, CONTINUE)
    newcomers, began = Newcomers(server), time.monotonic()
    lost = sum(not _answered(client) for client in clients)
    case.fail("acknowledged and not answered", lost)
    if case.expect(proc.ended(server.handle, 20), "TERM ended nothing") and case.is_girin():
        took = time.monotonic() - began
        case.expect(took < 4 * case.slow, f"TERM took {took:.1f} s while clients came")
        case.expect(server.stop() == 0, "TERM ended it, and not with 0")
    lost = newcomers.finish()
    if case.is_girin():
        case.fail(f"newcomers: {newcomers.lost[:2]}", lost)


# FAULTS 45: a master without CAP_NET_ADMIN stopped when --graceful-timeout was over, as long as clients came.
@fault("T38", "NewcomersAtTerm", "24 clients that connect without end when the server is told to stop; as root and as nobody",
       "it ends within two seconds, with 0; nobody who was taken is lost", peers=False)
def newcomers_at_term(case):
    took = []
    for number in range(case.short_or_long(3, 50)):
        for user in (None, NOBODY) if os.geteuid() == 0 else (None,):
            for reuse_port in (False, True):
                server = case.server(workers=2, user=user, reuse_port=reuse_port, name=f"{number}-{user}-{reuse_port}")
                took.append(stopped_under_newcomers(case, server))
    case.expect(max(took) < 2 * case.slow, f"TERM took {max(took):.2f} s")
    case.note(f"{len(took)} stops, the longest {max(took):.2f} s")


def stopped_under_newcomers(case, server):
    newcomers = Newcomers(server)
    case.expect(proc.wait_until(lambda: newcomers.answered > 100, 20), "no answers")
    began = time.monotonic()
    server.signal(server.graceful)
    proc.ended(server.handle, 40)
    took = time.monotonic() - began
    case.expect(server.stop() == 0, "TERM ended it, and not with 0")
    case.fail(f"lost: {newcomers.lost[:2]}", newcomers.finish())
    return took


def _answered(client):
    client.settimeout(20)
    try:
        return servers.read_answer(client)[0] == 200
    except (OSError, ValueError):
        return False


@fault("T29", "SlowClients", "clients that are silent, send a byte of a head or a body at a time, read a byte at a time",
       "good clients lose nothing; the deadlines close the slow ones")
def slow_clients(case):
    deadlines = {"header_timeout": 1} if case.is_girin() else {}
    own = {"body_timeout": 1, "write_timeout": 1} if case.is_girin() else {}
    server = case.server(workers=2, keep_alive=2, **deadlines, own=own)
    quiet = case.load(server, rate=200)
    proc.pause(1)
    before = quiet.finish()
    count = case.short_or_long(100, 1250)
    kinds = [("silent", "/"), ("header", "/"), ("body", "/"), ("reader", "/big/1000000" if case.is_girin() else "/")]
    seconds = case.short_or_long(8, 30)
    slow = [subprocess.Popen([case.programs["load"], server.address, "--slow", kind, "--connections", str(count),
                              "--target", target, "--duration", str(seconds)], stdout=subprocess.PIPE, text=True)
            for kind, target in kinds]
    load = case.load(server, rate=200)
    told = [client.communicate(timeout=120)[0] for client in slow]
    totals = load.finish()
    case.nothing_lost(totals)
    case.note(f"p99 of the good {before.p99:.1f} ms before, {totals.p99:.1f} ms during")
    if case.long:
        case.expect(totals.p99 < 3 * before.p99 + 50, "good clients wait")
    if case.is_girin():
        for (kind, _), text in zip(kinds[:3], told):  # a reader has what was sent to it, however long it takes to read
            case.expect(" 0 still open" in text, f"slow {kind}: {text.splitlines()[:1]}")


# FAULTS 4: a mean that rotation alone keeps can't tell whether there is a gate. Kept connections that come one right after
# the other can: they were 16, 16, 8 and none.
@fault("T30", "Balance", "40 kept connections one after the other; others a millisecond apart to many idle workers; then one of "
       "them is held up", "10 ± 2 each; most served ÷ mean < 1.5; context switches per connection < 1.5; none waits for the one "
       "that is held up")
def balance(case):
    if case.is_girin():
        gate_is_shut(case)
    count = case.short_or_long(8, 16)
    server = case.server(workers=count, keep_alive=60)
    if not server.workers():
        return
    # A machine that does other things wakes whom it can: the best of three rounds is the server's.
    for _ in range(3):
        by_worker, each = spread_connections(case, server)
        most = max(map(len, by_worker.values())) / (sum(map(len, by_worker.values())) / count)
        if most < 1.5 and each < 1.5:
            break
    case.expect(most < 1.5, f"one worker has {most:.2f} times the mean of connections")
    case.expect(each < 1.5, f"{each:.2f} context switches per connection")
    case.note(f"most ÷ mean {most:.2f}, {each:.2f} switches per connection, {count} workers")
    if case.is_girin():
        one_is_slow(case, server, max(by_worker.items(), key=lambda found: len(found[1])))
    for client in case.sockets:
        client.close()


def gate_is_shut(case):
    told = []
    for number in range(3):  # a machine that does other things wakes whom it can
        server = case.server(workers=4, keep_alive=60, name=f"gate{number}")
        have = collections.Counter()
        for _ in range(40):
            client = case.sockets_to(server, 1)[0]
            client.sendall(servers.request_bytes("/who", close=False))
            have[servers.read_answer(client)[1].split()[0]] += 1
        told.append(sorted(have.values()))
        server.kill()
        if len(have) == 4 and max(have.values()) <= 12 and min(have.values()) >= 8:
            return case.note(f"40 kept: {told[-1]}")
    return case.fail(f"40 kept connections on four workers: {told}")


def spread_connections(case, server, connections=400):
    """Who has which of them, and how many context switches each took. Those of a former round are closed."""
    for client in case.sockets:
        client.close()
    proc.pause(0.3)  # for what closing them takes
    workers = server.workers()
    idle = _switches(workers)
    proc.pause(1)
    idle = _switches(workers) - idle
    before, clients = _switches(workers), []
    for _ in range(connections):
        clients += case.sockets_to(server, 1)
        proc.pause(0.001)
    proc.pause(0.1)
    switches = _switches(workers) - before - idle * 0.6
    by_worker = collections.defaultdict(list)
    for client in clients:
        client.sendall(servers.request_bytes("/who", close=False))
    for client in clients:
        client.settimeout(20)
        by_worker[servers.read_answer(client)[1].split()[0]].append(client)
    return by_worker, switches / connections


def one_is_slow(case, server, busiest):
    """One worker's loop is held up by a handler: who comes meanwhile is served by the others, at once."""
    worker, kept = busiest
    kept[0].sendall(servers.request_bytes("/block/3000"))
    proc.pause(0.2)
    asked, started = case.sockets_to(server, 64), time.monotonic()
    for client in asked:
        client.sendall(servers.request_bytes("/who"))
    served_by = [servers.read_answer(client)[1].split()[0] for client in asked]
    took = (time.monotonic() - started) * 1000
    case.fail("went to the worker that was held up", served_by.count(worker))
    case.expect(took < 2000, f"they waited {took:.0f} ms")
    case.note(f"64 served beside a worker that was held up, within {took:.0f} ms")


def _switches(pids):
    return sum(proc.voluntary_switches(pid) for pid in pids)
