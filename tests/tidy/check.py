#!/usr/bin/env python3
"""The style that a machine can check (STYLE in one command): each finding is FILE:LINE: rule: what is wrong.

usage: check.py [ROOT]        checks every file that git knows or would add; exit code 1 when something is found
       check.py --self-test   shows that every rule fires on its bad samples and on none of the good ones
Rules are functions over a file, listed in RULES. Not here: formatting (clang-format) and bugs (clang-tidy, compilers).
"""

import sys

sys.dont_write_bytecode = True  # leave nothing in the source tree

import os
import pathlib
import re
import subprocess

import cpp
import rooms
import sizes
from source import File

MAX_COLUMNS = 132  # where nobody can break a line well; prose and most code stay within 120

# Files that are data for tests: bytes as they must be.
DATA = ["*/corpus/*", "tests/requests/*", "*.http", "*.expect", "*.dict", "*.patch", "tests/tidy/samples.py", "LICENSE"]
# An application that blocks on demand is what these are for.
SLEEP_ALLOWED = ["tests/apps/*"]


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
        ours = ('"loop/', '"girin/', "<girin/", '"worker/', '"tests/loop/')
        if not any(header.startswith(ours) for _, header in file.includes()):
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


# All paths of the tree that is checked; none: names of files are not looked at.
tree = set()


def dead_path(file):
    """Comments and pages name files by their place, public headers as they are included; NAME stands for any."""
    if not tree or file.path.startswith("tests/tidy/") or file.path == "CHANGELOG.md":
        return
    named = r"(?<![\w/.${}*-])((?:loop|worker|supervisor|tests|girin|deploy)/[\w/.-]*\w\.(?:hpp|cpp|md|py))\b"
    for number, line in enumerate(file.lines, 1):
        for path in re.findall(named, line):
            beside = os.path.normpath(os.path.join(os.path.dirname(file.path), path))
            if not {path, beside, rooms.place_of(path).replace("/girin/", "/include/girin/", 1)} & tree and "NAME" not in path:
                yield number, f"there is no {path}"


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


RULES = {
    "include-direction": rooms.include_direction,
    "parts-apart": rooms.parts_apart,
    "public-header": rooms.public_header,
    "asio-place": rooms.asio_place,
    "flat-file": rooms.flat_file,
    "room-without-row": rooms.room_without_row,
    "detached": detached,
    "shared-from-this": shared_from_this,
    "using-namespace-std": using_namespace_std,
    "sleeping-test": sleeping_test,
    "co-await-lambda": lambda_beside_co_await,
    "co-await-condition": co_await_in_condition,
    "opening-paragraph": opening_paragraph,
    "machine-path": machine_path,
    "dead-path": dead_path,
    "tab": tab,
    "trailing-space": trailing_space,
    "long-line": long_line,
    "long-file": sizes.long_file,
    "long-header": sizes.long_header,
    "long-function": sizes.long_function,
    "wide-class": sizes.wide_class,
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
    tree.update(paths_under(root))
    for path in sorted(tree):
        try:
            text = (root / path).read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue  # data
        for line, rule, what in findings(File(path, text)):
            print(f"{path}:{line}: {rule}: {what}")
            count += 1
    for place in sizes.reasons_without_need():
        print(f"tests/tidy/sizes.py:1: reason-without-need: {place} is small again, or gone")
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
    failures += judge_reasons() + judge_paths(fired)
    failures += [f"no sample makes {rule} fire" for rule in RULES if rule not in fired]
    print("\n".join(failures) or f"{len(samples.SAMPLES)} samples judged rightly")
    return 1 if failures else 0


def judge_reasons():
    """What is large with a reason isn't told; a reason without need is."""
    sizes.REASONS = {"loop/large.hpp": "it is", "loop/gone.hpp": "it was"}
    found = findings(File("loop/large.hpp", "#pragma once\n\n// What it is for.\n" + "int x;\n" * 200))
    failures = [f"told in spite of its reason: {found}"] if found else []
    if sizes.reasons_without_need() != ["loop/gone.hpp"]:
        failures.append(f"reasons without need: {sizes.reasons_without_need()}")
    return failures


def judge_paths(fired):
    """Names of files that are there, beside the page or under an include/, and of one that isn't."""
    tree.update({"loop/here.hpp", "loop/include/girin/x.hpp", "worker/tests/a.md"})
    text = "loop/here.hpp, `girin/x.hpp`, [a](tests/a.md), girin/NAME.hpp,\nloop/gone.hpp\n"
    found = [(line, rule) for line, rule, _ in findings(File("worker/page.md", text))]
    tree.clear()
    fired |= {rule for _, rule in found}
    return [] if found == [(2, "dead-path")] else [f"names of files: {found}"]


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    here = pathlib.Path(__file__).resolve().parent.parent.parent
    return check_tree(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here)


if __name__ == "__main__":
    sys.exit(main())
