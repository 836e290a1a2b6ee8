"""A session of the page's reader: a folder, commands typed one after another, servers that stay in the background."""

import os
import pathlib
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import compare

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
WAIT_SECONDS = 30
# What `girin WORD` does to a server that runs, and flags that end by themselves: anything else serves.
ENDS = r"girin (status|reload|scale|stop|kill|reopen|log-level|upgrade|top)\b|--(help|version|check-\w+|print-\w+)"
BY_ITSELF = "(by itself)"
PORTS = ["8000", "8123", "9000"]  # as the pages name them


class Mismatch(Exception):
    """What was printed isn't what the page prints."""


class Session:
    def __init__(self, programs, prefix):
        self.folder = tempfile.mkdtemp(prefix="girin-docs-")
        os.chmod(self.folder, 0o755)
        self.ports = dict(zip(PORTS, free_ports(len(PORTS))))
        self.names = {"build/release": str(programs), "/usr/local": prefix, "/srv": f"{self.folder}/srv"}
        self.environment = dict(os.environ, PATH=f"{prefix}/bin:{programs}:{os.environ['PATH']}", HOME=self.folder,
                                XDG_RUNTIME_DIR=self.folder, PKG_CONFIG_PATH=f"{prefix}/lib/pkgconfig", LC_ALL="C.UTF-8",
                                CMAKE_PREFIX_PATH=prefix, BUILD=str(programs), SOURCE=str(SOURCE), **self.port_variables())
        self.servers = []  # running, the oldest first
        self.log = os.path.join(self.folder, ".terminal")
        open(self.log, "w").close()
        self.write(".curlrc", "silent\nshow-error")  # as at a terminal, without a meter
        self.seen = 0  # of the log
        self.shares_terminal = False

    def port_variables(self):
        return {f"PORT_{name}": port for name, port in self.ports.items()}

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text + "\n")

    def hidden(self, commands):
        for command in filter(None, (line.strip() for line in commands.split("\n"))):
            if command.endswith("&"):
                self.start(command.rstrip("& "))
                continue
            done = self.run(command)
            if done.returncode != 0:
                raise Mismatch(f"hidden command failed ({done.returncode}): {command}\n{done.stdout}")

    def type(self, command, expected, numbers):
        """Runs the command, and waits until what the page prints has been printed by it or by the servers."""
        printed = ""
        if re.search(r"(^|/|^[A-Z_]+=\S.* )girin ", self.real(command)) and not re.search(ENDS, command):
            if not self.shares_terminal:
                self.seen = os.path.getsize(self.log)  # what hidden servers have printed
            self.start(command)
            self.wait_until_ready(workers_of(command))
            self.shares_terminal = True
        else:
            printed = self.run(command).stdout
        self.expect(printed, expected, numbers, command)

    def expect(self, printed, expected, numbers=False, command=BY_ITSELF):
        """Servers that were started at this terminal print to it; those of hidden commands have one of their own."""
        silent = command != BY_ITSELF and not self.shares_terminal
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            lines = (printed + ("" if silent else self.new_output())).split("\n")
            wrong = compare.missing(expected, self.as_printed(lines), numbers)
            if not wrong:
                break
            if time.monotonic() > deadline:
                raise Mismatch(f"$ {command}\nmissing, or not on the page (+):\n  " + "\n  ".join(wrong) +
                               "\nprinted:\n  " + "\n  ".join(self.as_printed(lines)))
            wait_for_change(self.log, 0.05)
        if not silent:
            self.seen = os.path.getsize(self.log)

    def new_output(self):
        with open(self.log, errors="replace") as file:
            file.seek(self.seen)
            return file.read()

    def start(self, command):
        with open(self.log, "a") as log:
            self.servers.append(subprocess.Popen(
                ["/bin/bash", "-c", "exec env " + self.real(command)], cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

    def wait_until_ready(self, workers):
        deadline = time.monotonic() + WAIT_SECONDS
        while self.new_output().count(" is ready after ") < workers and self.servers[-1].poll() is None:
            if time.monotonic() > deadline:
                raise Mismatch(f"the server isn't ready:\n{self.new_output()}")
            wait_for_change(self.log, 0.05)

    def run(self, command):
        return subprocess.run(["/bin/bash", "-c", self.real(command)], cwd=self.folder, env=self.environment, text=True,
                              timeout=300, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)

    def real(self, command):
        """With ports that are free and places that are ours, in place of the page's."""
        command = re.sub(r":(\d{4})\b", lambda found: ":" + self.ports.get(found.group(1), found.group(1)), command)
        for name, place in self.names.items():
            command = command.replace(name, shlex.quote(place))
        return command

    def as_printed(self, lines):
        names = {port: name for name, port in self.ports.items()}
        return [re.sub(r":(\d+)\b", lambda found: ":" + names.get(found.group(1), found.group(1)), line) for line in lines]

    def close(self):
        for server in reversed(self.servers):
            try:
                os.killpg(server.pid, signal.SIGTERM)
                server.wait(20)
            except ProcessLookupError:
                pass
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def workers_of(command):
    found = re.search(r" (?:-w|--workers)[ =](\d+)", command)
    return int(found.group(1)) if found else 1


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_for_change(path, seconds):
    before, deadline = os.path.getsize(path), time.monotonic() + seconds
    while os.path.getsize(path) == before and time.monotonic() < deadline:
        select.select([], [], [], 0.01)
