"""What gunicorn (wsgi) and uvicorn (asgi) serve in place of tests/apps/misbehaving: /, /who, /sleep/MS, /stream, and a
start-up that behaves as $GIRIN_TEST_STARTUP_FILE says."""

import asyncio
import itertools
import os
import threading
import time

NUMBERS = itertools.count(1)


def _start_up():
    with open(os.environ["GIRIN_TEST_STARTUP_FILE"], encoding="utf-8") as file:
        word = file.read().strip()
    if word == "throw":
        raise RuntimeError("the stock file is missing")
    if word == "abort":
        os.abort()
    if word == "exit":
        os._exit(3)
    if word in ("hang", "block"):
        threading.Event().wait()
    if word == "slow":
        threading.Event().wait(0.3)
    if word == "die-later":
        threading.Timer(0.05, os._exit, [9]).start()


def _answer(path):
    """The body, and the seconds to wait before it."""
    if path == "/who":
        return f"{os.getpid()} 0 {next(NUMBERS)}".encode(), 0
    if path.startswith("/sleep/"):
        return b"slept", int(path.rpartition("/")[2]) / 1000
    return b"ok", 0


def wsgi(environ, start_response):
    body, seconds = _answer(environ["PATH_INFO"])
    if environ["PATH_INFO"] == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (time.monotonic() and b"piece\n" for _ in iter(lambda: threading.Event().wait(0.05), True))
    if seconds:
        threading.Event().wait(seconds)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope, _, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    body, seconds = _answer(scope["path"])
    headers = [(b"content-type", b"text/plain")]
    if scope["path"] == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while True:
            await send({"type": "http.response.body", "body": b"piece\n", "more_body": True})
            await asyncio.sleep(0.05)
    if seconds:
        await asyncio.sleep(seconds)
    await send({"type": "http.response.start", "status": 200,
                "headers": [*headers, (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


_start_up()
