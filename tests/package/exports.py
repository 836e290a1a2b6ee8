#!/usr/bin/env python3
"""Compares what a girin exports with worker/app/exports.map.

usage: exports.py PROGRAM EXPORTS.MAP [LIBRARY.a...]

Each exported symbol must be one of the list, each line of the list must stand for one, and nothing of Boost's or the
standard library's may be among them. What the given static libraries define for others must be in the list, or be
named below as not for applications.
"""

import re
import subprocess
import sys

# Of the loop's own, and what only the program calls.
NOT_FOR_APPLICATIONS = [
    "girin::Place::*", "girin::append_escaped*", "girin::utf8_length*", "girin::to_utf8*", "girin::open_file*",
    "girin::absolute_path*", "girin::LineSink::*", "girin::open_for_sink*", "girin::open_log*",
    "girin::use_log*", "girin::reopen_log*", "girin::log_fd*", "girin::log_lines_dropped*",
    "girin::set_log_level*", "girin::parse_log_level*", "girin::format_log_line*", "girin::make_channel_pair*",
    "girin::clear_close_on_exec*", "girin::TimerHeap::*", "girin::Descriptor::*", "girin::asio_internals::*",
    "girin::capture_output*", "girin::log_uncaught_exceptions*", "girin::describe_current_exception*",
    "girin::exception_text*", "girin::current_exception_text*",
    "girin::detail::forget_running_loop*", "girin::detail::forget_job_observer*", "girin::detail::forget_signal_watches*",
    "girin::(anonymous namespace)::*", "girin::detail::(anonymous namespace)::*",
]
# The linker's own.
ALWAYS_THERE = {"_IO_stdin_used", "__data_start", "data_start", "__bss_start", "_edata", "_end", "_start", "main"}


def symbols(*arguments):
    text = subprocess.run(["nm", "-C", "--defined-only", *arguments], check=True, capture_output=True, text=True).stdout
    found = []
    for line in text.splitlines():
        match = re.match(r"[0-9a-f]+ (\S) (.*)", line)
        if match:
            found.append((match[1], match[2]))
    return found


def patterns_of(path):
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    inside = text[text.index('extern "C++" {') + len('extern "C++" {'):text.index("};")]
    return [line.strip() for line in inside.split(";") if line.strip()]


def compiled(pattern):
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern) + r"\Z", re.S)


def main():
    program, list_path, *libraries = sys.argv[1:]
    patterns = {pattern: compiled(pattern) for pattern in patterns_of(list_path)}
    used, findings = set(), []
    for kind, name in symbols("-D", program):
        # Data of a shared library that the program has a copy of, as every program does. A small letter: only its own.
        if name in ALWAYS_THERE or "@" in name or kind in "bdrt":
            continue
        matches = [pattern for pattern, regex in patterns.items() if regex.match(name)]
        used.update(matches)
        if not matches:
            findings.append(f"exported, and not in the list: {name}")
    findings += [f"in the list, and nothing exported: {pattern}" for pattern in patterns if pattern not in used]
    others = [compiled(pattern) for pattern in NOT_FOR_APPLICATIONS]
    for library in libraries:
        for kind, name in symbols(library):
            if kind != "T" or not name.startswith("girin::"):
                continue
            if not any(regex.match(name) for regex in [*patterns.values(), *others]):
                findings.append(f"defined for whoever includes its header, and neither exported nor known to be ours: {name}")
    for line in sorted(set(findings))[:40]:
        print(line)
    print(f"{len(set(findings))} findings")
    return 1 if findings else 0


sys.exit(main())
