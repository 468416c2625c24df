"""Run one notebook through papermill, and say truthfully how it ended."""

import atexit
import logging
import time
from dataclasses import dataclass, field

import papermill
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from portfoy.locale import _
from portfoy.report.prose import reasons
from portfoy.source.address import masked
from portfoy.words.result import RESULT

ENGINE = "portfoy"
CELL_SECONDS, STAGE_SECONDS = 1800, 7200
START_SECONDS = 60


@dataclass(frozen=True)
class Result:
    """How a notebook ended, and what its results tell.

    ``status``: "ok", "failed", "timeout" or "kernel died". ``missing``: why analyses were not possible. ``error``: the
    last lines of what went wrong, where something did. Lists and tables each say the ``section`` they stand in;
    ``kept``: the rules that were decided; ``derived``: what the data said beside a parameter that was given.
    """

    stage: str
    status: str
    notebook: object
    seconds: float
    figures: list = field(default_factory=list)
    actions: list = field(default_factory=list)
    tables: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)
    derived: dict = field(default_factory=dict)
    missing: list = field(default_factory=list)
    error: str = ""


def run(job, target, kernels, *, progress=None, cell_seconds=CELL_SECONDS, stage_seconds=STAGE_SECONDS):
    """Execute one job of a plan; the executed notebook is written to `target` whatever happens.

    `progress` is called before each cell, with the heading of the section, the number of the cell and how many there
    are; a cell may take `cell_seconds`, the notebook `stage_seconds`.
    """
    logging.getLogger("papermill").setLevel(logging.ERROR)
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)  # what it would say is in the result
    papermill_engines.register(ENGINE, _Engine)
    start = time.perf_counter()
    limits = (cell_seconds, time.monotonic() + stage_seconds)
    manager = kernels.manager()
    status, error = _execute(job, target, manager, progress, limits)
    notebook = _read(target)
    begun = any(cell.get("execution_count") for cell in notebook.cells)
    if status == "kernel died" and manager.warm and (manager.is_lost() or not begun):
        manager.kill()
        manager = kernels.manager(warm=False)  # where forked kernels do not start, or are lost, there is a report too
        status, error = _execute(job, target, manager, progress, limits)
        notebook = _read(target)
    if status == "ok":
        error = _unfinished(notebook)
        status = "failed" if error else "ok"
    return Result(
        job.stage,
        status,
        notebook,
        time.perf_counter() - start,
        figures=told(notebook, "figures"),
        actions=told(notebook, "actions"),
        tables=tables_in(notebook),
        kept=_named(notebook, "kept"),
        derived=_named(notebook, "derived"),
        missing=missing_in(notebook),
        error=_open(error),
    )


def _read(target):
    """The executed notebook, in the file too, without a password in anything that it says or that its author wrote."""
    import nbformat

    notebook = nbformat.read(target, as_version=4)
    said = _open(notebook)
    if said != notebook:
        notebook = nbformat.from_dict(said)
        nbformat.write(notebook, target)
    return notebook


def _open(said):
    """A text, or all texts in a notebook, without the passwords of addresses."""
    if isinstance(said, dict):
        return {key: value if key == "image/png" else _open(value) for key, value in said.items()}
    if isinstance(said, list):
        return [_open(value) for value in said]
    return masked(said) if isinstance(said, str) else said


def _execute(job, target, manager, progress, limits):
    """Run the notebook in the manager's kernel; status and error."""
    try:
        papermill.execute_notebook(
            job.notebook,
            target,
            parameters=job.parameters,
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            autosave_cell_every=0,
            manager=manager,
            progress=progress or (lambda heading, cell, cells: None),
            limits=limits,
        )
    except PapermillExecutionError as failure:
        return "failed", f"{failure.ename}: {failure.evalue}"
    except (CellTimeoutError, TimeoutError) as failure:
        over = time.monotonic() >= limits[1]
        return "timeout", _("the time ran out") if over else str(failure).splitlines()[0]
    except (DeadKernelError, RuntimeError):  # a kernel that dies while it starts is a bare RuntimeError
        how, written = manager.last_words()
        return "kernel died", _("the kernel was ended: {how}").format(how=how) + (f"\n{written}" if written else "")
    return "ok", ""


class _Client(PapermillNotebookClient):
    """papermill's client, which tells where it is and keeps to the time."""

    def __init__(self, *args, progress, limits, **kwargs):
        super().__init__(*args, **kwargs)
        self.progress = progress
        self.cell_seconds, self.deadline = limits
        self.timeout_func = self._seconds

    def papermill_execute_cells(self):
        title = ""
        for index, cell in enumerate(self.nb.cells):
            title = _heading(cell) or title
            self.progress(title, index, len(self.nb.cells))
            self.nb_man.cell_start(cell, index)
            try:
                self.execute_cell(cell, index)
            except CellExecutionError as error:
                self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=error)
                break
            finally:
                self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)

    def _seconds(self, _cell):
        """How long the next cell may take."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(self.cell_seconds, left)


class _Engine(NBClientEngine):
    """papermill's own engine with a manager of ours and the client above."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, manager, progress, limits, **_options):
        nb_man.save = lambda **_options: None  # papermill would write the notebook twice a cell, a second in all
        client = _Client(
            nb_man,
            km=manager,
            progress=progress,
            limits=limits,
            startup_timeout=START_SECONDS,
            shutdown_kernel="immediate",
            kernel_name=kernel_name,
        )
        try:
            return client.execute(cleanup_kc=True)
        finally:
            del nb_man.save  # it is written once, however it ended
            atexit.unregister(client._cleanup_kernel)  # which nbclient leaves where a kernel did not start


def _heading(cell):
    """The text of the heading that a markdown cell starts with, or an empty text."""
    first = cell.source.partition("\n")[0] if cell.cell_type == "markdown" else ""
    return first.lstrip("#").strip() if first.startswith("#") else ""


def _results(notebook):
    """What the results in a notebook hold, in their order, each with the heading of its section."""
    found, section = [], ""
    for cell in notebook.cells:
        section = _heading(cell) or section
        shown = (output.get("data", {}) for output in cell.get("outputs", []))
        found += [{**data[RESULT], "section": section} for data in shown if RESULT in data]
    return found


def _named(notebook, what):
    """What the results of a notebook give by name: rules that they keep, values that they took from the data."""
    return {name: each for content in _results(notebook) for name, each in content.get(what, {}).items()}


def told(notebook, what):
    """What the results of a notebook tell of, their headline figures or actions; each name once, as told first."""
    found = {}
    for content in _results(notebook):
        place = {"section": content["section"]} if what == "actions" else {}
        for each in content.get(what, []):
            found.setdefault(each["name"] or each["text"], {**each, **place})
    return list(found.values())


def tables_in(notebook):
    """Every table of a notebook once, under a name of its own and with the heading of its section."""
    found = {}
    for content in _results(notebook):
        for table in content.get("tables", []):
            name, number = table["name"], 2
            while name in found and found[name]["html"] != table["html"]:
                name, number = f"{table['name']}_{number}", number + 1
            found.setdefault(name, {**table, "name": name, "section": content["section"]})
    return list(found.values())


def missing_in(notebook):
    """Why analyses were not possible, in the order of the notebook, each reason once."""
    return list(dict.fromkeys(reasons(filter(None, (content["missing"] for content in _results(notebook)))).values()))


def _unfinished(notebook):
    """Why a notebook that raised nothing is still not whole; empty where it is."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    if any(cell.execution_count is None for cell in code):
        return _("a cell was not run")
    return "" if any(cell.outputs for cell in code) else _("it shows nothing")
