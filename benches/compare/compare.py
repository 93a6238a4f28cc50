"""Our program against hand-written queries: the same numbers, then the time they take.

Usage: compare.py REGULARS FOLDER [RUNS]. FOLDER holds orders.csv and customers.csv of `bench_data`. Run by
`benches/compare/run`, which makes both and installs DuckDB and polars in a virtual environment.

The environment variable WITHOUT leaves tools out whose names begin so, ";" between them: a query of polars needs more
memory than most machines have for a hundred million orders.

Every tool runs as a process of its own, so that its start and its peak memory count. Tools take turns, so that a
machine that grows slow is slow for all.
"""

import csv
import io
import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
COUNTS = ["opening", "new", "reactivated", "lost", "closing", "buyers", "repeat_buyers", "orders", "revenue"]


def run(command):
    """Seconds, peak megabytes and standard output of a command."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out = process.stdout.read()
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{command[:3]}: {errors.decode()}")
    return seconds, usage.ru_maxrss / 1024, out


def ours(text):
    cells = {}
    for row in csv.DictReader(io.StringIO(text.decode())):
        counts = [float(row[name]) for name in COUNTS]
        counts[-1] = round(counts[-1], 2)
        cells[row["period"], row["country"]] = counts
    return cells


def theirs(text):
    cells = {}
    for period, country, *counts in json.loads(text):
        counts[-1] = round(counts[-1], 2)
        cells[period, country] = [float(count) for count in counts]
    return cells


def agree(name, left, right):
    """Exits unless every cell is the same."""
    if left.keys() != right.keys():
        sys.exit(f"{name}: other cells: {sorted(left.keys() ^ right.keys())[:4]}")
    for cell, counts in left.items():
        if any(abs(a - b) > 0.011 for a, b in zip(counts, right[cell])):
            sys.exit(f"{name} differs at {cell}:\n  {counts}\n  {right[cell]}")
    print(f"{name}: {len(left)} cells, all as ours")


def measure(commands, runs, base, width):
    """Runs commands in turn, and prints how long they took, their peak memory, and the ratio to one of them."""
    measured = {name: ([], []) for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            seconds, megabytes, _ = run(command)
            measured[name][0].append(seconds)
            measured[name][1].append(megabytes)
    medians = {name: statistics.median(seconds) for name, (seconds, _) in measured.items()}
    print(f"\n{'':{width}}{'median':>8}{'from':>8}{'to':>8}{'MB':>8}{'ratio':>8}")
    for name, (seconds, megabytes) in measured.items():
        print(
            f"{name:{width}}{medians[name]:8.2f}{min(seconds):8.2f}{max(seconds):8.2f}"
            f"{max(megabytes):8.0f}{medians[name] / medians[base]:8.2f}"
        )


def main():
    regulars, folder = sys.argv[1], sys.argv[2]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    files = [f"{folder}/orders.csv", f"{folder}/customers.csv"]
    queries = os.path.join(HERE, "queries.py")
    report = [regulars, "report", files[0], "--customers", files[1], "--by", "country", "--format", "csv"]
    tools = {
        "regulars": report + ["--include-incomplete", "--quiet"],
        "DuckDB, hand-written": [sys.executable, queries, "duckdb", *files],
        "polars, hand-written": [sys.executable, queries, "polars", *files],
        "polars, scan of four columns": [sys.executable, queries, "polars-scan", *files],
        "DuckDB, scan of four columns": [sys.executable, queries, "duckdb-scan", *files],
    }
    without = [name for name in os.environ.get("WITHOUT", "").split(";") if name]
    tools = {name: tool for name, tool in tools.items() if not any(name.startswith(other) for other in without)}
    outputs = {name: run(command)[2] for name, command in tools.items()}
    cells = ours(outputs["regulars"])
    for name in tools:
        if name.endswith("hand-written"):
            agree(name, cells, theirs(outputs[name]))
    measure(tools, runs, "regulars", 32)
    print("\nratio: how many times as long as regulars")


if __name__ == "__main__":
    main()
