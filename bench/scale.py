"""Two reports on ten million order lines beside the teaching company; then all seven.

python bench/scale.py [--data FOLDER]

Without a folder, a teaching company of 540,000 customers is simulated first. The engine's own time is measured apart:
reading, checking and storing the rows, then the questions of the report that takes longest. What is left may be three
times that of the teaching company, and all processes together may hold 4 GiB, with the seven reports too. Exit code 1
when a target is missed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reports import ROOT, Peak

CUSTOMERS, MOST_TIMES, MOST_BYTES = 540_000, 3.0, 4 * 2**30
LONGEST = "selection"


def engine_time(data, folder):
    """Print the order lines used, the seconds to read, check and store them, and the seconds of a report's questions.

    The report runs cell by cell in this process, with one thread as in a kernel; only its questions are timed.
    """
    import nbformat

    from portfoy.source import open as source
    from portfoy.source.tables import KEPT, keep

    start = time.perf_counter()
    tables = source.open(data)
    keep(tables, folder / "kept.duckdb")
    stored = time.perf_counter() - start
    tables.transactions.get_backend().disconnect()
    os.environ |= {KEPT: str(folder / "kept.duckdb"), "PORTFOY_THREADS": "1", "MPLBACKEND": "agg"}
    asked = _timed_questions()
    names = {}
    for cell in nbformat.read(ROOT / "notebooks" / "reports" / f"{LONGEST}.ipynb", as_version=4).cells:
        if cell.cell_type == "code":
            given = f"\ndata = {str(data)!r}" if "parameters" in cell.metadata.get("tags", []) else ""
            exec(cell.source + given, names)
    print(tables.facts.used, stored, sum(asked))


def _timed_questions():
    """From now on, the seconds of each question to the engine."""
    from ibis.backends.duckdb import Backend

    asked, depth = [], []

    def timed(question):
        def ask(*given, **options):
            depth.append(question)
            start = time.perf_counter()
            try:
                return question(*given, **options)
            finally:
                depth.pop()
                if not depth:  # one question may ask another
                    asked.append(time.perf_counter() - start)

        return ask

    for name in ("to_pyarrow", "execute", "create_table"):
        setattr(Backend, name, timed(getattr(Backend, name)))
    return asked


def engine(data, folder):
    """What `engine_time` prints, run in a process of its own."""
    folder.mkdir()
    command = [sys.executable, __file__, "--data", str(data), "--engine", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines, *seconds = done.stdout.splitlines()[-1].split()
    return int(lines), *map(float, seconds)


def report(data, out, *stages):
    """Run the reports of some stages, else all there are; seconds and peak memory in bytes."""
    command = [sys.executable, "-m", "portfoy", "report", *stages, "--data", str(data)]
    start = time.perf_counter()
    with Peak() as peak:
        done = subprocess.run([*command, "--out", str(out)], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"portfoy report: exit code {done.returncode}\n{done.stderr[-3000:]}")
    return time.perf_counter() - start, peak.bytes


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="a folder with ten million order lines")
    parser.add_argument("--engine", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.engine:
        return engine_time(given.data, given.engine)
    with tempfile.TemporaryDirectory() as name:
        folder, large = Path(name), given.data
        if large is None:
            large = folder / "large"
            command = [sys.executable, "-m", "portfoy", "simulate", "--customers", str(CUSTOMERS), "--out", str(large)]
            subprocess.run(command, check=True, capture_output=True)
        both = (ROOT / "data" / "teaching", large)
        own = {data: engine(data, folder / f"engine {data.name}") for data in both}
        took = {data: report(data, folder / f"out {data.name}", "portfolio", LONGEST) for data in both}
        seven, held = report(large, folder / "out seven")
    rest, most = {}, held
    for data, (seconds, peak) in took.items():
        lines, stored, asked = own[data]
        rest[data], most = seconds - stored - asked, max(most, peak)
        print(
            f"{lines:>12,} order lines: {seconds:6.1f} s; engine: to read {stored:.1f} s, to answer {asked:.1f} s; "
            f"{peak / 2**30:.2f} GiB"
        )
    times = rest[large] / took[both[0]][0]
    print(f"all reports there are: {seven:.1f} s; {held / 2**30:.2f} GiB (target: {MOST_BYTES >> 30} at most)")
    print(f"besides the engine {times:.2f} times the teaching company's whole time (target: {MOST_TIMES:g} at most)")
    return times > MOST_TIMES or most > MOST_BYTES


if __name__ == "__main__":
    sys.exit(main())
