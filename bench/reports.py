"""The seven reports: portfoy's command beside papermill's, one after another and in a pool, and beside one process.

python bench/reports.py [--repeats 5] [--quick]

The seven are the report notebooks there are (at several confidences where that are fewer than six), as `portfoy report
--each` makes them. Every way runs on the teaching company, from the start of its first process to the end of its last;
portfoy's time holds reading the data, the pages, the shelf and its index, that of the others only the notebooks. The
one process reads the data once, keeps nothing apart and writes nothing. The ways take turns; the median of the
processor times over all processes counts. Peak memory comes from one more run of each, because looking takes time: the
sum over all processes of a way, shared pages divided among those that share them (Linux only). A page is judged by what
it weighs beside its pictures, and by what a picture weighs. Exit code 1 when the outputs differ, or a target is missed.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAGES = sorted(path.stem for path in (ROOT / "notebooks" / "reports").glob("*.ipynb"))
CONFIDENCES = ("0.8", "0.9", "0.95")[: -(-6 // len(STAGES))]
JOBS = {f"{stage}-confidence-{level}": (stage, level) for stage in STAGES for level in CONFIDENCES}
AS_OF = "2026-06-30"
WAYS = ("portfoy", "papermill one by one", "papermill in a pool", "one process")
LEAST_OVER_COMMAND, LEAST_OVER_POOL, MOST_OVER_ONE = 5.0, 2.0, 1.5
MOST_PAGE_SECONDS, MOST_PAGE_BYTES, MOST_PICTURE_BYTES = 0.2, 100_000, 30_000
PICTURE = r'data:image/png;base64,[^"]*|<svg class="pf-svg".*?</svg>'

POOL = """
import sys
from concurrent.futures import ProcessPoolExecutor
import papermill
def one(job):
    papermill.execute_notebook(*job[:2], parameters=job[2], kernel_name="python3", progress_bar=False)
if __name__ == "__main__":
    with ProcessPoolExecutor({cores}) as pool:
        list(pool.map(one, {jobs!r}))
"""

ONE = """
import os
from pathlib import Path
import nbformat
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from portfoy.source import open as source
from portfoy.source.tables import KEPT, keep
jobs = {jobs!r}
kept = Path({out!r}, "kept.duckdb")
keep(source.open("shop", as_of={as_of!r}), kept)
os.environ[KEPT] = str(kept)
shell = InteractiveShell.instance()
for path, _executed, given in jobs:
    shell.reset()
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            said = cell.source
            if "parameters" in cell.metadata.get("tags", []):
                said += "".join(chr(10) + name + " = " + repr(value) for name, value in given.items())
            with capture_output():
                shell.run_cell(said).raise_error()
"""


def prepare(folder):
    """A project with the report notebooks and the teaching company."""
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "reports").symlink_to(ROOT / "notebooks" / "reports", target_is_directory=True)
    (folder / "shop").symlink_to(ROOT / "data" / "teaching", target_is_directory=True)


def run(way, folder, out):
    """Run one way; the executed notebooks land in `out`. Seconds: processor, wall."""
    out.mkdir()
    given = {"data": "shop", "as_of": AS_OF, "language": "en"}
    jobs = [
        (f"notebooks/reports/{stage}.ipynb", str(out / f"{name}.ipynb"), {**given, "confidence": float(level)})
        for name, (stage, level) in JOBS.items()
    ]
    if way == "portfoy":
        each = f"confidence={','.join(CONFIDENCES)}"
        start = [sys.executable, "-m", "portfoy", "report", "--data", "shop", "--as-of", AS_OF, "--each", each]
        start += ["--cards", "0"]  # those of customers on lists are no notebook's output
        commands = [[*start, "--out", str(out)]]
    elif way == "papermill one by one":
        start = [sys.executable, "-m", "papermill", "--no-progress-bar", "-k", "python3"]
        options = [[text for pair in given.items() for text in ("-p", *map(str, pair))] for *_paths, given in jobs]
        commands = [[*start, *chosen, *paths] for (*paths, _given), chosen in zip(jobs, options, strict=True)]
    else:
        script, code = out / "run.py", ONE if way == "one process" else POOL
        script.write_text(code.format(jobs=jobs, cores=os.cpu_count(), as_of=AS_OF, out=str(out)))
        commands = [[sys.executable, str(script)]]
    start, before = time.perf_counter(), os.times()
    for command in commands:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            sys.exit(f"{way}: exit code {done.returncode}\n{done.stderr[-3000:]}")
    after = os.times()  # the dead and all that they waited for
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used, time.perf_counter() - start


class Peak(threading.Thread):
    """The most memory that all processes below this one held together, looked at twice a second."""

    def __init__(self):
        super().__init__(daemon=True)
        self.bytes, self.over = 0, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_error):
        self.over.set()
        self.join()

    def run(self):
        import psutil

        while not self.over.wait(0.5):
            total = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    smaps = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
                    total += 1024 * int(re.search(r"^Pss: *(\d+)", smaps, re.M)[1])
                except (OSError, TypeError):
                    continue
            self.bytes = max(self.bytes, total)


def outputs(notebook):
    """What an executed notebook shows and records, cell by cell, without counts and times."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    shown = [[output.get("data") or output.get("text") for output in cell.get("outputs", [])] for cell in cells]
    return [cell for cell, source in zip(shown, cells, strict=True) if source["cell_type"] == "code"]


def differences(ours, theirs):
    """Where two executed notebooks show something else."""
    return [
        f"{ours.name}, code cell {number}: {json.dumps(one)[:200]} is not {json.dumps(other)[:200]}"
        for number, (one, other) in enumerate(zip(outputs(ours), outputs(theirs), strict=True), start=1)
        if one != other
    ]


def page(executed):
    """Seconds to make the page of an executed notebook, first and later; its bytes, those of its pictures."""
    import nbformat

    from portfoy.report import page, shelf

    notebook, run = nbformat.read(executed, as_version=4), shelf.find(executed, executed.parent.parent)
    (stage,) = (stage for stage in run["stages"] if stage["name"] == executed.stem)
    seconds = []
    for _repeat in range(6):
        start = time.perf_counter()
        html = page.make_page(run, stage, page.sections(notebook))
        seconds.append(time.perf_counter() - start)
    pictures = [len(found.encode()) for found in re.findall(PICTURE, html, flags=re.S)]
    return seconds[0], statistics.median(seconds[1:]), len(html.encode()) - sum(pictures), pictures


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="once, and without a look at the memory")
    quick, repeats = parser.parse_args().quick, parser.parse_args().repeats
    repeats = 1 if quick else repeats
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        runs = {way: [] for way in WAYS}
        for repeat in range(repeats):
            for way in WAYS if repeat % 2 == 0 else WAYS[::-1]:
                runs[way].append(run(way, folder, folder / f"{way}-{repeat}"))
        peaks = {}
        for way in () if quick else WAYS:
            with Peak() as peak:
                run(way, folder, folder / f"{way}-peak")
            peaks[way] = peak.bytes / 2**20
        (ours,) = (folder / "portfoy-0").glob(f"{AS_OF}/notebooks")
        found = [
            line
            for way in WAYS[1:3]
            for name in JOBS
            for line in differences(ours / f"{name}.ipynb", folder / f"{way}-0" / f"{name}.ipynb")
        ]
        made = {stage: page(ours / f"{stage}-confidence-0.8.ipynb") for stage in STAGES}
    taken = {way: [statistics.median(some) for some in zip(*found, strict=True)] for way, found in runs.items()}
    print(f"\n{len(JOBS)} reports, {os.cpu_count()} cores; median of {repeats}")
    print(f"{'':22}{'cpu s':>9}{'x ours':>9}{'wall s':>9}{'x ours':>9}{'peak MiB':>10}")
    for way, each in taken.items():
        times = "".join(f"{one:>9.1f}{one / ours:>9.2f}" for one, ours in zip(each, taken["portfoy"], strict=True))
        print(f"{way:22}{times}{peaks.get(way, float('nan')):>10.0f}")
    for stage, (first, later, size, pictures) in made.items():
        beside = f"{len(pictures)} pictures of {sum(pictures) / 1000:.0f} kB"
        print(f"page of {stage}: {later:.3f} s (the first {first:.3f} s), {size / 1000:.0f} kB beside {beside}")
    command, pool, alone = (taken[way][0] / taken["portfoy"][0] for way in WAYS[1:])
    targets = {
        "equal outputs": not found,
        f"at least {LEAST_OVER_COMMAND} x faster than papermill's command": command >= LEAST_OVER_COMMAND,
        f"at least {LEAST_OVER_POOL} x faster than a process pool": pool >= LEAST_OVER_POOL,
        f"at most {MOST_OVER_ONE} x one process without isolation": alone >= 1 / MOST_OVER_ONE,
        f"a page in at most {MOST_PAGE_SECONDS} s": all(page[1] <= MOST_PAGE_SECONDS for page in made.values()),
        f"a page of at most {MOST_PAGE_BYTES // 1000} kB beside its pictures": all(
            page[2] <= MOST_PAGE_BYTES for page in made.values()
        ),
        f"a picture of at most {MOST_PICTURE_BYTES // 1000} kB, on average": all(
            sum(page[3]) <= MOST_PICTURE_BYTES * len(page[3]) for page in made.values()
        ),
    }
    print(*found[:10], sep="\n")
    for target, holds in targets.items():
        print(f"{target}: {'holds' if holds else 'MISSED'}")
    sys.exit(0 if all(targets.values()) else 1)


if __name__ == "__main__":
    main()
