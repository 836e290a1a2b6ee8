"""A fault as a row, and the case in which it is tried: servers, load, what is counted, and the baseline that every
server must be back at afterwards. Not here: the faults (faults_*.py) and the servers (servers.py)."""

import pathlib
import random
import re
import signal
import subprocess
import time

import cgroups
import load
import manager
import proc
import servers
from newcomers import Newcomers

ROWS = []
BACK_SECONDS = 20
BUSY = r"\blags: |goes on, after"  # a machine that has other things to do explains these everywhere


class Row:
    """One fault: `name` is for ctest, `what` and `passes` are the table's words; `peers` whether others than girin are
    tried too, or what none of them offers; `long` whether it takes minutes and is only tried when that is asked for."""

    def __init__(self, id, name, what, passes, peers, long, run):
        self.id, self.name, self.what, self.passes = id, name, what, passes
        self.peers, self.long, self.run = peers, long, run

    def order(self):
        return self.id[0] != "T", int(self.id[1:])

    def test_name(self):
        return f"{self.id[0]}{int(self.id[1:]):02}_{self.name}"


def fault(id, name, what, passes, peers=True, long=False):
    """Makes a row of a function that takes a Case."""
    def add(run):
        ROWS.append(Row(id, name, what, passes, peers, long, run))
        return run
    return add


class Case:
    """One trial of one row on one kind of server."""

    def __init__(self, row, kind, programs, directory, is_long, seed):
        self.row, self.kind, self.programs, self.directory = row, kind, programs, pathlib.Path(directory)
        self.long, self.seed, self.random = is_long, seed, random.Random(seed)
        self.scale = 1.0
        self.slow = 5 if self._is_sanitized() else 1  # for limits that are about speed
        self.failures, self.reasons, self.notes, self.explained = 0, [], [], [BUSY]
        self.servers, self.loads, self.sockets, self.before, self.last = [], [], [], {}, []

    def _is_sanitized(self):
        settings = proc.read(self.programs["build"] / "CMakeCache.txt")
        return bool(re.search(r"^(GIRIN_SANITIZE:\w+=\S|CMAKE_CXX_FLAGS\w*:\w+=.*-fsanitize)", settings, re.M))

    def is_girin(self):
        return self.kind.name == "girin"

    def only_girin(self, why):
        if not self.is_girin():
            raise servers.NotHere(why)

    def short_or_long(self, short, long):
        return long if self.long else short

    def scaled(self, count):
        """Of a long row's full count, what --scale leaves of it."""
        return max(1, round(count * self.scale))

    # What a row does.

    def server(self, **options):
        """Starts one and remembers how it looks when all is well."""
        started = self.kind(self.programs, self.directory, servers.Options(**options), self.random)
        self.servers.append(started)
        if started.options.wait:
            self.remember(started)
        return started

    def remember(self, server):
        proc.wait_until(lambda: not proc.zombies(server.master), 5)
        if not self.is_girin():
            proc.pause(1.5)  # gunicorn's control socket opens some time after the first answer
        self.before[server] = (proc.descriptors(server.master),
                               max((proc.descriptors(pid) for pid in server.workers()), default=0))

    def load(self, server, **options):
        options.setdefault("seed", self.seed)
        started = load.Load(self.programs["load"], server.address, **options)
        self.loads.append(started)
        return started

    def manager(self, **options):
        """A service manager to start servers by."""
        self.last.append(manager.ServiceManager(self.directory, **options))
        return self.last[-1]

    def cgroup(self, controller):
        """Removed when the servers in it have ended."""
        self.last.append(cgroups.Cgroup(controller))
        return self.last[-1]

    def sockets_to(self, server, count):
        """Plain connections that are closed with the case."""
        found = []
        for _ in range(count):
            try:
                found.append(server.connect())
            except OSError:
                self.fail("a connection was refused")
        self.sockets += found
        return found

    # What a row finds.

    def fail(self, why, count=1):
        if count:
            self.failures += count
            self.reasons.append(why)

    def expect(self, condition, why):
        if not condition:
            self.fail(why)
        return bool(condition)

    def note(self, text):
        self.notes.append(text)

    def explain(self, *patterns):
        """Lines of the log that the fault itself explains."""
        self.explained += patterns

    def nothing_lost(self, totals):
        self.fail(f"lost: {totals.describe_losses()}", totals.losses)
        self.expect(totals.ok > 0, "no request was answered")
        self.note(f"{totals.requests} requests")

    def only_in_hand(self, totals, most):
        """Losses are resets, and not more than `most`: what killed workers took along."""
        beyond = totals.losses - totals.resets()
        self.fail(f"lost: {totals.describe_losses()}", beyond)
        self.expect(totals.resets() <= most, f"{totals.resets()} resets, at most {most} can have been in hand")
        self.expect(totals.ok > 0, "no request was answered")
        self.note(f"{totals.requests} requests, {totals.resets()} lost in the victims' hands")

    def recovers(self, server, workers=None):
        """As many workers as wanted become ready."""
        wanted = workers or server.options.workers
        if self.expect(server.running(), f"the master is gone: {server.log()[-600:]}"):
            self.expect(server.wait_ready(wanted, BACK_SECONDS),
                        f"{len(server.workers())} workers, {len(server.ready())} ready, not {wanted}")

    def baseline(self, server):
        """Afterwards, without load: N ready workers, no zombies, descriptors as before, one master, its pid in the
        pidfile, nothing in the log that the fault doesn't explain."""
        self.recovers(server)
        if not server.running():
            return
        self.expect(proc.wait_until(lambda: not proc.zombies(server.master), BACK_SECONDS), "zombies are left")
        self._descriptors_are_back(server)
        if self.kind is not servers.Uvicorn:
            self.expect(proc.wait_until(lambda: server.pid_told() == proc.inner_pid(server.master), BACK_SECONDS),
                        f"the pidfile has {server.pid_told()}, not {proc.inner_pid(server.master)}")
        self._no_master_too_many()
        self._log_is_explained(server)

    def _no_master_too_many(self):
        """One for each server that runs; what asks a new binary or new settings may take a moment."""
        if not self.is_girin():
            return

        def too_many():
            return set(servers.masters_alive()) - {one.master for one in self.servers if one.running()}

        self.expect(proc.wait_until(lambda: not too_many(), BACK_SECONDS), f"masters too many: {too_many()}")

    def _descriptors_are_back(self, server):
        master, worker = self.before[server]
        unknown = server.options.error_log is not None  # there is no log to tell
        if self.is_girin() and (unknown or server.log_count(r"Reload: generation \d+ serves")):
            master += 4  # what served before, for the way back: its code, directory and two logs

        def back():
            most = max((proc.descriptors(pid) for pid in server.workers()), default=0)
            return proc.descriptors(server.master) <= master and most <= worker

        if not proc.wait_until(back, BACK_SECONDS, 0.05):
            now = [proc.descriptors(pid) for pid in server.workers()]
            most = max(server.workers(), key=proc.descriptors)
            self.fail(f"descriptors: master {proc.descriptors(server.master)}, before {master}; "
                      f"workers {now}, before {worker}; one has {proc.descriptor_targets(most)}")

    def _log_is_explained(self, server):
        if not self.is_girin():
            return
        for line in server.log().splitlines():
            if re.search(server.error_lines, line) and not any(re.search(one, line) for one in self.explained):
                self.fail(f"unexplained: {line[:200]}")

    def stops(self, server):
        """TERM ends it with 0 while clients go on coming, none of whom is lost, and nothing stays behind."""
        left = [pid for first in server.first_pids() for pid in proc.descendants(first)]
        newcomers = Newcomers(server, 4)
        proc.wait_until(lambda: newcomers.answered > 4, 5)
        status = server.stop()
        self.expect(status == 0, f"TERM ended it with {status}")
        self.fail(f"lost at the end: {newcomers.lost[:2]}", newcomers.finish())
        self.expect(not any(proc.is_running(pid) for pid in left), "workers outlived it")

    def close(self):
        for one in self.loads:
            one.kill()
        for one in self.sockets:
            one.close()
        for one in self.servers:
            one.kill()
        for one in self.last:
            one.close()


def try_row(row, case):
    """The row's result as a dictionary."""
    started = time.monotonic()
    outcome, detail = "pass", ""
    try:
        if case.long < row.long:
            raise servers.NotHere("takes minutes: --long")
        if isinstance(row.peers, str) and not case.is_girin():
            raise servers.NotOffered(row.peers)
        if not row.peers:
            case.only_girin("only girin is tried")
        row.run(case)
        for server in case.servers:
            if server.running():
                if server in case.before:
                    case.baseline(server)
                if case.is_girin():
                    case.stops(server)
    except servers.NotOffered as reason:
        outcome, detail = "skip", f"not offered: {reason}"
    except servers.NotHere as reason:
        outcome, detail = "skip", str(reason)
    except (RuntimeError, OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        case.fail(f"{type(error).__name__}: {error}")
    finally:
        case.close()
    if outcome == "pass":
        outcome = "FAIL" if case.failures else "pass"
        detail = "; ".join([*dict.fromkeys(case.reasons), *case.notes])
    return {"id": row.id, "name": row.name, "what": row.what, "passes": row.passes, "server": case.kind.name,
            "outcome": outcome, "failures": case.failures, "detail": detail, "seed": case.seed,
            "seconds": round(time.monotonic() - started, 1)}


KILL, STOP, CONTINUE, HUP, TERM = signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT, signal.SIGHUP, signal.SIGTERM
