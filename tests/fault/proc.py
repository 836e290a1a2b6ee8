"""What the kernel says of processes, read from /proc, and waiting for conditions. A process that is gone gives an empty
or zero answer, never an error: it may end between any two reads."""

import ctypes
import os
import pathlib
import re
import select
import signal
import threading
import time


def adopt_orphans():
    """A master that follows another by an upgrade becomes our child when that one ends."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def wait_until(condition, limit, interval=0.01):
    """Whether `condition` came true within `limit` seconds."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() >= end:
            return False
        pause(interval)
    return True


def pause(seconds):
    """Lets time pass that is part of the fault itself: load that runs, a worker that stands still."""
    threading.Event().wait(seconds)


def read(path):
    try:
        return pathlib.Path(path).read_text(errors="replace")
    except OSError:
        return ""


def state(pid):
    """R, S, D, T (stopped), Z (zombie), or nothing."""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].strip()[:1]


def is_running(pid):
    return state(pid) not in ("", "Z", "X")


def children(pid):
    """Live children and zombies."""
    found = []
    try:
        tasks = list(pathlib.Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []
    for task in tasks:
        found += [int(child) for child in read(task / "children").split()]
    return sorted(found)


def descendants(pid):
    found = [pid]
    for one in found:
        found += children(one)
    return found[1:]


def zombies(pid):
    return [one for one in descendants(pid) if state(one) == "Z"]


def command_line(pid):
    return read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()


def descriptors(pid):
    try:
        return sum(1 for _ in pathlib.Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return 0


def descriptor_targets(pid):
    """'3 socket:[123], …'"""
    found = []
    for name in sorted(os.listdir(f"/proc/{pid}/fd"), key=int) if is_running(pid) else []:
        try:
            found.append(name + " " + os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            pass
    return ", ".join(found)


def inner_pid(pid):
    """What it is called in its own pid namespace."""
    found = re.search(r"^NSpid:.*?(\d+)$", read(f"/proc/{pid}/status"), re.M)
    return int(found[1]) if found else pid


def threads(pid):
    return _status(pid, "Threads")


def rss_kib(pid):
    return _status(pid, "VmRSS")


def peak_rss_kib(pid):
    return _status(pid, "VmHWM")


def shared_mappings(pid):
    """How many mappings are shared memory without a file of its own."""
    return sum(" rw-s " in line for line in read(f"/proc/{pid}/maps").splitlines())


def voluntary_switches(pid):
    return _status(pid, "voluntary_ctxt_switches")


def cpu_seconds(pid):
    """User and system time, in steps of 10 ms as a rule."""
    fields = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100 if len(fields) > 12 else 0.0


def catches(pid, number):
    """Whether it has a handler for this signal."""
    found = re.search(r"^SigCgt:\s+([0-9a-f]+)", read(f"/proc/{pid}/status"), re.M)
    return bool(found and int(found[1], 16) >> (number - 1) & 1)


def _status(pid, key):
    found = re.search(rf"^{key}:\s+(\d+)", read(f"/proc/{pid}/status"), re.M)
    return int(found[1]) if found else 0


def send(pidfd, number):
    """Sends a signal to a process that may be gone."""
    try:
        signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        pass


def ended(pidfd, limit=0.0):
    poll = select.poll()  # not select(), which knows no descriptor beyond 1023
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(limit * 1000))
