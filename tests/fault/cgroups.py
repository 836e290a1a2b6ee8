"""Control groups of a row's own, in version 2 of the hierarchy or in version 1, where they may be made."""

import itertools
import os
import pathlib
import sys

import proc
from servers import NotHere

ROOT = pathlib.Path("/sys/fs/cgroup")
NUMBERS = itertools.count(1)

# Becomes the server, inside.
JOIN = "import os, sys; open(sys.argv[1], 'w').write(str(os.getpid())); os.execvp(sys.argv[2], sys.argv[2:])"


class Cgroup:
    """One below the root, for `controller` (cpu, memory)."""

    def __init__(self, controller):
        self.is_v2 = (ROOT / "cgroup.controllers").exists()
        self.path = (ROOT if self.is_v2 else ROOT / controller) / f"girin-fault-{os.getpid()}-{next(NUMBERS)}"
        probe = {"cpu": ("cpu.max", "cpu.cfs_quota_us"), "memory": ("memory.max", "memory.limit_in_bytes")}[controller]
        try:
            self.path.mkdir()
        except OSError as error:
            raise NotHere(f"no {controller} cgroup can be made here: {error.strerror}") from error
        if not os.access(self.path / probe[not self.is_v2], os.W_OK):
            self.close()
            raise NotHere(f"a cgroup made here has no {controller} controller")

    def limit_cpu(self, percent):
        """Of one processor; None: no limit."""
        if self.is_v2:
            self._write("cpu.max", f"{percent * 1000} 100000" if percent else "max 100000")
        else:
            self._write("cpu.cfs_period_us", "100000")
            self._write("cpu.cfs_quota_us", str(percent * 1000) if percent else "-1")

    def limit_memory(self, size):
        self._write("memory.max" if self.is_v2 else "memory.limit_in_bytes", str(size))
        swap = self.path / "memory.swap.max"
        if swap.exists():
            swap.write_text("0")

    def times_throttled(self):
        found = dict(line.split() for line in proc.read(self.path / "cpu.stat").splitlines())
        return int(found.get("nr_throttled", 0))

    def take(self, pids):
        for pid in pids:
            self._write("cgroup.procs", str(pid))

    def launcher(self):
        return [sys.executable, "-c", JOIN, str(self.path / "cgroup.procs")]

    def _write(self, name, text):
        try:
            (self.path / name).write_text(text)
        except OSError as error:
            raise NotHere(f"{name} can't be set to {text}: {error.strerror}") from error

    def close(self):
        """Empty by then; the kernel needs a moment to believe it."""
        def removed():
            try:
                self.path.rmdir()
            except FileNotFoundError:
                pass
            except OSError:
                return False
            return True

        proc.wait_until(removed, 5)
