"""A small HTTP server on an inherited socket, for tests of --exec: says READY=1, finishes what it has on TERM.

Arguments: "stubborn" ignores TERM and leaves a child that does too; "mute" never says READY=1; "broken" ends at once;
"silent" sends one WATCHDOG=1 and no more. Not here: what a real server has to do about bad requests.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading


def tell(text):
    address = os.environ["NOTIFY_SOCKET"]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(text.encode(), "\0" + address[1:] if address[0] == "@" else address)


def answer(path):
    if path == "/environment":
        names = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "GIRIN_SLOT", "GIRIN_GENERATION")
        return " ".join(f"{name}={os.environ.get(name)}" for name in names)
    if path == "/arguments":
        return " ".join(sys.argv[1:])
    if path == "/descriptors":
        return " ".join(sorted(name for name in os.listdir("/proc/self/fd") if is_socket(name)))
    if path.startswith("/stall/"):  # all others have to wait
        threading.Event().wait(int(path[7:]) / 1000)
    if path == "/crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    return f"pid={os.getpid()}"


def is_socket(name):
    try:
        return os.readlink("/proc/self/fd/" + name).startswith("socket:") and int(name) < 3 + 2
    except OSError:
        return False


async def serve_one(reader, writer):
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        if path == "/slow":
            await asyncio.sleep(0.5)
        body = answer(path).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    busy = set()

    async def serve(reader, writer):
        task = asyncio.current_task()
        busy.add(task)
        await serve_one(reader, writer)
        busy.discard(task)

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if "stubborn" in sys.argv:
        child = subprocess.Popen(["sh", "-c", "trap '' TERM; while :; do sleep 60; done"])
        print(f"stubborn child {child.pid}", file=sys.stderr, flush=True)
        loop.add_signal_handler(signal.SIGTERM, lambda: None)
    else:
        loop.add_signal_handler(signal.SIGTERM, stop.set)
    server = await asyncio.start_server(serve, sock=socket.socket(fileno=int(os.environ.get("FD", "3"))))
    if "mute" not in sys.argv:
        tell("READY=1\nSTATUS=serves")
    if "silent" in sys.argv:
        tell("WATCHDOG=1")
    await stop.wait()
    loop.remove_reader(server.sockets[0].fileno())  # a closed server resets what it accepted in the same turn
    for _ in range(20):  # which becomes a task within a few turns
        await asyncio.sleep(0)
    server.close()
    while busy:
        await asyncio.wait(busy)


if "broken" in sys.argv:
    sys.exit("served.py: broken, as it was told to be")
asyncio.run(main())
