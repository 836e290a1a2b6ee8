"""Load beside a fault: girin-load (tests/load), an open loop that judges every answer and retries nothing. Half of the
requests come on connections of their own, half on kept ones."""

import json
import signal
import subprocess
import threading

import proc

RESETS = ("reset before bytes", "raced close", "reset mid-response", "short body")


class Totals:
    """What a load run found."""

    def __init__(self, figures):
        self.figures = figures
        self.requests, self.ok, self.losses = figures["requests"], figures["ok"], figures["losses"]
        self.p99 = figures["latency_ms"]["p99"]

    def count(self, *outcomes):
        return sum(self.figures["outcomes"][outcome] for outcome in outcomes)

    def resets(self):
        """Lost with a connection that had been accepted: what a killed worker may take along."""
        return self.count(*RESETS)

    def describe_losses(self):
        """'3 refused, 1 timeout'"""
        outcomes = self.figures["outcomes"]
        return ", ".join(f"{count} {name}" for name, count in outcomes.items() if count and name != "ok")


class Load:
    """Runs from its making until finish(). `kept` is the number of kept connections, `fresh` the share of requests on
    connections of their own; with a rate of 0, `kept` requests are always under way; it ends by itself after `requests`
    if that is not 0."""

    def __init__(self, program, address, rate=300, target="/", expect="ok", fresh=0.5, kept=16, timeout=15, seed=1,
                 requests=0):
        command = [program, address, "--rate", str(rate), "--duration", "0", "--requests", str(requests),
                   "--timeout", str(timeout), "--new-share", str(fresh), "--connections", str(kept), "--target", target,
                   "--seed", str(seed), "--json", "-"]
        if expect is not None:
            command += ["--expect", expect]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.output = None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        self.output = self.process.communicate()

    def running(self):
        return self.process.poll() is None

    def wait(self, limit):
        """Whether all `requests` were made in time."""
        self.reader.join(limit)
        return not self.reader.is_alive()

    def finish(self):
        """Begins no more requests, waits for those that run, and tells."""
        proc.wait_until(lambda: not self.running() or proc.catches(self.process.pid, signal.SIGINT), 10)
        if self.running():
            self.process.send_signal(signal.SIGINT)
        self.reader.join(60)
        if self.output is None or not self.output[0]:
            self.kill()
            raise RuntimeError(f"girin-load has no result: {self.output and self.output[1]}")
        return Totals(json.loads(self.output[0]))

    def kill(self):
        self.process.kill()
        self.reader.join(5)
