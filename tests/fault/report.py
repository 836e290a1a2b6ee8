"""Results as tables: one server for the end of a test run, several side by side for the README."""

import textwrap

WIDTH = 120


def order(result):
    return result["id"][0] != "T", int(result["id"][1:]), result["server"]


def line(result):
    """'T6 pass  0 failures  4.1 s  girin: HUP with good code under load'"""
    text = (f"{result['id']:4}{result['outcome']:5} {result['failures']:5} failures {result['seconds']:6.1f} s  "
            f"{result['server']}: {result['what']}")
    return text + (f"\n     {result['detail']}" if result["detail"] else "")


def table(results):
    """id, what, failures, pass; below each row what came of it."""
    lines = ["", "Faults (tests/fault): what was done, how many failures, and whether it passed", "",
             f"{'id':4} {'server':9}{'result':7}{'failures':>8}  what; must"]
    for result in sorted(results, key=order):
        head = f"{result['id']:4} {result['server']:9}{result['outcome']:7}{result['failures']:>8}  "
        text = f"{result['what']}: {result['passes']}"
        if result["detail"]:
            text += f" [{result['detail']}]"
        lines += textwrap.wrap(text, WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
    counts = {outcome: sum(result["outcome"] == outcome for result in results) for outcome in ("pass", "FAIL", "skip")}
    lines.append(f"{counts['pass']} passed, {counts['FAIL']} failed, {counts['skip']} skipped")
    return "\n".join([*lines, ""])


def markdown(results):
    """One row a fault, one column a server: the number of failures, or why there is none."""
    servers = sorted({result["server"] for result in results}, key=lambda name: (name != "girin", name))
    by_id = {}
    for result in sorted(results, key=order):
        by_id.setdefault(result["id"], {})[result["server"]] = result
    lines = ["| | fault | " + " | ".join(servers) + " |", "|---|---|" + "---|" * len(servers)]
    for id, of_servers in by_id.items():
        cells = [_cell(of_servers.get(server)) for server in servers]
        lines.append(f"| {id} | {next(iter(of_servers.values()))['what']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(result):
    if result is None or result["outcome"] == "skip":
        return "–" if result and result["detail"].startswith("not offered") else "○"
    return "✔" if result["outcome"] == "pass" else f"✖ {result['failures']}"
