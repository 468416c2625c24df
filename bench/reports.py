"""Six report notebooks: portfoy's command beside papermill's, one after another and in a process pool.

python bench/reports.py [--repeats 3] [--quick]

Every way runs on the teaching company, from the start of its first process to the end of its last; portfoy's time holds
reading the data, the pages, the shelf and its index, papermill's only the executed notebooks. Report notebooks that are
not there yet are stood in for by a copy of the selection report. The ways take turns, the fastest repeat counts. Peak
memory comes from one more run of each, because looking takes time: the sum over all processes of a way, shared pages
divided among those that share them (Linux only). Exit code 1 when the outputs differ, or a target is missed.
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
STAGES = ("portfolio", "selection", "acquisition", "retention", "deepening", "monitoring")
AS_OF = "2026-06-30"
WAYS = ("portfoy", "papermill six times", "papermill in a pool")
LEAST_OVER_COMMAND, LEAST_OVER_POOL = 4.0, 1.8
MOST_PAGE_SECONDS, MOST_PAGE_BYTES = 0.2, 150_000

POOL = """
import sys
from concurrent.futures import ProcessPoolExecutor
import papermill
def one(pair):
    papermill.execute_notebook(*pair, parameters={parameters!r}, kernel_name="python3", progress_bar=False)
if __name__ == "__main__":
    with ProcessPoolExecutor({cores}) as pool:
        list(pool.map(one, {pairs!r}))
"""


def prepare(folder):
    """A project with six report notebooks and the teaching company; the notebooks by stage."""
    reports = folder / "notebooks" / "reports"
    reports.mkdir(parents=True)
    for stage in STAGES:
        found = ROOT / "notebooks" / "reports" / f"{stage}.ipynb"
        found = found if found.exists() else found.with_name("selection.ipynb")
        (reports / f"{stage}.ipynb").write_text(found.read_text("utf-8"), "utf-8")
    (folder / "shop").symlink_to(ROOT / "data" / "teaching", target_is_directory=True)
    return {stage: reports / f"{stage}.ipynb" for stage in STAGES}


def run(way, folder, notebooks, out):
    """Run one way; the executed notebooks land in `out`. Seconds."""
    out.mkdir()
    parameters = {"data": "shop", "as_of": AS_OF, "language": "en"}
    given = [text for name, value in parameters.items() for text in ("-p", name, value)]
    if way == "portfoy":
        commands = [[sys.executable, "-m", "portfoy", "report", "--data", "shop", "--as-of", AS_OF, "--out", str(out)]]
    elif way == "papermill six times":
        start = [sys.executable, "-m", "papermill", "--no-progress-bar", "-k", "python3", *given]
        commands = [[*start, str(path), str(out / path.name)] for path in notebooks.values()]
    else:
        pairs = [(str(path), str(out / path.name)) for path in notebooks.values()]
        script = out / "pool.py"
        script.write_text(POOL.format(parameters=parameters, pairs=pairs, cores=os.cpu_count()))
        commands = [[sys.executable, str(script)]]
    start = time.perf_counter()
    for command in commands:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            sys.exit(f"{way}: exit code {done.returncode}\n{done.stderr[-3000:]}")
    return time.perf_counter() - start


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
    """Median seconds to make the page of an executed notebook, and its bytes beside the pictures."""
    import nbformat

    from portfoy.report import page, record, run

    notebook = nbformat.read(executed, as_version=4)
    figures = [
        output.data[record.FIGURE]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if record.FIGURE in output.get("data", {})
    ]
    result = run.Result("selection", "ok", notebook, 1.0, figures=figures)
    about = {
        "title": "T",
        "as_of": AS_OF,
        "source": "S",
        "currency": "TRY",
        "provenance": [],
        "run": {},
    }
    seconds = []
    for _repeat in range(6):
        start = time.perf_counter()
        html = page.make_page(result, **about)
        seconds.append(time.perf_counter() - start)
    text = re.sub(r"data:image/png;base64,[^\"]*", "", html)
    return {"first": seconds[0], "seconds": statistics.median(seconds[1:]), "bytes": len(text.encode())}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="once")
    repeats = 1 if parser.parse_args().quick else parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        notebooks = prepare(folder)
        runs = {way: [] for way in WAYS}
        for repeat in range(repeats):
            for way in WAYS if repeat % 2 == 0 else WAYS[::-1]:
                runs[way].append(run(way, folder, notebooks, folder / f"{way}-{repeat}"))
        peaks = {}
        for way in WAYS:
            with Peak() as peak:
                run(way, folder, notebooks, folder / f"{way}-peak")
            peaks[way] = peak.bytes / 2**20
        (ours,) = (folder / "portfoy-0").glob(f"{AS_OF}/notebooks")
        found = [
            line
            for way in WAYS[1:]
            for stage in STAGES
            for line in differences(ours / f"{stage}.ipynb", folder / f"{way}-0" / f"{stage}.ipynb")
        ]
        made = page(ours / "selection.ipynb")
    if found:
        sys.exit("outputs differ:\n" + "\n".join(found[:10]))
    best = {way: min(found) for way, found in runs.items()}
    print(f"\nsix reports on the teaching company, {os.cpu_count()} cores; fastest of {repeats}; all outputs are equal")
    print(f"{'':22}{'seconds':>9}{'x ours':>9}{'peak MiB':>10}")
    for way, seconds in best.items():
        print(f"{way:22}{seconds:>9.1f}{seconds / best['portfoy']:>9.2f}{peaks[way]:>10.0f}")
    print(
        f"a page: {made['seconds']:.3f} s (the first {made['first']:.3f} s), {made['bytes'] / 1000:.0f} kB and pictures"
    )
    over = {way: best[way] / best["portfoy"] for way in WAYS[1:]}
    targets = {
        f"at least {LEAST_OVER_COMMAND} x faster than papermill's command": over[WAYS[1]] >= LEAST_OVER_COMMAND,
        f"at least {LEAST_OVER_POOL} x faster than a process pool": over[WAYS[2]] >= LEAST_OVER_POOL,
        f"a page in at most {MOST_PAGE_SECONDS} s": made["seconds"] <= MOST_PAGE_SECONDS,
        f"a page of at most {MOST_PAGE_BYTES // 1000} kB": made["bytes"] <= MOST_PAGE_BYTES,
    }
    for target, holds in targets.items():
        print(f"{target}: {'holds' if holds else 'MISSED'}")
    sys.exit(0 if all(targets.values()) else 1)


if __name__ == "__main__":
    main()
