"""The house: which rooms there are, who may include whom, and what may lie outside of a room."""

import fnmatch

# What master and worker share without a loop, in worker/process/: what is written there, and the line between them.
PLAIN_DATA = [f"worker/process/{part}.hpp"
              for part in ["crash_handler", "listener_socket", "options", "pool_note", "request_note", "scoreboard"]]
CHANNEL = ["worker/process/channel.hpp", *PLAIN_DATA]
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
    "supervisor/": ["supervisor/", "worker/app/"],  # main, run, and what is public
    "supervisor/cli/": ["supervisor/girin/", "supervisor/control/", "supervisor/health/", "supervisor/monitor/",
                        "supervisor/settings/"],
    "supervisor/control/": ["supervisor/fleet/", "supervisor/health/", "supervisor/monitor/master_board.hpp",
                            "supervisor/process/", "supervisor/settings/", "supervisor/sockets/", "supervisor/turn/",
                            "supervisor/zygote/zygote_view.hpp", *CHANNEL],
    "supervisor/crew/": ["supervisor/fleet/", "supervisor/health/", "supervisor/hooks/hook_process.hpp", "supervisor/process/",
                         "supervisor/settings/", "supervisor/sockets/", "supervisor/turn/", "supervisor/zygote/zygote_set.hpp",
                         *CHANNEL],
    "supervisor/exec/": ["supervisor/process/", "supervisor/settings/", "worker/process/"],
    "supervisor/fleet/": ["supervisor/girin/"],
    "supervisor/health/": ["supervisor/process/", "supervisor/turn/", *CHANNEL],
    "supervisor/hooks/": ["supervisor/girin/", "supervisor/process/", "supervisor/settings/", "supervisor/turn/"],
    # A worker with a built-in application, and so it has a loop.
    "supervisor/monitor/": ["loop/", "supervisor/control/", "supervisor/fleet/", "supervisor/health/", "supervisor/process/",
                            "supervisor/zygote/zygote_view.hpp", "worker/app/", "worker/process/"],
    "supervisor/process/": ["supervisor/settings/", "supervisor/survey/recycle_watch.hpp", *CHANNEL],
    "supervisor/reload/": ["supervisor/process/", "supervisor/settings/", "supervisor/sockets/", "supervisor/survey/",
                           "supervisor/turn/", "worker/app/"],
    "supervisor/settings/": ["supervisor/girin/", "worker/process/options.hpp"],
    "supervisor/sockets/": ["supervisor/crew/worker_set.hpp", "supervisor/process/", "supervisor/settings/", *CHANNEL],
    "supervisor/start/": ["supervisor/", "worker/app/", "worker/process/"],
    "supervisor/survey/": ["supervisor/fleet/", "supervisor/health/", "supervisor/process/", "supervisor/sockets/",
                           "supervisor/turn/"],
    "supervisor/systemd/": ["supervisor/sockets/", "supervisor/turn/"],
    "supervisor/turn/": ["supervisor/", *CHANNEL],
    "supervisor/upgrade/": ["supervisor/control/", "supervisor/crew/fleet_settings.hpp", "supervisor/process/",
                            "supervisor/sockets/", "supervisor/turn/", *CHANNEL],
    "supervisor/zygote/": ["supervisor/girin/", "supervisor/process/", "supervisor/turn/", "worker/app/", *CHANNEL],
}
# All that may lie flat where rooms are; other files than C++ may.
FLAT = {
    "worker/": [],
    "supervisor/": ["main.cpp", "run.cpp"],
}
# Parts of the master know each other by the inbox alone: these headers are included in their own room, and where the parts
# are put together.
PARTS = {
    "supervisor/control/operator_signals.hpp", "supervisor/control/operators.hpp", "supervisor/crew/crew.hpp",
    "supervisor/health/workers_health.hpp", "supervisor/hooks/hooks_part.hpp", "supervisor/reload/reloader.hpp",
    "supervisor/survey/surveyor.hpp", "supervisor/systemd/service_part.hpp", "supervisor/upgrade/succession.hpp",
    "supervisor/upgrade/trial.hpp", "supervisor/upgrade/trial_beside.hpp", "supervisor/upgrade/trial_in_place.hpp",
}
PART_INTERFACE = "supervisor/turn/part.hpp"
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


def parts_apart(file):
    room = room_of(file.path)
    if room is None or not room.startswith("supervisor/"):
        return
    for line, header in file.includes():
        name = header[1:-1]
        if name in PARTS and room_of(name) != room and not file.path.startswith("supervisor/turn/supervisor."):
            yield line, f"{name} is another part: parts know each other by the inbox alone"
        if name == PART_INTERFACE and file.is_header and file.path not in PARTS and room != "supervisor/turn/":
            yield line, "a part has its name in PARTS (tests/tidy/rooms.py)"


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
