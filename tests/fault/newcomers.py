"""Clients that come one after the other without a pause, in threads. Whoever was taken has to be answered; whoever is
refused comes again. Not here: load with a rate (load.py)."""

import threading

import servers


class Newcomers:
    """Come from their making until finish()."""

    def __init__(self, server, count=24):
        self.server, self.answered, self.lost = server, 0, []
        self.over, self.lock = threading.Event(), threading.Lock()
        self.threads = [threading.Thread(target=self._come, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def _come(self):
        while not self.over.is_set():
            try:
                client = self.server.connect()
            except OSError:  # refused, or no socket's file any more
                self.over.wait(0.001)
                continue
            try:
                with client:
                    client.sendall(servers.request_bytes("/"))
                    status = servers.read_answer(client)[0]
                if status != 200:
                    raise ValueError(f"status {status}")
                with self.lock:
                    self.answered += 1
            except (OSError, ValueError) as error:
                with self.lock:
                    self.lost.append(f"{type(error).__name__}: {error}")

    def finish(self):
        """How many were taken and got no answer."""
        self.over.set()
        for thread in self.threads:
            thread.join(30)
        return len(self.lost)
