"""The servers that tests/bench/compare measures: how each is started on loopback, pinned, and ended.

Every server answers GET / with 200 and "Hello, World!" from one serving process, keeps idle connections for long, and
logs no requests. Ports are never guessed: a server binds port 0 and tells, or inherits a listener bound here.
"""

import ctypes
import getpass
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import time

START_SECONDS = 15
IDLE_SECONDS = 600
DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
MOST_CONNECTIONS = DESCRIPTORS - 200


class Unavailable(Exception):
    """A server that isn't installed, or doesn't start; its text is the reason."""


class Server:
    """A running server: a process tree that serves on a port of 127.0.0.1."""

    def __init__(self, name, process, port, log):
        self.name, self.process, self.port, self.log = name, process, port, log

    def pids(self):
        """The process and all that it has started."""
        found = [self.process.pid]
        for pid in found:
            for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                found += [int(child) for child in task.read_text().split()]
        return found

    def threads(self):
        return [int(task.name) for pid in self.pids() for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]

    def pin(self, cpu):
        for thread in self.threads():
            os.sched_setaffinity(thread, {cpu})

    def cpu_ns(self):
        """Time on a CPU of all threads, user and system."""
        return sum(int(pathlib.Path(f"/proc/{thread}/schedstat").read_text().split()[0]) for thread in self.threads())

    def memory(self, key):
        """Sum over all processes of a line of smaps_rollup (Pss, Rss), in bytes."""
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(key + ":"):
                    total += int(line.split()[1]) * 1024
        return total

    def stop(self):
        """Asks it to end, waits, and kills by pidfd what is left."""
        handles = [os.pidfd_open(pid) for pid in self.pids()[1:]]
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for handle in handles:
            if not select.select([handle], [], [], 2)[0]:
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.close(handle)


class Launcher:
    """Starts servers in a directory; each gets files of its own there."""

    def __init__(self, directory, cpu, girin, floor):
        self.directory, self.cpu = pathlib.Path(directory), cpu
        self.girin_program, self.floor_program = girin, floor

    def names(self):
        return [name[len("start_"):].replace("_", "-") for name in dir(self) if name.startswith("start_")]

    def start(self, name):
        return getattr(self, "start_" + name.replace("-", "_"))()

    # Ours.

    def start_floor(self):
        return self._start_telling("floor", [self.floor_program], r"(\d+)")

    def start_floor_close(self):
        return self._start_telling("floor", [self.floor_program, "--close"], r"(\d+)")

    def start_girin(self):
        return self._start_telling("girin", [
            self.girin_program, "-w", "1", "-b", "127.0.0.1:0", "--keep-alive", str(IDLE_SECONDS),
            "--worker-connections", str(MOST_CONNECTIONS), "demo"], r"Listening at: http://127\.0\.0\.1:(\d+)")

    # Peers.

    def start_nginx(self):
        program = _find("nginx")

        def command(port, fd):
            kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            temp = " ".join(f"{kind}_temp_path {kind};" for kind in kinds)
            config = self._write("nginx.conf", f"""
                daemon off; worker_processes 1; pid nginx.pid; error_log stderr warn;
                worker_rlimit_nofile {DESCRIPTORS};
                events {{ worker_connections {MOST_CONNECTIONS}; }}
                http {{
                    {temp}
                    access_log off; keepalive_requests 1000000000; keepalive_timeout {IDLE_SECONDS}s;
                    default_type text/plain;
                    server {{ listen 127.0.0.1:{port}; location / {{ return 200 "Hello, World!"; }} }}
                }}""")
            return [program, "-p", f"{self.directory}/", "-c", config, "-e", "stderr"]

        return self._start_inheriting("nginx", command, lambda port, fd: {"NGINX": f"{fd};"})

    def start_haproxy(self):
        program = _find("haproxy")

        def command(port, fd):
            config = self._write("haproxy.cfg", f"""
global
    nbthread 1
    ulimit-n {DESCRIPTORS}
    maxconn {DESCRIPTORS // 2 - 20}
defaults
    mode http
    timeout client {IDLE_SECONDS}s
    timeout http-keep-alive {IDLE_SECONDS}s
frontend hello
    bind fd@{fd}
    http-request return status 200 content-type text/plain string "Hello, World!"
""")
            return [program, "-db", "-f", config]

        return self._start_inheriting("haproxy", command)

    def start_h2o(self):
        program = _find("h2o")
        self._write("index.txt", "Hello, World!")

        def command(port, fd):
            config = self._write("h2o.conf", f"""
user: {getpass.getuser()}
num-threads: 1
max-connections: {MOST_CONNECTIONS}
http1-request-timeout: {IDLE_SECONDS}
listen:
  host: 127.0.0.1
  port: {port}
hosts:
  default:
    paths:
      /:
        file.dir: {self.directory}
        file.index: [index.txt]
""")
            return [program, "-c", config]

        return self._start_inheriting("h2o", command, lambda port, fd: {
            "SERVER_STARTER_PORT": f"127.0.0.1:{port}={fd}"})

    def start_node(self):
        program = _find("node")
        script = self._write("hello.js", f"""
            const server = require('http').createServer((request, response) => {{
                response.writeHead(200, {{'Content-Type': 'text/plain', 'Content-Length': 13}});
                response.end('Hello, World!');
            }});
            server.keepAliveTimeout = {IDLE_SECONDS * 1000};
            server.listen(0, '127.0.0.1', () => console.log('listening ' + server.address().port));
        """)
        return self._start_telling("node", [program, script], r"listening (\d+)")

    def start_uvicorn(self):
        program = _find("uvicorn")
        self._write("asgi_hello.py", """
HEADERS = [(b'content-type', b'text/plain'), (b'content-length', b'13')]

async def app(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': HEADERS})
    await send({'type': 'http.response.body', 'body': b'Hello, World!'})
""")
        return self._start_inheriting("uvicorn", lambda port, fd: [
            program, "asgi_hello:app", "--app-dir", str(self.directory), "--lifespan", "off", "--no-access-log",
            "--log-level", "warning", "--timeout-keep-alive", str(IDLE_SECONDS), "--fd", str(fd)])

    def start_gunicorn(self):
        program = _find("gunicorn")
        self._write("wsgi_hello.py", """
def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '13')])
    return [b'Hello, World!']
""")
        return self._start_inheriting("gunicorn", lambda port, fd: [
            program, "-w", "1", "-b", f"fd://{fd}", "--chdir", str(self.directory), "--log-level", "warning",
            "wsgi_hello:app"])

    # How they are started.

    def _write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return str(path)

    def _spawn(self, name, command, environment=None, pass_fds=()):
        log = self.directory / f"{name}.log"

        def in_child():
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
            os.sched_setaffinity(0, {self.cpu})
            resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))

        with open(log, "wb") as output:
            process = subprocess.Popen(
                [str(part) for part in command], env={**os.environ, **(environment or {})}, cwd=self.directory,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=in_child,
                pass_fds=pass_fds)
        return process, log

    def _start_telling(self, name, command, pattern):
        """Starts a server that prints its port."""
        if not pathlib.Path(command[0]).exists():
            raise Unavailable(f"{name}: no {command[0]}")
        process, log = self._spawn(name, command)
        port = None
        for _ in _until(process, log, START_SECONDS):
            found = re.search(pattern, log.read_text())
            if found:
                port = int(found[1])
                break
        return self._checked(Server(name, process, port, log))

    def _start_inheriting(self, name, command, environment=None):
        """Starts a server that takes over a listener of ours, whose port and number its command is told."""
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            # Inherited by what is accepted: uvicorn doesn't set it on a listener that it hasn't made itself.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listener.listen(4096)
            listener.setblocking(False)
            port, fd = listener.getsockname()[1], listener.fileno()
            process, log = self._spawn(name, command(port, fd), environment and environment(port, fd), (fd,))
        return self._checked(Server(name, process, port, log))

    def _checked(self, server):
        """Returns the server once it has given the right answer."""
        try:
            with socket.create_connection(("127.0.0.1", server.port), START_SECONDS) as client:
                client.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
                answer = client.recv(65536)
                while answer.startswith(b"HTTP/1.1 200") and b"Hello" not in answer.partition(b"\r\n\r\n")[2]:
                    piece = client.recv(65536)
                    if not piece:
                        break
                    answer += piece
        except OSError as error:
            answer = str(error).encode()
        if not answer.startswith(b"HTTP/1.1 200") or not answer.endswith(b"Hello, World!"):
            log = server.log.read_text()[-400:]
            server.stop()
            raise Unavailable(f"{server.name}: wrong answer {answer[:80]!r}; its log ends: {log}")
        server.pin(self.cpu)
        return server


def _find(program):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if not path:
        raise Unavailable(f"{program}: not installed")
    return path


def _until(process, log, seconds):
    """Yields until the caller has what it wants; raises when the process ends or the time is over."""
    end = time.monotonic() + seconds
    handle = os.pidfd_open(process.pid)
    try:
        while time.monotonic() < end:
            yield
            if select.select([handle], [], [], 0.01)[0]:
                break
    finally:
        os.close(handle)
    process.kill()
    process.wait()
    raise Unavailable(f"{log.stem} doesn't start; its log ends: {log.read_text()[-400:]}")
