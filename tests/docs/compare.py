"""Whether what was printed is what the page prints, with all made equal that differs each time: times, pids, versions of dates.

"…" in a line stands for anything; a line that begins with it stands for any lines. Lines of the log may come in another order
where several processes write it, everything else may not.
"""

import re

DATES = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+\d{4}"
EQUAL = [
    (re.compile(rf"\[{DATES}\] \[\d+\] "), ""),           # of a log line
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "DATE"),
    (re.compile(r"\b(pid|PID|thread)([ =]|\":)\d+"), r"\1\2N"),
    (re.compile(r"\bWorker \d+ \("), "Worker N ("),  # slots that are free again are taken first
    (re.compile(r"\"slot\":\d+"), '"slot":N'),  # whichever took the connection
    (re.compile(r"(http://\S+) \(\d+\)"), r"\1 (N)"),
    (re.compile(r"unix:\S+/\d+\.sock"), "unix:CONTROL"),
    (re.compile(r"\b\d+(\.\d+)? (us|ms|s|min)\b"), "TIME"),
    (re.compile(r"127\.0\.0\.1:(?:3|4|5|6)\d{4}\b"), "127.0.0.1:CLIENT"),
]
HERE_ONLY = "[INFO] Limits: "  # of this machine; a page that prints them would be wrong on the next
NUMBERS = [(re.compile(r"\d+(\.\d+)?[kMG]?%?"), "0"), (re.compile(r" +"), " ")]


def is_log(line):
    return re.match(r"\[(DEBUG|INFO|WARNING|ERROR|CRITICAL)\] ", line) is not None


def normal(lines, numbers=False):
    """Lines made equal; continued ones, which begin with two spaces, in one with the line that they continue."""
    joined = []
    for line in lines:
        for pattern, text in EQUAL:
            line = pattern.sub(text, line)
        if joined and line.startswith("  ") and is_log(joined[-1]) and not line.lstrip().startswith("…"):
            joined[-1] += " " + line.strip()
        else:
            joined.append(line.rstrip())
    if numbers:
        for pattern, text in NUMBERS:
            joined = [pattern.sub(text, line).strip() for line in joined]
    return [line for line in joined if line and not line.startswith(HERE_ONLY)]


def fits(expected, line):
    if "…" not in expected:
        return expected == line
    return re.fullmatch(".*".join(re.escape(part.strip()) + r"\s*" for part in expected.split("…")), line) is not None


def missing(expected, actual, numbers=False):
    """Expected lines that were not printed, then "+ …" for those printed that the page doesn't have."""
    wanted, left = normal(expected, numbers), normal(actual, numbers)
    open_ended = any(line.lstrip().startswith("…") for line in wanted)
    absent = []
    for line in wanted:
        if line.lstrip().startswith("…"):
            continue
        found = next((printed for printed in left if fits(line, printed)), None)
        if found is None:
            absent.append(line)
        else:
            left.remove(found)
    return absent + ([] if open_ended else [f"+ {line}" for line in left])
