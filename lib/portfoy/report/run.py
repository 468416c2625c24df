"""Run one notebook through papermill, and say truthfully how it ended.

A section whose data or history do not allow its analysis is not a failure: where a cell raises DataError or FitError,
the message takes the place of the section, and the run goes on with the next one.
"""

import html
import logging
import time
from dataclasses import dataclass, field

import papermill
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from portfoy.locale import _
from portfoy.report import record
from portfoy.source.address import ADDRESS, hidden, masked
from portfoy.words.result import RESULT

ENGINE = "portfoy"
NOT_COMPUTED = ("DataError", "FitError")
CELL_SECONDS, STAGE_SECONDS = 1800, 7200
START_SECONDS = 60


@dataclass(frozen=True)
class Result:
    """How a notebook ended, and what it recorded.

    ``status``: "ok", "failed", "timeout" or "kernel died". ``missing``: sections that could not be computed, with the
    reason. ``error``: the last lines of what went wrong, where something did.
    """

    stage: str
    status: str
    notebook: object
    seconds: float
    figures: list = field(default_factory=list)
    actions: list = field(default_factory=list)
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
    notebook = _read(target, kernels)
    if status == "kernel died" and manager.warm and not any(cell.get("execution_count") for cell in notebook.cells):
        manager = kernels.manager(warm=False)  # a system where forked kernels do not start still gets its report
        status, error = _execute(job, target, manager, progress, limits)
        notebook = _read(target, kernels)
    if status == "ok":
        error = _unfinished(notebook)
        status = "failed" if error else "ok"
    return Result(
        job.stage,
        status,
        notebook,
        time.perf_counter() - start,
        figures=[*_shown(notebook, record.FIGURE), *told(notebook, "figures")],
        actions=[*_shown(notebook, record.ACTIONS), *told(notebook, "lists")],
        missing=missing_in(notebook),
        error=_open(error, kernels),
    )


def _read(target, kernels):
    """The executed notebook, in the file too, without a password in anything that it says or that its author wrote."""
    import nbformat

    notebook = nbformat.read(target, as_version=4)
    said = _open(notebook, kernels)
    if said != notebook:
        notebook = nbformat.from_dict(said)
        nbformat.write(notebook, target)
    return notebook


def _open(said, kernels):
    """A text, or all texts in a notebook, without the passwords of addresses."""
    if isinstance(said, dict):
        return {key: value if key == "image/png" else _open(value, kernels) for key, value in said.items()}
    if isinstance(said, list):
        return [_open(value, kernels) for value in said]
    address = kernels.environment.get(ADDRESS, "")
    for form in {address, html.escape(address)} - {""} if isinstance(said, str) else ():
        said = said.replace(form, hidden(form))
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
        return "timeout", _("the time for the whole report ran out") if over else str(failure).splitlines()[0]
    except (DeadKernelError, RuntimeError):  # a kernel that dies while it starts is a bare RuntimeError
        how, written = manager.last_words()
        return "kernel died", _("the kernel was ended: {how}").format(how=how) + (f"\n{written}" if written else "")
    return "ok", ""


class _Client(PapermillNotebookClient):
    """papermill's client, which goes on with the next section where one cannot be computed."""

    def __init__(self, *args, progress, limits, **kwargs):
        super().__init__(*args, **kwargs)
        self.progress = progress
        self.cell_seconds, self.deadline = limits
        self.timeout_func = self._seconds

    def papermill_execute_cells(self):
        level, title, skip_to = 1, "", None
        for index, cell in enumerate(self.nb.cells):
            heading = _heading(cell)
            if heading:
                level, title = heading
                skip_to = None if skip_to is None or level <= skip_to else skip_to
            self.progress(title, index, len(self.nb.cells))
            if skip_to is not None:
                cell.metadata["portfoy"] = {"skipped": True}
                continue
            ended = self._execute_one(index, in_section=level > 1)
            if ended == "failed":
                break
            if ended == "cannot compute":
                skip_to = 2

    def _seconds(self, _cell):
        """How long the next cell may take."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return min(self.cell_seconds, left)

    def _execute_one(self, index, *, in_section):
        """Run a cell: "ok", "cannot compute" where the data do not allow its section, else "failed"."""
        cell = self.nb.cells[index]
        self.nb_man.cell_start(cell, index)
        try:
            self.execute_cell(cell, index)
            return "ok"
        except CellExecutionError as error:
            if in_section and _cannot_compute(self.nb.cells[index]):
                return "cannot compute"
            self.nb_man.cell_exception(self.nb.cells[index], cell_index=index, exception=error)
            return "failed"
        finally:
            self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)


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


def _heading(cell):
    """Level and text of the heading a markdown cell starts with, or None."""
    if cell.cell_type != "markdown" or not cell.source.startswith("#"):
        return None
    marks, _blank, text = cell.source.splitlines()[0].partition(" ")
    return len(marks), text.strip()


def _cannot_compute(cell):
    """Whether the cell ended in an error that says the data do not allow it; its output is then the message."""
    for output in cell.get("outputs", []):
        if output.output_type == "error" and output.ename in NOT_COMPUTED:
            cell.metadata["portfoy"] = {"missing": output.evalue}
            cell.outputs = []
            return True
    return False


def _note(cell, key):
    return cell.metadata.get("portfoy", {}).get(key)


def _shown(notebook, kind):
    """What the cells of a notebook have shown under a type of ours."""
    data = (output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    return [each[kind] for each in data if kind in each]


def told(notebook, what):
    """What the results of a notebook tell of: their headline figures, or their lists; each name once, as told first."""
    found = [each for content in _shown(notebook, RESULT) for each in content.get(what, [])]
    return [each for place, each in enumerate(found) if each["name"] not in [one["name"] for one in found[:place]]]


def missing_in(notebook):
    """Why analyses could not be made, in the order of the notebook, each reason once."""
    reasons = []
    for cell in notebook.cells:
        own = [output.data[RESULT]["missing"] for output in cell.get("outputs", []) if RESULT in output.get("data", {})]
        reasons += [_note(cell, "missing"), *own]
    return list(dict.fromkeys(filter(None, reasons)))


def _unfinished(notebook):
    """Why a notebook that raised nothing is still not whole; empty where it is."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    skipped = [cell for cell in code if _note(cell, "skipped")]
    if any(cell.execution_count is None for cell in code if not _note(cell, "skipped")):
        return "a cell was not run"
    if skipped or any(_note(cell, "missing") for cell in code):
        return ""
    outputs = [output for cell in code for output in cell.outputs if "data" in output]
    shown = {
        "figures": sum("image/png" in output.data for output in outputs),
        "tables": sum("<table" in output.data.get("text/html", "") for output in outputs),
    }
    for wanted in _shown(notebook, record.EXPECT):
        for what, number in wanted.items():
            if shown[what] < number:
                return f"{shown[what]} {what} are shown where {number} are expected"
    return ""
