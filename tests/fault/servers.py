"""The servers that faults are tried on: how each is configured, started, told to reload and asked who its workers are.

Every one answers GET / with "ok" and GET /who with "PID …". Addresses are drawn from 127.0.0.0/8, where nobody else
listens; files lie in the case's directory. An option that a server doesn't have raises NotOffered, and the row says so.
"""

import ctypes
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import socket
import subprocess

import proc

HERE = pathlib.Path(__file__).resolve().parent
START_SECONDS = 30


class NotHere(Exception):
    """What this machine doesn't have, or a row doesn't try; it is skipped with it."""


class NotOffered(NotHere):
    """What this server doesn't have."""


def masters_alive():
    """girin's masters among what descends from us."""
    return [pid for pid in proc.descendants(os.getpid())
            if proc.is_running(pid) and proc.command_line(pid).startswith("girin: master")]


class Options:
    """What a row wants of a server; each adapter says it in its own words."""

    def __init__(self, **given):
        self.workers = given.pop("workers", 4)
        self.timeout = given.pop("timeout", 30)                # of a silent worker
        self.graceful_timeout = given.pop("graceful_timeout", 10)
        self.soak = given.pop("soak", 0.05)
        self.keep_alive = given.pop("keep_alive", 5)
        self.header_timeout = given.pop("header_timeout", None)
        self.max_requests = given.pop("max_requests", 0)
        self.reuse_port = given.pop("reuse_port", False)
        self.unix = given.pop("unix", False)
        self.access_log = given.pop("access_log", None)
        self.error_log = given.pop("error_log", None)
        self.more_binds = given.pop("more_binds", [])
        self.descriptors = given.pop("descriptors", None)      # RLIMIT_NOFILE
        self.stderr = given.pop("stderr", None)                # a descriptor in place of the log file
        self.prefix = given.pop("prefix", [])                  # command before the command: strace, unshare
        self.user = given.pop("user", None)                    # a number; takes root
        self.address = given.pop("address", None)
        self.pidfile = given.pop("pidfile", None)
        self.name = given.pop("name", None)
        self.own = given.pop("own", {})                        # further settings in girin's own words
        self.own_binary = given.pop("own_binary", False)       # a copy of the program, which may be replaced
        self.manager = given.pop("manager", None)              # a ServiceManager that it is started by
        self.launcher = given.pop("launcher", [])              # a command that becomes the server
        self.wait = given.pop("wait", True)                    # for all workers to be ready
        if given:
            raise TypeError(f"no such options: {sorted(given)}")


class Server:
    """A running server. `master` is its first process; workers are that one's children."""

    name = ""
    bad_settings = ""        # a line that no settings file of it may have
    missing_log = {}         # options that make a log impossible to open
    graceful = signal.SIGTERM
    error_lines = r"\[(ERROR|CRITICAL|WARNING)\]"

    def __init__(self, programs, directory, options, seed):
        self.programs, self.options = programs, options
        self.directory = pathlib.Path(directory) / (options.name or self.name)
        self.directory.mkdir(exist_ok=True)
        self.startup_file = self.directory / "startup"
        self.startup_file.touch()
        self.address = options.address or (f"unix:{self.directory}/s" if options.unix else _own_address(seed))
        self.pidfile = pathlib.Path(options.pidfile or self.directory / "pid")
        self.log_file = self.directory / "log"
        self.log_text, self.log_bytes = "", 0
        self.write_settings()
        self.process = self._start()
        self.handle = os.pidfd_open(self.process.pid)
        self.master = self.process.pid
        try:
            if options.prefix and options.wait:
                self._find_master()
            if options.wait and not self.wait_ready(options.workers, START_SECONDS):
                raise RuntimeError(f"{self.name} doesn't start:\n{self.log()[-2000:]}")
        except BaseException:
            self.kill()
            raise

    # What adapters say.

    def command(self):
        raise NotImplementedError

    def write_settings(self, line=""):
        """Writes what the next reload reads; `line` is added to it."""

    def reload_outcome(self, since, old):
        """'serves', 'failed' (the old serve on, and it said so), or nothing yet. `since` is a place in the log."""
        now = self.workers()
        fresh = now and not set(now) & set(old) and len(now) == self.options.workers
        return "serves" if fresh and self._answers() else ""

    def is_worker(self, pid):
        return True

    # What they share.

    def environment(self):
        kept = {name: value for name, value in os.environ.items()
                if name not in ("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "WEB_CONCURRENCY", "PORT")}
        kept |= {"GIRIN_TEST_STARTUP_FILE": str(self.startup_file), "PYTHONDONTWRITEBYTECODE": "1"}
        return kept | (self.options.manager.environment() if self.options.manager else {})

    def _hand_over(self):
        """Another user has to reach the programs and write here."""
        names = ("girin", "application") if self.name == "girin" else ()
        self.programs = self.programs | {name: shutil.copy(self.programs[name], self.directory) for name in names}
        self.write_settings()
        for path in (self.directory, *self.directory.iterdir()):
            os.chown(path, self.options.user, self.options.user)

    def _start(self):
        options = self.options
        if options.user:
            if os.geteuid() != 0:
                raise NotHere("takes root to become another user")
            self._hand_over()
        limit, user, manager = options.descriptors, options.user, options.manager
        launcher = [*options.launcher, *(manager.launcher() if manager else [])]
        command = [*options.prefix, *launcher, *map(str, self.command())]
        parent_signal = signal.SIGKILL if self.name == "girin" else signal.SIGTERM

        def prepare():
            ctypes.CDLL(None).prctl(1, parent_signal, 0, 0, 0)  # PR_SET_PDEATHSIG: nothing outlives the harness
            if limit:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                command, cwd=self.directory, env=self.environment(), stdin=subprocess.DEVNULL, stdout=log,
                pass_fds=manager.descriptors() if manager else (), stderr=options.stderr or log, preexec_fn=prepare, user=user,
                extra_groups=[] if user else None, group=user)

    def _find_master(self):
        """Behind a prefix the master is a descendant: the one that writes its pid, or is named as we are."""
        program = os.path.basename(str(self.command()[0]))

        def found():
            for pid in proc.descendants(self.process.pid):
                if os.path.basename(proc.command_line(pid).split(" ")[0]).startswith(program):
                    self.master = pid
                    return True
            return False

        if not proc.wait_until(found, START_SECONDS):
            raise RuntimeError(f"{self.name} doesn't start under {self.options.prefix[0]}:\n{self.log()}")

    def log(self):
        """All of it so far. What was read before isn't read again: rows ask often."""
        with self.log_file.open("rb") as file:
            file.seek(self.log_bytes)
            fresh = file.read()
        self.log_bytes += len(fresh)
        self.log_text += fresh.decode(errors="replace")
        return self.log_text

    def mark(self):
        return len(self.log())

    def log_count(self, pattern, since=0):
        return len(re.findall(pattern, self.log()[since:]))

    def wait_log(self, pattern, limit=20, since=0):
        return proc.wait_until(lambda: re.search(pattern, self.log()[since:]), limit, 0.02)

    def workers(self):
        return [pid for pid in proc.children(self.master) if proc.is_running(pid) and self.is_worker(pid)]

    def ready(self):
        """Those workers that serve, as far as this server tells."""
        return self.workers()

    def wait_ready(self, count, limit=20):
        """`count` workers, all ready, and an answer."""
        def all_there():
            if not self.running():
                return True
            workers = self.workers()
            return len(workers) == count and len(self.ready()) == count and self._answers()

        return proc.wait_until(all_there, limit, 0.02) and self.running()

    def running(self):
        self.process.poll()
        return not proc.ended(self.handle)

    def signal(self, number):
        if self.running():
            os.kill(self.master, number)

    def pid_told(self):
        """What the pidfile has; 0: no number. The server's own mounts are looked at, should it have some."""
        text = proc.read(f"/proc/{self.master}/root{self.pidfile}").strip()
        return int(text) if text.isdigit() else 0

    def reload(self, limit=20):
        """HUP, and what came of it: 'serves', 'failed', 'ended' or '' when nothing came."""
        since, old, outcome = self.mark(), self.workers(), ""
        self.signal(signal.SIGHUP)

        def settled():
            nonlocal outcome
            outcome = "ended" if not self.running() else self.reload_outcome(since, old)
            return outcome

        proc.wait_until(settled, limit, 0.02)
        return outcome

    def say_at_startup(self, word):
        """How the application behaves from its next start on: tests/apps/misbehaving.hpp."""
        fresh = self.startup_file.with_suffix(".new")
        fresh.write_text(word + "\n")
        fresh.rename(self.startup_file)

    def connect(self, timeout=15):
        if self.address.startswith("unix:"):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.settimeout(timeout)
            client.connect(self.address[5:])
            return client
        host, port = self.address.rsplit(":", 1)
        return socket.create_connection((host, int(port)), timeout)

    def get(self, target="/", timeout=15):
        """(status, body); OSError or ValueError when there is no whole answer."""
        with self.connect(timeout) as client:
            client.sendall(request_bytes(target))
            return read_answer(client)

    def _answers(self):
        try:
            return self.get("/", 2)[0] == 200
        except (OSError, ValueError):
            return False

    def who(self):
        return int(self.get("/who")[1].split()[0])

    def long_request(self, seconds):
        """A target that is answered after so long."""
        return f"/sleep/{int(seconds * 1000)}"

    def stop(self, limit=20):
        """TERM; its exit status, or None when it had to be killed."""
        handles = self._handles()
        if self.running():
            os.kill(self.master, signal.SIGTERM)
        status = None
        if proc.ended(self.handle, limit):
            status = self._exit_status()
        self._kill_all(handles)
        return status

    def _exit_status(self):
        return self.process.wait()

    def kill(self):
        self._kill_all(self._handles())

    def _handles(self):
        handles = []
        found = {pid for first in self.first_pids() for pid in [first, *proc.descendants(first)]}
        for pid in found:
            try:
                handles.append(os.pidfd_open(pid))
            except OSError:
                pass
        return handles

    def first_pids(self):
        """The processes that all of it descends from."""
        return [self.process.pid]

    def _kill_all(self, handles):
        if self.running():
            proc.send(self.handle, signal.SIGKILL)
        self._exit_status()
        for handle in handles:
            if not proc.ended(handle, 2):
                proc.send(handle, signal.SIGKILL)
            os.close(handle)


class Girin(Server):
    name = "girin"
    bad_settings = "workrs = 2"
    missing_log = {"error_log": "/nowhere/log"}

    def __init__(self, programs, directory, options, seed):
        self.told_ready, self.ready_from = set(), 0
        self.former, self.status = [], None  # masters that others followed; the exit status of the last
        if options.own_binary:
            self.good_program = programs["girin"]
            self.program = pathlib.Path(directory) / (options.name or self.name) / "girin"
            self.program.parent.mkdir(exist_ok=True)
            self.install()
            programs = programs | {"girin": self.program}
        super().__init__(programs, directory, options, seed)

    def install(self, content=None):
        """Renames a program into our place: the good one, or a file with this content."""
        fresh = self.program.with_suffix(".new")
        if content is None:
            shutil.copy(self.good_program, fresh)
        else:
            fresh.write_bytes(content)
        fresh.chmod(0o755)
        fresh.rename(self.program)

    def command(self):
        return [self.programs["girin"], "-c", self.directory / "girin.conf"]

    def command_code(self, *words, limit=40):
        """The exit code of one of girin's commands."""
        command = [self.programs["girin"], *map(str, words)]
        return subprocess.run(command, check=False, capture_output=True, timeout=limit).returncode

    def upgrade(self, limit=40):
        """USR2, and what came of it: 'serves' by another master, 'failed', or nothing."""
        since = self.mark()
        self.signal(signal.SIGUSR2)
        if not self.wait_log(r"Upgrade: (failed|the new master \(pid \d+\) has taken over)", limit, since):
            return ""
        return "serves" if self.follow() and self.former_ended() else "failed"

    def follow(self):
        """From now on the master is the one in the pidfile. Whether that is another one."""
        text = proc.read(self.pidfile).strip()
        if not text.isdigit() or int(text) == self.master:
            return False
        try:
            handle = os.pidfd_open(int(text))
        except OSError:
            return False
        self.former.append((self.master, self.handle))
        self.master, self.handle, self.status = int(text), handle, None
        return True

    def former_ended(self, limit=30):
        """Whether the masters have that others followed; reaps them."""
        if not all(proc.ended(handle, limit) for _, handle in self.former):
            return False
        while self.former:
            pid, handle = self.former.pop()
            self._reap(pid, handle)
            os.close(handle)
        return True

    def end_master(self, limit=30):
        """TERM to the master alone; its exit status."""
        self.signal(signal.SIGTERM)
        return self._exit_status() if proc.ended(self.handle, limit) else None

    def _exit_status(self):
        if self.options.prefix:
            return super()._exit_status()
        if self.status is None:
            self.status = self._reap(self.master, self.handle)
        return self.status

    def _reap(self, pid, handle):
        if pid == self.process.pid:
            return self.process.wait()
        try:
            end = os.waitid(os.P_PIDFD, handle, os.WEXITED)
        except ChildProcessError:
            return None  # has been reaped, or is another's child still
        return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status

    def first_pids(self):
        return [self.process.pid] if self.options.prefix else [self.master, *(pid for pid, _ in self.former)]

    def write_settings(self, line=""):
        options = self.options
        settings = {"application": self.programs["application"], "workers": options.workers, "pid": self.pidfile,
                    "timeout": options.timeout, "graceful_timeout": options.graceful_timeout, "soak": options.soak,
                    "keep_alive": options.keep_alive, "worker_connections": 4000,
                    "control_socket": "none"}  # a monitor only where a row asks for one
        named = {"header_timeout": options.header_timeout, "max_requests": options.max_requests,
                 "access_logfile": options.access_log, "error_logfile": options.error_log}
        settings |= {name: value for name, value in named.items() if value}
        settings |= {"reuse_port": "true"} if options.reuse_port else {}
        settings |= options.own
        lines = [f"{name} = {value}" for name, value in settings.items()]
        lines += [f"bind = {address}" for address in (self.address, *options.more_binds)]
        _replace(self.directory / "girin.conf", "\n".join([*lines, line, ""]))

    def is_worker(self, pid):
        """Neither the monitor nor a master that is about to follow."""
        return proc.command_line(pid).startswith("girin: worker")

    def ready(self):
        if self.options.stderr is not None or self.options.error_log:
            return self.workers()  # there is no log to read
        log = self.log()
        told = {int(pid) for pid in re.findall(r"\(pid (\d+)\) is ready", log[self.ready_from:])}
        self.told_ready |= told
        self.ready_from = max(0, len(log) - 200)
        return [pid for pid in self.workers() if proc.inner_pid(pid) in self.told_ready]

    def reload_outcome(self, since, old):
        told = re.findall(r"Reload: (?:generation \d+ )?(serves|failed|.*refused)", self.log()[since:])
        return "" if not told else "serves" if told[-1] == "serves" else "failed"

    def generations_alive(self):
        """Generations that have a live worker, by what the log said at its start."""
        of = {int(pid): int(number) for pid, number in
              re.findall(r"\(pid (\d+)\) starts, generation (\d+)", self.log())}
        return {of[pid] for pid in self.workers() if pid in of}


class Nginx(Server):
    name = "nginx"
    bad_settings = "nonsense;"
    missing_log = {"error_log": "/nowhere/log"}
    graceful = signal.SIGQUIT
    error_lines = r"\[(warn|error|crit|alert|emerg)\]"

    def command(self):
        return [_find("nginx"), "-p", f"{self.directory}/", "-c", self.directory / "nginx.conf", "-e", "stderr"]

    def write_settings(self, line=""):
        options = self.options
        if options.max_requests or options.own:
            raise NotOffered("nginx has no such setting")
        (self.directory / "ok").write_text("ok")
        (self.directory / "long").write_text("x" * 4000)
        listens = " ".join(f"listen {address}{' reuseport' if options.reuse_port else ''} backlog=2048;"
                           for address in (self.address, *options.more_binds))
        temp = " ".join(f"{kind}_temp_path {kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        header = f"client_header_timeout {options.header_timeout}s;" if options.header_timeout else ""
        _replace(self.directory / "nginx.conf", f"""
            {"user root;" if os.geteuid() == 0 else ""}
            daemon off; worker_processes {options.workers}; pid {self.pidfile};
            error_log {options.error_log or "stderr"} notice; worker_shutdown_timeout {options.graceful_timeout}s;
            events {{ worker_connections 4000; }}
            http {{
                {temp} {header}
                access_log {options.access_log or "off"}; keepalive_timeout {options.keep_alive}s;
                keepalive_requests 1000000; default_type text/plain;
                server {{
                    {listens} root {self.directory};
                    location = / {{ return 200 "ok"; }}
                    location = /who {{ return 200 "$pid 0 0"; }}
                    location ~ ^/(sleep/|stream) {{ rewrite ^ /long break; limit_rate 1000; }}
                }}
            }}
            {line}
        """)

    def say_at_startup(self, word):
        raise NotOffered("nginx has no application that starts")


class Gunicorn(Server):
    name = "gunicorn"
    bad_settings = "this is no Python"
    missing_log = {"error_log": "/nowhere/log"}

    def command(self):
        return [_find("gunicorn"), "-c", self.directory / "gunicorn_conf.py", "peer_app:wsgi"]

    def write_settings(self, line=""):
        options = self.options
        if options.header_timeout or options.own:
            raise NotOffered("gunicorn has no such setting")
        settings = {
            "bind": [self.address, *options.more_binds], "workers": options.workers, "pidfile": str(self.pidfile),
            "timeout": options.timeout, "graceful_timeout": options.graceful_timeout, "keepalive": options.keep_alive,
            "worker_class": "gthread", "threads": 8, "max_requests": options.max_requests, "pythonpath": str(HERE),
            "reuse_port": options.reuse_port, "accesslog": options.access_log, "errorlog": options.error_log or "-"}
        _replace(
            self.directory / "gunicorn_conf.py",
            "".join(f"{name} = {value!r}\n" for name, value in settings.items()) + line + "\n")


class Uvicorn(Server):
    name = "uvicorn"
    error_lines = r"^(ERROR|CRITICAL|WARNING)"

    def command(self):
        options = self.options
        if options.header_timeout or options.own or options.reuse_port or options.unix or options.error_log:
            raise NotOffered("uvicorn has no such setting")
        host, port = self.address.rsplit(":", 1)
        command = [_find("uvicorn"), "peer_app:asgi", "--app-dir", HERE, "--host", host, "--port", port, "--workers",
                   options.workers, "--timeout-graceful-shutdown", options.graceful_timeout, "--timeout-keep-alive",
                   options.keep_alive, "--no-access-log"]
        return command + (["--limit-max-requests", options.max_requests] if options.max_requests else [])

    def write_settings(self, line=""):
        if line or self.options.more_binds:
            raise NotOffered("uvicorn has no settings file")

    def is_worker(self, pid):
        return "resource_tracker" not in proc.command_line(pid)


SERVERS = {each.name: each for each in (Girin, Nginx, Gunicorn, Uvicorn)}


def _replace(path, text):
    """At once: who reads meanwhile finds the old text or the new, never half of one."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    fresh.replace(path)


def request_bytes(target, close=True):
    closing = "Connection: close\r\n" if close else ""
    return f"GET {target} HTTP/1.1\r\nHost: fault\r\n{closing}\r\n".encode()


def read_answer(client):
    """(status, body) of an answer that ends with the connection, or with its length."""
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        if found:
            length = re.search(rb"content-length: (\d+)", head, re.I)
            if length and len(body) >= int(length[1]):
                return _parted(head, body)
        piece = client.recv(65536)
        if not piece:
            break
        data += piece
    head, found, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.I)
    whole = body.endswith(b"0\r\n\r\n") if b"chunked" in head.lower() else not length or len(body) >= int(length[1])
    if not found or not whole:
        raise ValueError(f"no whole answer: {data[:80]!r}")
    return _parted(head, body)


def _parted(head, body):
    return int(head.split(b" ", 2)[1]), body.decode(errors="replace")


def wait_readable(client, limit):
    return bool(select.select([client], [], [], limit)[0])


def _own_address(random):
    """A loopback address and a port below those that clients are given."""
    return f"127.{random.randint(1, 254)}.{random.randint(1, 254)}.{random.randint(2, 254)}:{random.randint(18000, 31999)}"


def _find(program):
    path = shutil.which(program)
    if not path:
        raise NotHere(f"{program} isn't installed")
    return path
