"""What systemd is to a service: a notify socket that knows its senders and keeps the descriptors it is handed, and a
start with those descriptors. Not here: what a server is expected to say (faults_service.py)."""

import os
import pathlib
import socket
import struct
import sys

import proc

FIRST_SOCKET = 3

# Only the process itself knows its pid before it becomes the server: numbers to move to 3, 4, …; then the command.
BECOME = """
import fcntl, os, sys
numbers, command = [int(one) for one in sys.argv[1].split(",") if one], sys.argv[2:]
high = [fcntl.fcntl(number, fcntl.F_DUPFD, 200) for number in numbers]
for place, number in enumerate(high):
    os.dup2(number, 3 + place, inheritable=True)
os.closerange(3 + len(high), 1000)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execvp(command[0], command)
"""


class ServiceManager:
    """Its messages are (pid of the sender, text); `kept` is {name: [descriptor, …]}."""

    def __init__(self, directory, watchdog_seconds=0.0):
        self.path = pathlib.Path(directory) / "notify"
        self.watchdog_seconds = watchdog_seconds
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(str(self.path))
        self.path.chmod(0o777)
        self.messages, self.kept = [], {}

    def environment(self):
        found = {"NOTIFY_SOCKET": str(self.path)}
        if self.watchdog_seconds:
            found["WATCHDOG_USEC"] = str(int(self.watchdog_seconds * 1e6))
        names = [name for name, descriptors in self.kept.items() for _ in descriptors]
        return found | ({"LISTEN_FDS": str(len(names)), "LISTEN_FDNAMES": ":".join(names)} if names else {})

    def descriptors(self):
        self.read()
        return [descriptor for descriptors in self.kept.values() for descriptor in descriptors]

    def launcher(self):
        return [sys.executable, "-c", BECOME, ",".join(map(str, self.descriptors()))]

    def read(self):
        while True:
            try:
                text, attached, _, _ = self.socket.recvmsg(8192, socket.CMSG_SPACE(64) + socket.CMSG_SPACE(64 * 4))
            except BlockingIOError:
                return
            sender, descriptors = 0, []
            for level, kind, data in attached:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
                    sender = struct.unpack("iii", data[:12])[0]
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    descriptors += struct.unpack(f"{len(data) // 4}i", data[:len(data) // 4 * 4])
            self._take(sender, text.decode(errors="replace"), descriptors)

    def _take(self, sender, text, descriptors):
        self.messages.append((sender, text))
        lines = dict(line.partition("=")[::2] for line in text.splitlines())
        if "FDSTOREREMOVE" in lines:
            for descriptor in self.kept.pop(lines.get("FDNAME", ""), []):
                os.close(descriptor)
        known = {os.fstat(one).st_ino for one in sum(self.kept.values(), [])}
        for descriptor in descriptors:  # like systemd, the same open file only once
            if "FDSTORE" in lines and os.fstat(descriptor).st_ino not in known:
                self.kept.setdefault(lines.get("FDNAME", "stored"), []).append(descriptor)
            else:
                os.close(descriptor)

    def count(self, start, since=0):
        """How many lines begin so, in the messages from `since` on."""
        self.read()
        return sum(line.startswith(start) for _, text in self.messages[since:] for line in text.splitlines())

    def hears(self, start, limit=15, since=0):
        return proc.wait_until(lambda: self.count(start, since), limit)

    def senders(self):
        self.read()
        return {sender for sender, _ in self.messages}

    def main_pid(self):
        """The last MAINPID that was told; 0: never."""
        self.read()
        told = [line[8:] for _, text in self.messages for line in text.splitlines() if line.startswith("MAINPID=")]
        return int(told[-1]) if told else 0

    def close(self):
        for descriptor in self.descriptors():
            os.close(descriptor)
        self.kept = {}
        self.socket.close()
