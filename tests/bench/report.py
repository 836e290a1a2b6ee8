"""Tables of what measure.py found: aligned for a terminal, or in Markdown for a README."""


class Tables:
    def __init__(self, markdown):
        self.markdown = markdown
        self.lines = []

    def text(self):
        return "\n".join(self.lines) + "\n"

    def paragraph(self, text):
        self.lines += [text, ""]

    def table(self, title, header, rows):
        """The first column is left-aligned, the others are figures."""
        rows = [[str(cell) for cell in row] for row in rows]
        widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

        def line(cells):
            padded = [cells[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]
            return "| " + " | ".join(padded) + " |" if self.markdown else "  ".join(padded).rstrip()

        rule = [("-" if i == 0 else "-" * (width - 1) + ":").ljust(width, "-") for i, width in enumerate(widths)]
        if not self.markdown:
            rule = ["-" * width for width in widths]
        self.paragraph(f"**{title}**" if self.markdown else title)
        self.lines += [line(header), line(rule), *map(line, rows), ""]


def with_quartiles(figures, digits=2):
    return f"{figures['median']:.{digits}f} ({figures['low']:.{digits}f}–{figures['high']:.{digits}f})"


def make(result, markdown):
    tables = Tables(markdown)
    machine = result["machine"]
    tables.paragraph(f"{result['date']}; {machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}. "
                     "floor: a bare epoll server that parses nothing. (Quartiles in parentheses.)")
    if result["turns"]:
        _add_turns(tables, result["turns"])
    if result["wrk"]:
        _add_wrk(tables, result["wrk"])
    if result["memory"]:
        _add_memory(tables, result["memory"])
    for name, reason in result["left_out"].items():
        tables.paragraph(f"Left out: {name}: {reason}")
    return tables.text()


def _names(by_load):
    names = []
    for servers in by_load.values():
        names += [name for name in servers if name not in names]
    return ["floor"] + [name for name in names if name != "floor"]


def _by_load(tables, title, by_load, cell):
    rows = []
    for name in _names(by_load):
        rows.append([name] + [cell(servers[name]) if name in servers else "–" for servers in by_load.values()])
    tables.table(title, ["server", *by_load], rows)


def _add_turns(tables, turns):
    _by_load(tables, "floor ÷ CPU time per request, one CPU shared in turns (1.00: as cheap as the floor)", turns,
             lambda figures: with_quartiles(figures["ratio"]))
    _by_load(tables, "CPU µs per request, the same runs", turns, lambda figures: f"{figures['cpu_us']['median']:.2f}")


def _median(figures, key):
    return f"{figures[key]['median']:,.0f}" if key in figures else "–"


def _add_wrk(tables, by_load):
    for load, servers in by_load.items():
        rows = [[name, f"{figures['ratio']:.2f}", with_quartiles(figures["cpu_us"]),
                 _median(figures, "requests_per_s"), _median(figures, "p50_us"), _median(figures, "p99_us"),
                 figures["errors"] or "none"]
                for name, figures in servers.items()]
        header = ["server", "floor ÷ CPU", "CPU µs/request", "requests/s", "p50 µs", "p99 µs", "errors"]
        tables.table(f"wrk on a CPU of its own: {load}", header, rows)


def _add_memory(tables, memory):
    rows = []
    for name, figures in memory.items():
        each = figures.get("per_connection")
        rows.append([name, f"{figures['rss'] / 1e6:.1f}", f"{figures['pss'] / 1e6:.1f}",
                     "–" if each is None else f"{each:,.0f}"])
    count = max(figures["connections"] for figures in memory.values())
    tables.table(f"Memory, all processes; idle: {count:,} connections that have had one answer",
                 ["server", "RSS MB", "PSS MB", "bytes per idle connection"], rows)
