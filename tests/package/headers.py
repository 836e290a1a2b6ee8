#!/usr/bin/env python3
"""What is installed under include/girin, seen as a user's compiler sees it.

usage: headers.py PREFIX COMPILER [FLAG...]

Each name that users write (girin/NAME.hpp) must be readable by itself. Each header must include nothing of girin's that isn't
installed, and be reached from such a name, else nobody needs it there. girin/app.hpp needs nothing of Boost's.
"""

import concurrent.futures
import pathlib
import re
import subprocess
import sys


def included(path):
    return re.findall(r'^\s*#\s*include\s*["<]([^">]+)[">]', path.read_text(encoding="utf-8"), re.M)


def closure(include, name, seen):
    if name not in seen and (include / name).exists():
        seen.add(name)
        for inner in included(include / name):
            closure(include, inner, seen)
    return seen


def compile_error(compiler, flags, include, name):
    """What the compiler says of a file that includes just this header."""
    done = subprocess.run([*compiler, *flags, "-std=c++20", "-fsyntax-only", f"-I{include}", "-x", "c++", "-"],
                          input=f"#include <{name}>\n", capture_output=True, text=True, check=False)
    return f"{name} can't be read by itself:\n{done.stderr[:1000]}" if done.returncode else ""


def main():
    prefix, compiler, *flags = sys.argv[1:]
    include = pathlib.Path(prefix) / "include"
    installed = sorted(str(path.relative_to(include)) for path in (include / "girin").rglob("*") if path.is_file())
    findings = [f"{name} is no header" for name in installed if not name.endswith(".hpp")]
    reached, names = set(), [name for name in installed if name.count("/") == 1]
    for name in names:
        closure(include, name, reached)
    findings += [f"{name} is installed, and no girin/NAME.hpp leads to it" for name in installed if name not in reached]
    rooms = ("girin/", "loop/", "worker/", "supervisor/", "tests/")
    for name in installed:
        findings += [f"{name} includes {inner}, which isn't installed" for inner in included(include / name)
                     if inner.startswith(rooms) and inner not in installed]
    findings += [f"girin/app.hpp leads to {name}, which includes {inner}" for name in closure(include, "girin/app.hpp", set())
                 for inner in included(include / name) if inner.startswith("boost/")]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        findings += filter(None, pool.map(lambda name: compile_error([compiler], flags, include, name), names))
    print("\n".join(findings) or f"{len(installed)} headers, each whole")
    return 1 if findings or not installed else 0


sys.exit(main())
