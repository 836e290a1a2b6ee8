"""The house: which rooms there are, who may include whom, and what may lie outside of a room."""

import fnmatch

# What master and worker share without a loop, in worker/process/.
PLAIN_DATA = [f"worker/process/{part}.hpp"
              for part in ["crash_handler", "listener_socket", "options", "pool_note", "request_note", "scoreboard"]]
# The master's rooms that are still one shell.
SHELL = ["supervisor/", "worker/process/", "worker/app/"]
# What a room may include beside itself and loop/base/: rooms, or single headers of theirs. The most specific row counts.
ROOMS = {
    "loop/base/": [],
    "loop/": [],
    "worker/http/": ["worker/process/options.hpp"],
    "worker/log/": ["worker/http/", "worker/process/options.hpp"],
    "worker/app/": ["loop/", "worker/http/"],
    "worker/serving/": ["loop/", "worker/http/", "worker/log/", "worker/app/", *PLAIN_DATA],
    "worker/testing/": ["loop/", "worker/http/", "worker/app/", "worker/process/options.hpp"],
    "worker/process/": ["loop/", "worker/"],
    "supervisor/": ["supervisor/", "worker/process/", "worker/app/"],  # main and run
    "supervisor/cli/": ["supervisor/girin/", "supervisor/control/", "supervisor/health/", "supervisor/monitor/",
                        "supervisor/settings/"],
    "supervisor/control/": SHELL,
    "supervisor/crew/": SHELL,
    "supervisor/exec/": ["supervisor/process/", "supervisor/settings/", "worker/process/"],
    "supervisor/fleet/": ["supervisor/girin/"],
    "supervisor/health/": SHELL,
    "supervisor/hooks/": SHELL,
    # A worker with a built-in application, and so it has a loop.
    "supervisor/monitor/": ["loop/", "supervisor/control/", "supervisor/fleet/", "supervisor/health/", "supervisor/process/",
                            "worker/app/", "worker/process/"],
    "supervisor/process/": SHELL,
    "supervisor/reload/": SHELL,
    "supervisor/settings/": ["supervisor/girin/", "worker/process/options.hpp"],
    "supervisor/sockets/": SHELL,
    "supervisor/start/": SHELL,
    "supervisor/survey/": SHELL,
    "supervisor/systemd/": SHELL,
    "supervisor/turn/": SHELL,
    "supervisor/upgrade/": SHELL,
}
# All that may lie flat where rooms are; other files than C++ may.
FLAT = {
    "worker/": [],
    "supervisor/": ["main.cpp", "run.cpp"],
}
# Whose include/ has a public header; the first that fits.
PUBLIC = {
    "girin/base/": "loop/base/", "girin/log.hpp": "loop/base/",
    "girin/http/": "worker/http/",
    "girin/app": "worker/app/", "girin/girin.hpp": "worker/app/",
    "girin/testing.hpp": "worker/testing/",
    "girin/run": "supervisor/",
    "girin/": "loop/",
}
# Outside of loop/ and its tests, Asio's headers may stand in these.
ASIO_ALLOWED = ["loop/*", "tests/loop/*", "tests/package/libraries/*"]

OURS = ("loop/", "worker/", "supervisor/", "tests/")


def place_of(header):
    """"girin/log.hpp" → "loop/base/girin/log.hpp"; others are named by their place already."""
    return next((room + header for name, room in PUBLIC.items() if header.startswith(name)), header)


def room_of(path):
    """The most specific row of the table that a file or a header belongs to; none: not the product's."""
    return max((room for room in ROOMS if path.startswith(room)), key=len, default=None)


def include_direction(file):
    room = room_of(file.path)
    if room is None or not file.is_cpp:
        return
    for line, header in file.includes():
        name = place_of(header[1:-1])
        if not name.startswith(OURS) or room_of(name) in (room, "loop/base/"):
            continue
        if not name.startswith(tuple(ROOMS[room])):
            yield line, f"{room} may not include {header} (tests/tidy/rooms.py)"


def public_header(file):
    if "/include/girin/" not in file.path:
        return
    for line, header in file.includes():
        if header[1:-1].startswith(OURS):
            yield line, f"{header} isn't installed, and this header is"


def asio_place(file):
    if not file.is_cpp or file.matches(ASIO_ALLOWED):
        return
    for line, header in file.includes():
        if header.startswith("<boost/asio"):
            yield line, f"{header}: Asio is included under loop/ only"


def flat_file(file):
    """One that lies where rooms are, and in none of them."""
    folder, _, name = file.path.rpartition("/")
    allowed = FLAT.get(folder + "/", ["*"])
    if file.is_cpp and not any(fnmatch.fnmatch(name, pattern) for pattern in allowed):
        yield 1, f"{folder}/ has rooms, and this file is in none of them"


def room_without_row(file):
    """A room is in the table from its first file on."""
    inside = next((outer for outer in FLAT if file.path.startswith(outer)), None)
    if inside is None or not file.is_cpp or "/include/girin/" in file.path or file.path.count("/") == 1:
        return
    if not room_of(file.path) or room_of(file.path) == inside:
        yield 1, f"{file.path.rpartition('/')[0]}/ has no row in tests/tidy/rooms.py"
