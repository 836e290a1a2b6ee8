"""Workers that come and go by design: recycled, scaled, reloaded a thousand times; nothing may be lost or leak."""

import signal

import proc
from fault import fault
from servers import Nginx, NotOffered

RECYCLED = r"asks to be replaced"


@fault("T31", "MaxRequestsHerd", "all workers reach --max-requests under load", "never fewer than N−1 ready; 0 lost")
def max_requests_herd(case):
    count, limit = case.short_or_long(4, 16), case.short_or_long(60, 1000)
    server = case.server(workers=count, max_requests=limit)
    first, fewest = set(server.workers()), count
    load = case.load(server, rate=case.short_or_long(200, 2000))

    def all_new():
        nonlocal fewest
        ready = server.ready()
        fewest = min(fewest, len(ready))
        return not first & set(ready)

    case.expect(proc.wait_until(all_new, case.short_or_long(30, 120)), "not all were replaced")
    case.nothing_lost(load.finish())
    case.expect(fewest >= count - 1, f"at one time only {fewest} of {count} were ready")
    case.note(f"at least {fewest} of {count} ready")


@fault("T32", "RampUpAndDown", "TTIN to many workers and TTOU back to one under load, both kinds of listener", "0 lost")
def ramp_up_and_down(case):
    if case.kind is Nginx:
        raise NotOffered("nginx has no TTIN and TTOU")
    most = case.short_or_long(6, 64)
    for reuse_port in (False, True):
        if reuse_port and case.kind.name == "uvicorn":
            continue
        server = case.server(workers=1, reuse_port=reuse_port, name=f"reuse-port-{reuse_port}")
        load = case.load(server, rate=200)
        ramp(case, server, most)
        if reuse_port:
            case.remember(server)  # the master keeps the sockets of so many workers, and needs no more the next time
            ramp(case, server, most)
        totals = load.finish()
        case.fail(f"reuse_port={reuse_port}: {totals.describe_losses()}", totals.losses)
        case.note(f"{totals.requests} requests")


def ramp(case, server, most):
    for wanted in [*range(2, most + 1), *range(most - 1, 0, -1)]:
        server.signal(signal.SIGTTIN if wanted > len(server.workers()) else signal.SIGTTOU)
        case.expect(server.wait_ready(wanted, 30), f"{len(server.ready())} workers, not {wanted}")


class Census:
    """What must stay as it is, of a master."""

    def __init__(self, pid):
        self.rss, self.descriptors = proc.rss_kib(pid), proc.descriptors(pid)
        self.threads, self.shared = proc.threads(pid), proc.shared_mappings(pid)
        self.peak_rss = proc.peak_rss_kib(pid)

    def __str__(self):
        return (f"RSS {self.rss} KiB (peak {self.peak_rss}), {self.descriptors} descriptors, {self.threads} threads, "
                f"{self.shared} shared")


def replace_often(case, reloads, respawns, most_growth_kib):
    """Reloads, then respawns by --max-requests under load; the first tenth warms up."""
    server = case.server(workers=2, max_requests=20)
    quiet = Census(server.master)
    for _ in range(max(1, reloads // 10)):
        server.reload()
    warm, since = Census(server.master), server.mark()
    failed = sum(server.reload() != "serves" for _ in range(reloads - reloads // 10))
    case.fail("reloads failed", failed)
    load = case.load(server, rate=600)
    pattern = RECYCLED if case.is_girin() else "Autorestarting worker"

    def enough():
        return server.log_count(pattern, since) >= respawns

    case.expect(proc.wait_until(enough, 30 + respawns / 2, 0.2), "too few respawns in the time there is")
    totals = load.finish()
    case.nothing_lost(totals)
    case.recovers(server)
    proc.wait_until(lambda: Census(server.master).descriptors <= warm.descriptors, 20)
    after = Census(server.master)
    for what in ("descriptors", "threads", "shared"):
        case.expect(getattr(after, what) <= getattr(warm, what), f"{what} grew")
    case.expect(after.rss - warm.rss <= most_growth_kib, f"memory grew by {after.rss - warm.rss} KiB")
    case.note(f"{reloads} reloads, {server.log_count(pattern, since)} respawns; start: {quiet}; warm: {warm}; end: {after}")


@fault("T34", "Leaks", "reloads and respawns, many", "memory, descriptors, threads and shared memory of the master flat")
def leaks(case):
    if case.kind.name in ("nginx", "uvicorn"):
        raise NotOffered("no --max-requests, or no word of it")
    replace_often(case, case.scaled(case.short_or_long(20, 1000)), case.scaled(case.short_or_long(60, 10000)), 1024)


@fault("L1", "TenMillionRequests", "10 000 000 requests over 200 reloads, 20 upgrades, 20 ramps, and recycling",
       "0 lost", peers=False, long=True)
def ten_million_requests(case):
    rounds = case.scaled(200)
    server = case.server(workers=3, max_requests=20000)
    beside = case.load(server)  # from the first round to the last, so that there is always load
    every, upgrades = [], 0
    for number in range(rounds):
        burst = case.load(server, rate=0, kept=32, fresh=0.1, requests=50_000)
        if number % 10 == 4:
            outcome = server.upgrade(60)
            upgrades += case.expect(outcome == "serves", f"upgrade in round {number}: {outcome or 'no word of it'}")
        if number % 10 == 9:
            for direction in [signal.SIGTTIN] * 3 + [signal.SIGTTOU] * 3:
                server.signal(direction)
                proc.pause(0.1)
        outcome = server.reload(60)
        case.expect(outcome == "serves", f"reload {number}: {outcome or 'no word of it'}")
        case.expect(burst.wait(300), "the requests came to no end")
        every.append(burst.finish())
    every.append(beside.finish())
    for totals in every:
        case.fail(f"lost: {totals.describe_losses()}", totals.losses)
    case.note(f"{sum(totals.requests for totals in every)} requests, {rounds} reloads, {upgrades} upgrades, "
              f"{rounds // 10} ramps, {server.log_count(RECYCLED)} recycled workers")
