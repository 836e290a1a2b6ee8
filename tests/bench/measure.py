"""What tests/bench/compare measures, and how. Plain numbers come out; report.py makes tables of them.

Two methods, because each hides something. *Turns*: the client shares one CPU with all servers, which work in turns of a
few milliseconds; the figure is the base's CPU time per request over the server's in the same round, which is steady on
a busy machine. *wrk*: the server has one CPU, wrk another; this gives latencies and requests per second as well, but
wrk is soon the slower of the two, so that requests per second alone say little.
"""

import json
import os
import pathlib
import re
import resource
import socket
import statistics
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """One kind of traffic: so many connections, requests sent at once on each, a connection for each request or not."""
    name: str
    connections: int
    depth: int = 1
    fresh: bool = False


LOADS = [
    Load("keep-alive 1", 1),
    Load("keep-alive 64", 64),
    Load("keep-alive 512", 512),
    Load("pipelined x16", 64, depth=16),
    Load("new connection", 64, fresh=True),
]


def spread(values):
    """Median and quartiles."""
    values = sorted(values)
    if len(values) == 1:
        return {"median": values[0], "low": values[0], "high": values[0]}
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": median, "low": low, "high": high}


def can_take(server_name, load):
    """gunicorn's sync worker closes after each answer: it can only be asked so."""
    return load.fresh or server_name != "gunicorn"


def run_turns(slices, load, base, servers, cpu, rounds, slice_ms):
    """By server: the base's CPU time per request over its own, and its own in µs; base included."""
    others = [server for server in servers if can_take(server.name, load)]
    command = [slices, *map(str, (load.connections, slice_ms, rounds, load.depth)), "new" if load.fresh else "keep"]
    for server in [base, *others]:
        command.append(f"{server.name}:{server.port}:{'+'.join(map(str, server.threads()))}")
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    if done.returncode != 0:
        raise RuntimeError(f"{load.name}: {done.stderr.strip()}")
    ratios, costs = {}, {base.name: []}
    for line in done.stdout.splitlines():
        turn = json.loads(line)
        own = turn["cpu_ns"] / turn["requests"]
        of_base = turn["base_cpu_ns"] / turn["base_requests"]
        ratios.setdefault(turn["name"], []).append(of_base / own)
        costs.setdefault(turn["name"], []).append(own / 1000)
        costs[base.name].append(of_base / 1000)
    result = {name: {"ratio": spread(ratios[name]), "cpu_us": spread(costs[name])} for name in ratios}
    result[base.name] = {"ratio": spread([1.0]), "cpu_us": spread(costs[base.name])}
    return result


PIPELINE_SCRIPT = """
init = function(args)
    local all = {}
    for i = 1, DEPTH do all[i] = wrk.format("GET", "/") end
    pipelined = table.concat(all)
end
request = function() return pipelined end
"""


def run_wrk(directory, load, server, cpu, seconds):
    """One run of wrk on a CPU of its own: requests a second, the server's CPU time per request, latencies in µs."""
    command = ["wrk", "-t", "1", "-c", str(load.connections), "-d", f"{seconds}s", "--latency"]
    if load.depth > 1:
        script = pathlib.Path(directory) / "pipeline.lua"
        script.write_text(PIPELINE_SCRIPT.replace("DEPTH", str(load.depth)))
        command += ["-s", str(script)]
    if load.fresh:
        command += ["-H", "Connection: close"]
    command.append(f"http://127.0.0.1:{server.port}/")
    before = server.cpu_ns()
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    cpu_ns = server.cpu_ns() - before
    if done.returncode != 0:
        raise RuntimeError(f"wrk: {done.stderr.strip() or done.stdout.strip()}")
    figures = _parse_wrk(done.stdout, cpu_ns)
    if load.depth > 1:  # wrk measures from the last answer, not from the request
        del figures["p50_us"], figures["p99_us"]
    return figures


def _parse_wrk(text, cpu_ns):
    requests, elapsed = re.search(r"(\d+) requests in ([\d.]+)s", text).groups()
    requests = int(requests)
    if requests == 0:
        raise RuntimeError("wrk got no answer")
    latency = {percent: _to_us(value) for percent, value in re.findall(r"^\s+(\d+)%\s+(\S+)$", text, re.M)}
    errors = re.search(r"Socket errors: (.*)|Non-2xx or 3xx responses: (\d+)", text)
    return {
        "requests_per_s": requests / float(elapsed),
        "cpu_us": cpu_ns / 1000 / requests,
        "p50_us": latency["50"],
        "p99_us": latency["99"],
        "errors": errors[0] if errors else "",
    }


def _to_us(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 60e6}[unit]


def run_wrk_rounds(directory, load, servers, cpu, rounds, seconds):
    """The servers in turn, as often as `rounds` says; by server, the median and quartiles of each figure."""
    runs = {}
    for _ in range(rounds):
        for server in servers:
            if can_take(server.name, load):
                runs.setdefault(server.name, []).append(run_wrk(directory, load, server, cpu, seconds))
    result = {}
    for name, of_server in runs.items():
        result[name] = {key: spread([run[key] for run in of_server]) for key in of_server[0] if key != "errors"}
        result[name]["errors"] = "; ".join(sorted({run["errors"] for run in of_server} - {""}))
    base = result[servers[0].name]["cpu_us"]["median"]
    for figures in result.values():
        figures["ratio"] = base / figures["cpu_us"]["median"]
    return result


def raise_descriptor_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def run_memory(server, connections):
    """Resident memory, and what each of many idle connections that have had one answer adds to it, in bytes."""
    for _ in range(64):
        _ask_once(server.port).close()
    before = server.memory("Pss")
    result = {"rss": server.memory("Rss"), "pss": before, "connections": connections}
    clients = []
    try:
        for _ in range(connections):
            clients.append(_ask_once(server.port))
        result["per_connection"] = (server.memory("Pss") - before) / connections
    finally:
        for client in clients:
            client.close()
    return result


def _ask_once(port):
    client = socket.create_connection(("127.0.0.1", port), 10)
    client.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
    answer = b""
    while b"Hello, World!" not in answer:
        piece = client.recv(4096)
        if not piece:
            raise RuntimeError(f"no whole answer on port {port}: {answer!r}")
        answer += piece
    return client
