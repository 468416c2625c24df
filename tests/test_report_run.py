"""Running a notebook ends with a true status. Judge: what the tiny notebooks do by construction; real kernels."""

import nbformat
import pytest

from portfoy.report import message, page, plan, run
from portfoy.report.kernels import Kernels
from portfoy.words.result import RESULT


@pytest.fixture(params=[False, True], ids=["warm", "ordinary"])
def execute(request, tmp_path):
    kernels = Kernels(tmp_path, isolated=request.param)

    def go(*cells, **options):
        made = [
            nbformat.v4.new_markdown_cell(cell) if cell.startswith("#") else nbformat.v4.new_code_cell(cell)
            for cell in cells
        ]
        path = tmp_path / "tiny.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=made), path)
        return run.run(plan.Job("tiny", "tiny", path, {}), tmp_path / "done.ipynb", kernels, **options)

    yield go
    kernels.close()


TOLD = """
import pandas as pd
from portfoy.words.result import Action, Figure, NotPossible, Result
class Told(Result):
    def figures(self):
        return [Figure("share", 0.25, 0.2, 0.3, "share")]
    def derived(self):
        return {"days": 7}
    def actions(self):
        return [Action("Call", 5.0, "call", pd.DataFrame({"customer_id": ["007"]})), Action("Think"), Action("Wait")]
"""


def test_a_whole_run_is_ok_and_carries_what_its_results_tell(execute):
    seen = []
    result = execute("# Title", TOLD, "## One", "Told()", progress=lambda *at: seen.append(at))
    assert (result.status, result.error, result.missing) == ("ok", "", [])
    assert result.derived == {"days": 7}
    assert seen == [("Title", 0, 4), ("Title", 1, 4), ("One", 2, 4), ("One", 3, 4)]
    numbers = {"name": "share", "value": 0.25, "low": 0.2, "high": 0.3, "unit": "share"}
    assert result.figures == [{**numbers, "note": "", "better": "", "year": None, "half": None, "days": None}]
    assert [(each["text"], each["worth"]) for each in result.actions] == [
        ("Call", 5),
        ("Think", None),
        ("Wait", None),
    ]
    assert [(each["name"], each["columns"], each["rows"]) for each in result.actions] == [
        ("call", ["customer_id"], [["007"]]),
        ("", [], []),
        ("", [], []),
    ]


def test_a_notebook_that_raises_is_failed_and_keeps_what_came_before(execute):
    result = execute("print('before')", "1 / 0", "print('after')")
    assert (result.status, result.error) == ("failed", "ZeroDivisionError: division by zero")
    printed = [
        output.text
        for cell in result.notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream"
    ]
    assert printed == ["before\n"]


def test_what_is_not_possible_is_said_and_the_next_section_runs(execute):
    reason = "4 of 900 customers; at least 30 are needed."
    result = execute(TOLD, "## Model", f"NotPossible({reason!r})", f"NotPossible({reason!r})", "print('still here')")
    assert (result.status, result.missing) == ("ok", [reason])
    assert message.told(page.sections(result.notebook))["uncomputed"] == ["Model"]
    assert result.notebook.cells[-1].outputs[0].text == "still here\n"


def test_data_that_cannot_be_used_fail_the_report(execute):
    result = execute("# Title", "import portfoy as pf\nraise pf.DataError('transactions: no rows.')", "## Next", "1")
    assert (result.status, result.error) == ("failed", "DataError: transactions: no rows.")


def test_a_cell_without_end_is_a_timeout(execute):
    assert execute("while True: pass", cell_seconds=2).status == "timeout"


def test_a_report_of_many_short_cells_can_run_out_of_time_too(execute):
    result = execute(*["import time; time.sleep(0.7)"] * 10, stage_seconds=3)
    assert (result.status, result.error) == ("timeout", "the time ran out")
    assert 0 < sum(cell.execution_count is not None for cell in result.notebook.cells) < 10


def test_a_kernel_that_dies_is_said_to_have_died_and_how(execute):
    result = execute("import os; os._exit(9)", "1")
    assert (result.status, result.error) == ("kernel died", "the kernel was ended: exit code 9")
    result = execute("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "1")
    assert (result.status, result.error) == ("kernel died", "the kernel was ended: SIGKILL")


def test_green_but_empty_is_a_failure(execute):
    result = execute("# Title", "nothing = 1")
    assert (result.status, result.error) == ("failed", "it shows nothing")


def test_a_figure_told_twice_is_told_once_as_it_was_first():
    notebook = nbformat.v4.new_notebook()
    for number in (1, 2):
        content = {"figures": [{"name": "clv", "value": number}, {"name": f"own {number}", "value": 0}]}
        output = nbformat.v4.new_output("display_data", {RESULT: content})
        notebook.cells.append(nbformat.v4.new_code_cell("pf.key_figures(firm)", outputs=[output]))
    assert [(each["name"], each["value"]) for each in run.told(notebook, "figures")] == [
        ("clv", 1), ("own 1", 0), ("own 2", 0)
    ]  # fmt: skip
