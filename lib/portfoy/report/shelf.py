"""Where reports stand: one folder a run, published by one rename, and an index of all of them.

reports/<as_of>/            one run: index.html, a page and the executed notebook a stage, run.json,
                            actions/ and files/ with lists and tables as CSV, portfoy.xlsx with all of them
reports/<as_of>.2/          a second run of the same date; nothing is ever overwritten
reports/index.html          all runs, newest first
reports/latest.html         leads to the newest run in which every stage is ok

What changes the shelf does so under a lock that its process loses when it ends, however it ends.
"""

import csv
import html
import json
import os
import re
import shutil
import uuid
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from portfoy.inert import for_sheets
from portfoy.locale import _
from portfoy.report import changes, overview
from portfoy.source.address import hidden, masked
from portfoy.source.pseudonyms import leads_back

BUILDING, REMOVING, LOCK = ".building-", ".removing-", ".lock"


class ShelfError(ValueError):
    """What is asked of the shelf is not there."""


class Building:
    """A folder beside the runs, to build one in; it is locked as long as its process is at work.

    ``cleared``: how many remains of interrupted runs were found and removed.
    """

    def __init__(self, root):
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        with locked(root):
            self.cleared = _clear(root)
            self.folder = root / f"{BUILDING}{uuid.uuid4().hex[:12]}"
            (self.folder / "notebooks").mkdir(parents=True)
            (self.folder / "work").mkdir()
            self.mine = FileLock(self.folder / LOCK)
            self.mine.acquire(timeout=0)

    def publish(self, record):
        """Give the finished run its place, by one rename, and list it; the folder's new path.

        The index is written aside before and put in place after the rename, so that a full disk stops both.
        """
        shutil.rmtree(self.folder / "work")
        (self.folder / "run.json").write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
        for path in self.folder.rglob("*"):
            if path.is_file():
                _settle(path)
        with locked(self.root):
            target = self._free(record["as_of"])
            pages = _pages(self.root, [*runs(self.root), {**record, "folder": target.name}])
            self.mine.release()
            (self.folder / LOCK).unlink(missing_ok=True)  # Windows renames no folder with an open file in it
            self.folder.rename(target)
            _put(pages)
        return target

    def drop(self):
        """Leave nothing of a run that did not come to its end."""
        with locked(self.root):
            self.mine.release()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _free(self, as_of):
        names = [as_of, *(f"{as_of}.{number}" for number in range(2, 10_000))]
        return next(self.root / name for name in names if not (self.root / name).exists())


@contextmanager
def locked(root):
    """The shelf for oneself; a second command waits."""
    with FileLock(root / LOCK):
        yield


def _clear(root):
    """Remove what interrupted commands have left; how many runs that were."""
    cleared = 0
    for remains in [*root.glob(f"{BUILDING}*"), *root.glob(f"{REMOVING}*")]:
        lock = FileLock(remains / LOCK)
        try:
            lock.acquire(timeout=0)
        except (Timeout, OSError):
            continue  # its process is at work
        lock.release()
        shutil.rmtree(remains, ignore_errors=True)
        cleared += remains.name.startswith(BUILDING)
    for aside in root.glob(".*.html-*"):
        aside.unlink(missing_ok=True)
    return cleared


# --- the runs ------------------------------------------------------------------------------------------------------


def runs(root):
    """The run.json of every published run, newest first, each with its ``folder``."""
    found = []
    for path in root.glob("*/run.json"):
        if not path.parent.name.startswith("."):
            with suppress(
                OSError, ValueError, KeyError, TypeError, AttributeError
            ):  # a folder that somebody broke is none of ours
                found.append(_read(path))
    return newest_first(found)


def _read(path):
    return _completed(json.loads(path.read_text(encoding="utf-8")), path.resolve().parent.name)


def _completed(record, folder):
    """The record of a run with its folder; one of version 0.1.0 lacks what came later, and may hold a password."""
    later = {"each": {}, "actions": [], "files": [], "kept": {}, "derived": {}, "pdf": "", "changes": None}
    stages = [{"name": stage["stage"], **later, **stage} for stage in record["stages"]]
    for stage in stages:
        stage["parameters"] = {
            name: masked(value) if isinstance(value, str) else value for name, value in stage["parameters"].items()
        }
    data = {"settings_sha256": None, **record["data"], "where": hidden(record["data"]["where"])}
    return {"rules": {}, **record, "data": data, "stages": stages, "folder": folder}


def newest_first(found):
    return sorted(found, key=lambda run: (run["as_of"], run["made_at"], run["folder"]), reverse=True)


def find(root, name):
    """The record of a run: by its folder's name on the shelf, or by the path of a folder, a run.json or a page.

    Raises
    ------
    ShelfError : there is no such run.
    """
    for path in (Path(name), root / name):
        if path.suffix == ".html" and path.is_file():
            said = re.search(r'<script type="application/json" id="run">(.*?)</script>', path.read_text("utf-8"), re.S)
            if said:
                return _completed(json.loads(said[1]), path.name)
        for file in (path, path / "run.json"):
            if file.name == "run.json" and file.is_file():
                return _read(file)
    listed = ", ".join(run["folder"] for run in runs(root)[:12]) or _("none")
    raise ShelfError(
        _("{name}: there is no such run. Give a run's folder, run.json or page; {root} has: {listed}.").format(
            name=name, root=root, listed=listed
        )
    )


def prune(root, *, keep=None, older_than=None, of=(), dry_run=False, now=None):
    """Remove old runs, or with `dry_run` only tell which; the list of their folders.

    The newest good run of each source always stays, and so do the newest `keep` of each source whatever their age, and
    those that were made less than `older_than` days ago. With `of`, forms of one id, only the runs that name it go, and
    all of them.
    """
    from datetime import datetime, timedelta

    now = now or datetime.now().astimezone()
    with locked(root):
        doomed, seen, good = [], {}, set()
        for run in runs(root):
            source = run["source"]
            seen[source] = seen.get(source, 0) + 1
            newest_good = changes.is_good(run) and source not in good
            good |= {source} if newest_good else set()
            age = now - datetime.fromisoformat(run["made_at"])
            young = older_than is not None and age < timedelta(days=older_than)
            old = not newest_good and seen[source] > (keep or 0) and not young
            if _names(root / run["folder"], of) if of else old:
                doomed.append(run["folder"])
        if doomed and not dry_run:
            for name in doomed:
                (root / name).rename(root / f"{REMOVING}{name}")
            _put(_pages(root, runs(root)))
            _clear(root)
    return doomed


def _names(folder, forms):
    """Whether a list, a table, a page or a notebook of a run has one of these ids, as a word."""
    said = "|".join(re.escape(text) for form in forms for text in {form, html.escape(form)})
    word = re.compile(rf"(?<![\w-])(?:{said})(?![\w-])".encode())
    files = (path for path in folder.rglob("*") if path.suffix in (".csv", ".html", ".ipynb", ".json"))
    return any(word.search(path.read_bytes()) for path in files)


# --- pages of the shelf ----------------------------------------------------------------------------------------------


def _pages(root, found):
    """The shelf's pages, written aside: list of (path written, path meant)."""
    listed = newest_first(found)
    texts = {"index.html": overview.shelf_page(listed)}
    good = [run for run in listed if changes.is_good(run)]  # the page of one customer alone is not what is looked for
    if good := next((run for run in good if {stage["stage"] for stage in run["stages"]} != {"customer"}), None):
        texts["latest.html"] = overview.latest_page(good)
    pages = []
    for name, text in texts.items():
        aside = root / f".{name}-{uuid.uuid4().hex[:8]}"
        aside.write_text(text, encoding="utf-8")
        _settle(aside)
        pages.append((aside, root / name))
    return pages


def _put(pages):
    for aside, target in pages:
        os.replace(aside, target)


def _settle(path):
    """On the disk and not only on its way there: some file systems tell only now that they are full."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


# --- what else a run holds -----------------------------------------------------------------------------------------


def write_tables(folder, tables, real=None):
    """Write each list or table that has a name as <name>.csv; the paths.

    With `real`, pseudonym -> id, ids stand in the file in place of pseudonyms. Text that a spreadsheet would read as a
    formula gets a ' before it (`inert`).
    """
    paths = {folder / f"{table['name']}.csv": table for table in tables if table["name"]}
    for path, table in paths.items():
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.writer(file, lineterminator="\n")
            rows = leads_back(table["rows"], table["columns"], real) if real else table["rows"]
            writer.writerows([[_inert(cell) for cell in row] for row in [table["columns"], *rows]])
    return list(paths)


def _inert(cell):
    return for_sheets(cell) if isinstance(cell, str) else cell


def code_fingerprint(notebook):
    """SHA-256 over a notebook and the package that it calls, so that a change of code can be told from one of data."""
    import hashlib

    package = Path(__file__).parents[1]
    digest = hashlib.sha256(re.sub(rb"\s+", b" ", Path(notebook).read_bytes()))
    for path in sorted(package.rglob("*")):
        if path.suffix in (".py", ".csv", ".css", ".j2"):
            digest.update(path.read_bytes())
    return digest.hexdigest()
