#!/usr/bin/env python3
"""The style that a machine can check (STYLE in one command): each finding is FILE:LINE: rule: what is wrong.

usage: check.py [ROOT]        checks every file that git knows or would add; exit code 1 when something is found
       check.py --self-test   shows that every rule fires on its bad samples and on none of the good ones
Rules are functions over a file, listed in RULES. Not here: formatting (clang-format) and bugs (clang-tidy, compilers).
"""

import sys

sys.dont_write_bytecode = True  # leave nothing in the source tree

import fnmatch
import pathlib
import re
import subprocess

import cpp

MAX_COLUMNS = 132  # where nobody can break a line well; prose and most code stay within 120
MAX_LINES = 1000

# Files that are data for tests: bytes as they must be.
DATA = ["*/corpus/*", "tests/requests/*", "*.http", "*.expect", "*.dict", "*.patch", "tests/tidy/samples.py", "LICENSE"]
# One row after the other, nothing else.
TABLES = ["*_table.cpp", "*_tables.cpp"]

# What master and worker share without a loop, in worker/process/.
PLAIN_DATA = ["crash_handler", "listener_socket", "options", "pool_note", "request_note", "scoreboard"]
# What a room may include, by the room of the including file. The most specific room of a path counts.
ROOMS = {
    "loop/base/": ["loop/base/"],
    "loop/": ["loop/"],
    "worker/http/": ["loop/base/", "worker/http/", "worker/process/options.hpp"],
    "worker/log/": ["loop/base/", "worker/http/", "worker/log/", "worker/process/options.hpp"],
    "worker/app/": ["loop/", "worker/http/", "worker/app/"],
    "worker/serving/": ["loop/", "worker/http/", "worker/log/", "worker/app/", "worker/serving/",
                        *(f"worker/process/{part}.hpp" for part in PLAIN_DATA)],
    "worker/": ["loop/", "worker/"],
    "supervisor/": ["loop/base/", "supervisor/", "worker/process/", "worker/app/"],
    # The monitor is a worker with a built-in application, and so has a loop.
    "supervisor/monitor/": ["loop/", "supervisor/", "worker/app/", "worker/process/"],
}
# Whose include/ has a public header; the first that fits.
PUBLIC = {
    "girin/base/": "loop/base/", "girin/log.hpp": "loop/base/",
    "girin/http/": "worker/http/",
    "girin/app": "worker/app/", "girin/girin.hpp": "worker/app/",
    "girin/run": "supervisor/",
    "girin/": "loop/",
}
# Outside of loop/ and its tests, Asio's headers may stand in these.
ASIO_ALLOWED = ["loop/*", "tests/loop/*", "tests/package/libraries/*"]
# An application that blocks on demand is what these are for.
SLEEP_ALLOWED = ["tests/apps/*"]


class File:
    """A file of the tree: its lines, and for C++ its code without comments and texts."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.is_cpp = path.endswith((".hpp", ".cpp", ".hpp.in"))
        self.is_header = path.endswith(".hpp")
        self.code = cpp.without_comments_and_texts(text) if self.is_cpp else ""

    def matches(self, patterns):
        return any(fnmatch.fnmatch(self.path, pattern) for pattern in patterns)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def find(self, pattern):
        """Lines of the code, comments and texts left out, where a pattern stands."""
        return [self.line_of(found.start()) for found in re.finditer(pattern, self.code)]


def includes(file):
    """(line, header) for each #include, with its quotes or brackets."""
    for number, line in enumerate(file.lines, 1):
        found = re.match(r'\s*#\s*include\s*([<"][^>"]+[>"])', line)
        if found:
            yield number, found[1]


def place_of(header):
    """"girin/log.hpp" → "loop/base/girin/log.hpp"; others are named by their place already."""
    return next((room + header for name, room in PUBLIC.items() if header.startswith(name)), header)


def include_direction(file):
    rooms = [room for room in ROOMS if file.path.startswith(room)]
    if not rooms or not file.is_cpp:
        return
    room = max(rooms, key=len)
    ours = tuple(name for name in ROOMS) + ("tests/",)
    for line, header in includes(file):
        name = place_of(header[1:-1])
        if name.startswith(ours) and not name.startswith(tuple(ROOMS[room])):
            yield line, f"{room.rstrip('/')} may not include {name}"


def public_header(file):
    if "/include/girin/" not in file.path:
        return
    for line, header in includes(file):
        if header[1:-1].startswith(tuple(ROOMS) + ("tests/",)):
            yield line, f"{header} isn't installed, and this header is"


def asio_place(file):
    if not file.is_cpp or file.matches(ASIO_ALLOWED):
        return
    for line, header in includes(file):
        if header.startswith("<boost/asio"):
            yield line, f"{header}: Asio is included under loop/ only"


def detached(file):
    for line in file.find(r"\basio::detached\b"):
        yield line, "every task has an owner"


def shared_from_this(file):
    for line in file.find(r"\benable_shared_from_this\b"):
        yield line, "every object has one owner"


def using_namespace_std(file):
    for line in file.find(r"\busing\s+namespace\s+std\s*;"):
        yield line, "names of std are written out"


def sleeping_test(file):
    if not file.path.startswith("tests/") or file.matches(SLEEP_ALLOWED):
        return
    why = "wait for a condition until a deadline (tests/support/deadline.hpp)"
    if file.is_cpp:
        pattern = r"\bthis_thread\s*::\s*sleep_(for|until)\b|\b(u|nano|clock_nano)sleep\s*\(|(?<![\w>])::sleep\s*\("
        # Where our loop is included, a bare sleep is a coroutine's, which blocks nothing.
        if not any(header.startswith(('"loop/', '"girin/', '<girin/', '"worker/', '"tests/loop/')) for _, header in includes(file)):
            pattern += r"|(?<![\w:.>])sleep(_for|_until)?\s*\("
        for line in file.find(pattern):
            yield line, why
    elif not file.path.endswith((".txt", ".md")):
        for number, line in enumerate(file.lines, 1):
            code = line.split("#")[0]
            if re.search(r"\btime\.sleep\(|(^|[;&|]|\b(do|then|else))\s*sleep\s+[\d.$\"]", code):
                yield number, why


def lambda_beside_co_await(file):
    for offset in cpp.capturing_lambdas_beside_co_await(file.code):
        yield file.line_of(offset), "g++ 12 destroys its captures twice: give it a name before (DESIGN.md, D7)"


def co_await_in_condition(file):
    for offset in cpp.co_awaits_in_conditions(file.code):
        yield file.line_of(offset), "g++ 12 drops the whole body of the coroutine: give the result a name before"


def opening_paragraph(file):
    if not file.is_header:
        return
    rest = [(number, line) for number, line in enumerate(file.lines, 1) if line.strip()]
    if not rest or rest[0][1] != "#pragma once":
        yield 1, "a header begins with #pragma once"
    elif len(rest) < 2 or not rest[1][1].startswith("//"):
        yield rest[0][0], "a header opens with a paragraph: what it is for, what is not here"


def machine_path(file):
    for number, line in enumerate(file.lines, 1):
        found = re.search(r"(?<![\w.})])/(work|root)/|/tmp/(build|briefs)\b", line)
        if found:
            yield number, f"{found[0]} is a path of one machine"


def tab(file):
    for number, line in enumerate(file.lines, 1):
        if "\t" in line:
            yield number, "a tab"


def trailing_space(file):
    for number, line in enumerate(file.lines, 1):
        if line != line.rstrip():
            yield number, "space at the end of the line"
    if file.text and not file.text.endswith("\n"):
        yield len(file.lines), "no newline at the end of the file"
    if file.text.endswith("\n\n"):
        yield len(file.lines) - 1, "an empty line at the end of the file"


def long_line(file):
    if file.path.endswith((".md", ".json", ".1")):  # tables; strings; generated
        return
    for number, line in enumerate(file.lines, 1):
        if len(line) > MAX_COLUMNS:
            yield number, f"{len(line)} columns, at most {MAX_COLUMNS}"


def long_file(file):
    if len(file.lines) - 1 > MAX_LINES and not file.matches(TABLES):
        yield MAX_LINES, f"{len(file.lines) - 1} lines, at most {MAX_LINES} unless it is a table"


RULES = {
    "include-direction": include_direction,
    "public-header": public_header,
    "asio-place": asio_place,
    "detached": detached,
    "shared-from-this": shared_from_this,
    "using-namespace-std": using_namespace_std,
    "sleeping-test": sleeping_test,
    "co-await-lambda": lambda_beside_co_await,
    "co-await-condition": co_await_in_condition,
    "opening-paragraph": opening_paragraph,
    "machine-path": machine_path,
    "tab": tab,
    "trailing-space": trailing_space,
    "long-line": long_line,
    "long-file": long_file,
}


def findings(file):
    """(line, rule, what) for all rules, in order of line."""
    if file.matches(DATA):
        return []
    return sorted((line, rule, what) for rule, check in RULES.items() for line, what in check(file))


def paths_under(root):
    """What git knows or would add; where there is no git, everything outside of build/ and hidden directories."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = set(listed.stdout.split("\0")) - {""}
    else:
        names = {str(path.relative_to(root)) for path in root.rglob("*")}
        names = {name for name in names if not name.startswith(("build/", "."))}
    return sorted(name for name in names if (root / name).is_file() and not (root / name).is_symlink())


def check_tree(root):
    count = 0
    for path in paths_under(root):
        try:
            text = (root / path).read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue  # data
        for line, rule, what in findings(File(path, text)):
            print(f"{path}:{line}: {rule}: {what}")
            count += 1
    print(f"{count} findings" if count else "nothing found")
    return 1 if count else 0


def self_test():
    import samples
    failures = []
    fired = set()
    for path, text, expected in samples.SAMPLES:
        found = [(line, rule) for line, rule, _ in findings(File(path, text))]
        fired |= {rule for _, rule in found}
        if found != expected:
            failures.append(f"{path}: expected {expected}, found {found}:\n{text[:400]}")
    failures += [f"no sample makes {rule} fire" for rule in RULES if rule not in fired]
    print("\n".join(failures) or f"{len(samples.SAMPLES)} samples judged rightly")
    return 1 if failures else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    here = pathlib.Path(__file__).resolve().parent.parent.parent
    return check_tree(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here)


if __name__ == "__main__":
    sys.exit(main())
