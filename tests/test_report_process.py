"""`portfoy report` as a process of its own, in every kind of trouble. Judges: the files on the shelf, the operating
system's list of processes, and what the tiny notebooks do by construction.

After each event `expect_whole_shelf` looks at the same things: what must hold whatever has happened. A plain run kills
a command and its kernels; the other kinds of trouble are studies. Where nothing is killed, the command runs in the
process of the tests, whose warm kernels are there already.
"""

import email
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import uuid
from contextlib import suppress
from email import policy
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest
from bs4 import BeautifulSoup
from python_calamine import CalamineWorkbook

from helpers import random_log, run_here
from portfoy.firm import Firm
from portfoy.portfolio.states import states
from portfoy.selection.rfm import rfm

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="signals, size limits and shell hooks as POSIX has them"
)

DAY = "2024-01-28"
PARAMETERS = 'data: str = "orders.csv"  # where the orders are\nas_of: str = ""  # last day'
WAIT = """
import os, time
from pathlib import Path
Path(f"reached-{os.getpid()}").touch()
for _moment in range(6000):
    if Path("go").exists():
        break
    time.sleep(0.02)
"""
# Ctrl-C as a terminal gives it, whatever the tests were started from; a limit on the size of files where one is given.
STARTER = """
import os, resource, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
if sys.argv[1]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.executable, [sys.executable, "-m", "portfoy", "report", *sys.argv[2:]])
"""
TOLD = """
import pandas as pd
from portfoy.words.result import Figure, Result
from portfoy.words.table import show
class Told(Result):
    def __init__(self, figures):
        self.told = figures
    def figures(self):
        return self.told
    def summary(self):
        return show(pd.DataFrame([{"customers": figure.value} for figure in self.told]), "Told")
"""
KILLED = "the kernel was ended: SIGKILL"


class Project:
    """A folder with tiny notebooks and orders, and the commands that run in it; every process of theirs is marked."""

    def __init__(self, folder):
        self.folder, self.reports, self.mark, self.begun = folder, folder / "reports", uuid.uuid4().hex, 0

    def notebook(self, stage, *cells, parameters=""):
        """Write a report notebook; text that starts with # is markdown."""
        v4 = nbformat.v4
        made = [v4.new_markdown_cell(f"# {stage}"), v4.new_code_cell(PARAMETERS + parameters)]
        made[1].metadata["tags"] = ["parameters"]
        made += [v4.new_markdown_cell(cell) if cell.startswith("#") else v4.new_code_cell(cell) for cell in cells]
        kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
        path = self.folder / "notebooks" / "reports" / f"{stage}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(v4.new_notebook(cells=made, metadata={"kernelspec": kernel}), path)

    def start(self, *arguments, limit=""):
        """Start a command; what it says goes to files, so that a process left behind keeps nobody waiting."""
        self.begun += 1
        said = [self.folder / f"said-{self.begun}.{kind}" for kind in ("out", "err")]
        command = [sys.executable, "-c", STARTER, str(limit), *map(str, arguments)]
        with said[0].open("wb") as out, said[1].open("wb") as err:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, "PORTFOY_TEST": self.mark},
            )
        process.said = said
        return process

    def run(self, *arguments, **given):
        return ended(self.start(*arguments, **given))

    def run_here(self, *arguments):
        """Run a command in this process: exit code, stdout and stderr."""
        return run_here(self.folder, "report", *arguments)

    def processes(self):
        """The processes that live and descend from a command of this project."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                alive = process.status() != psutil.STATUS_ZOMBIE
                if alive and process.environ().get("PORTFOY_TEST") == self.mark:
                    found.append(process)
        return found

    def reached(self, number=1):
        """Wait until so many kernels stand in the cell WAIT; their process ids."""
        found = until(lambda: len(list(self.folder.glob("reached-*"))) >= number, "a cell was not reached")
        return found and sorted(int(path.name.partition("-")[2]) for path in self.folder.glob("reached-*"))

    def runs(self):
        """The folders on the shelf that the index might show."""
        return {path.name for path in self.reports.iterdir() if path.is_dir() and not path.name.startswith(".")}

    def record(self, folder):
        return json.loads((self.reports / folder / "run.json").read_text("utf-8"))

    def ends(self, folder):
        """Status and error of each report of a run."""
        return {stage["name"]: (stage["status"], stage["error"]) for stage in self.record(folder)["stages"]}

    def page(self, folder, name):
        return (self.reports / folder / f"{name}.html").read_text("utf-8")

    def fingerprints(self):
        """SHA-256 of every file of every run."""
        files = [path for folder in self.runs() for path in (self.reports / folder).rglob("*") if path.is_file()]
        return {str(path.relative_to(self.reports)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def ended(process, seconds=120):
    """Exit code, stdout and stderr of a command that must come to its end."""
    code = process.wait(timeout=seconds)
    return code, *(path.read_text("utf-8") for path in process.said)


def until(true, otherwise, *, seconds=60):
    """Wait for something; AssertionError when it does not come."""
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
    return found


def expect_no_process(project):
    """Neither a command nor a kernel lives; those of a killed command need a moment to notice."""
    with suppress(AssertionError):
        until(lambda: not project.processes(), "", seconds=6)
    assert project.processes() == []


def links(page):
    """The files of its own that a page leads to."""
    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    return {link["href"] for link in soup.find_all("a", href=True) if not link["href"].startswith("#")}


def newest(project, runs):
    """Which of the runs was started last, which is the system's secret where they were started at once."""
    return max(runs, key=lambda run: (project.record(run)["made_at"], run))


def cannot_be_written(reason, out="reports"):
    said = f"portfoy report: {out}: cannot be written: {reason}."
    step = "Give another --out" if reason == "File exists" else "Make room or give --out"
    return f"{said} {step}; no report is lost.\n"


def expect_whole_runs(project, runs, earlier, *, latest=DAY):
    """The shelf holds these runs and lists them, each whole; those of before are as they were, byte by byte."""
    assert project.runs() == set(runs)
    assert {path.name for path in project.reports.glob("[!.]*") if path.is_file()} <= {"index.html", "latest.html"}
    index = links(project.reports / "index.html")
    assert {link.partition("/")[0] for link in index} == set(runs)
    assert [link for link in index if not (project.reports / link).is_file()] == []
    assert links(project.reports / "latest.html") == {f"{latest}/index.html"}
    for run in runs:
        folder = project.reports / run
        for stage in project.record(run)["stages"]:
            assert (folder / stage["page"]).read_text("utf-8").rstrip().endswith("</html>")
            assert json.loads((folder / "notebooks" / f"{stage['name']}.ipynb").read_text("utf-8"))["cells"]
            assert [name for name in stage["actions"] + stage["files"] if not (folder / name).is_file()] == []
        assert len(CalamineWorkbook.from_path(folder / project.record(run)["workbook"]).sheet_names) >= 2
        assert [link for link in links(folder / "index.html") if not (folder / link).is_file()] == []
    now = project.fingerprints()
    assert {path: now.get(path) for path in earlier} == earlier


def expect_whole_shelf(project, earlier, *, runs=(DAY,), cleared=0, latest=DAY):
    """What must hold after any event: whole runs only, no process left, and the next command makes its run."""
    expect_no_process(project)
    expect_whole_runs(project, runs, earlier, latest=latest)
    code, out, err = project.run_here("portfolio")
    new = f"{DAY}.{len(runs) + 1}"
    pages = f"reports/{new}/portfolio.html\nreports/{new}/index.html\nreports/index.html\n"
    assert (code, out) == (0, pages), err
    told = [f"{cleared} interrupted run(s) found and cleared."] if cleared else []
    assert [line for line in err.splitlines() if "interrupted" in line] == told
    assert {path.name for path in project.reports.glob(".*")} <= {".lock"}
    expect_whole_runs(project, [*runs, new], earlier, latest=new)
    assert project.ends(new) == {"portfolio": ("ok", "")}
    expect_no_process(project)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A project with one good run."""
    project = Project(tmp_path_factory.mktemp("good"))
    rows = [f"C{number % 7},O{number},2024-01-{1 + number % 28:02},{10 + number}" for number in range(60)]
    (project.folder / "orders.csv").write_text("\n".join(["customer_id,order_id,ordered_on,amount", *rows, ""]))
    project.notebook("portfolio", "## One", "print(6 * 7)", parameters="\nmargin: float = 0.5  # share of revenue")
    code, _out, err = project.run()
    assert code == 0, err
    return project


@pytest.fixture
def project(good, tmp_path):
    """The project with one good run, for one test; what its commands leave behind is ended at last."""
    shutil.copytree(good.folder, tmp_path / "shop")
    made = Project(tmp_path / "shop")
    yield made
    for process in made.processes():
        with suppress(psutil.Error):
            process.kill()


# --- the command is ended ------------------------------------------------------------------------------------------


def test_a_killed_command_takes_its_kernels_along_and_leaves_nothing_on_the_shelf(project):
    earlier = project.fingerprints()
    project.notebook("selection", "## Start", WAIT)
    commands = [project.start("selection"), project.start("selection", "--isolated")]
    kernels = set(project.reached(2))
    assert kernels < {process.pid for process in project.processes()}
    for command in commands:
        command.kill()
        assert command.wait() == -signal.SIGKILL
    expect_whole_shelf(project, earlier, cleared=2)


@pytest.mark.study
def test_an_interrupted_command_says_so_and_leaves_nothing(project):
    earlier = project.fingerprints()
    project.notebook("selection", "## Start", WAIT)
    commands = [project.start("selection"), project.start("selection", "--isolated")]
    project.reached(2)
    for command, number in zip(commands, (signal.SIGINT, signal.SIGTERM), strict=True):
        command.send_signal(number)
        code, out, err = ended(command)
        assert (code, out) == (130, "")
        assert [line for line in err.splitlines() if not line.startswith("  ")] == [
            "portfoy report: interrupted; nothing was published."
        ]
    assert list(project.reports.glob(".building-*")) == []
    expect_whole_shelf(project, earlier)


# --- a report ends badly -------------------------------------------------------------------------------------------


def test_each_kernel_that_dies_is_told_and_the_other_reports_are_made(project):
    earlier = project.fingerprints()
    project.notebook("selection", "## Before", "print('seen', 'before')", "import os\nos.kill(os.getpid(), 9)")
    project.notebook("deepening", "## Leave", "import os\nos._exit(0)", "print('never')")
    project.notebook("monitoring", "## Wait", WAIT, "print('never')")
    command = project.start()
    (kernel,) = project.reached()
    os.kill(kernel, signal.SIGKILL)
    code, _out, err = ended(command)
    assert code == 3, err
    assert project.ends(f"{DAY}.2") == {
        "portfolio": ("ok", ""),
        "selection": ("kernel died", KILLED),
        "deepening": ("kernel died", "the kernel was ended: exit code 0"),
        "monitoring": ("kernel died", KILLED),
    }
    for name, (_status, error) in project.ends(f"{DAY}.2").items():
        page = project.page(f"{DAY}.2", name)
        assert ("This report did not finish." in page, f"kernel died: {error}" in page) == (bool(error),) * 2
    assert "seen before" in project.page(f"{DAY}.2", "selection")
    expect_whole_shelf(project, earlier, runs=[DAY, f"{DAY}.2"])


@pytest.mark.study
def test_a_report_that_raises_or_shows_too_little_has_failed_and_its_page_runs_no_code_of_its_error(project):
    earlier = project.fingerprints()
    hostile = "<script>alert(1)</script>"
    cells = ["## Before", "print('seen', 'before')", "## Broken", f"raise ValueError({hostile!r})"]
    project.notebook("selection", *cells, "## After", "print('seen', 'after')")
    project.notebook("retention", "nothing = 1")
    code, _out, err = project.run("--jobs", 1)
    assert code == 1, err
    assert f"s: ValueError: {hostile}\n" in err
    assert project.ends(f"{DAY}.2") == {
        "portfolio": ("ok", ""),
        "selection": ("failed", f"ValueError: {hostile}"),
        "retention": ("failed", "it shows nothing"),
    }
    page = project.page(f"{DAY}.2", "selection")
    assert "failed: ValueError: &lt;script&gt;alert(1)&lt;/script&gt;" in page
    for path in project.reports.rglob("*.html"):
        assert hostile not in path.read_text("utf-8")
    assert ("seen before" in page, "seen after" in page) == (True, False)
    assert "it shows nothing" in project.page(f"{DAY}.2", "retention")
    expect_whole_shelf(project, earlier, runs=[DAY, f"{DAY}.2"])


@pytest.mark.study
def test_a_report_without_end_is_stopped_by_the_time_of_a_cell_or_of_the_whole(project):
    earlier = project.fingerprints()
    project.notebook("selection", "## Before", "print('seen', 'before')", "while True: pass", "print('never')")
    project.notebook("retention", *["import time; time.sleep(0.5); print('one', 'more')"] * 200)
    code, _out, err = project.run("selection", "--cell-timeout", 3, "--timeout", 60)
    assert code == 3, err
    assert project.ends(f"{DAY}.2") == {
        "selection": ("timeout", "A cell timed out while it was being executed, after 3 seconds.")
    }
    page = project.page(f"{DAY}.2", "selection")
    assert ("seen before" in page, "This report did not finish." in page) == (True, True)
    expect_no_process(project)
    code, _out, err = project.run("retention", "--timeout", 40)
    assert code == 3, err
    assert project.ends(f"{DAY}.3")["retention"][0] == "timeout"
    assert 1 <= project.page(f"{DAY}.3", "retention").count("one more") < 200
    expect_whole_shelf(project, earlier, runs=[DAY, f"{DAY}.2", f"{DAY}.3"])


def test_a_notebook_that_names_no_language_is_one_of_python(project):
    earlier = project.fingerprints()
    project.notebook("selection", "print(as_of)")
    path = project.folder / "notebooks" / "reports" / "selection.ipynb"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "metadata": {}}), "utf-8")
    code, _out, err = project.run_here("selection")
    assert code == 0, err
    assert f"<pre>{DAY}" in project.page(f"{DAY}.2", "selection")
    expect_whole_runs(project, [DAY, f"{DAY}.2"], earlier, latest=f"{DAY}.2")


# --- nothing can be written ----------------------------------------------------------------------------------------


@pytest.mark.study
def test_what_cannot_be_written_is_one_line_and_no_run(project):
    earlier = project.fingerprints()
    too_large = {  # the tables, the executed notebook, and the page, in which < takes four letters
        "selection": ("print('short')", 100_000),
        "retention": ("print('x' * 900_000)", 700_000),
        "deepening": ("print('<' * 400_000)", 700_000),
    }
    for stage, (cell, _limit) in too_large.items():
        project.notebook(stage, cell)
    (project.folder / "taken").write_text("a file")
    taken = project.start("portfolio", "--out", "taken")
    commands = {stage: project.start(stage, limit=limit) for stage, (_cell, limit) in too_large.items()}
    for stage, command in commands.items():
        code, out, err = ended(command)
        assert (code, out) == (1, "")
        lines = [line for line in err.splitlines(keepends=True) if not line.startswith("  ")]
        assert lines == [cannot_be_written("File too large")], stage
    assert ended(taken) == (1, "", cannot_be_written("File exists", out="taken"))
    assert (project.folder / "taken").read_text() == "a file"
    assert list(project.reports.glob(".building-*")) == []
    expect_whole_shelf(project, earlier)


@pytest.fixture
def disk(project):
    """A small disk in the place of the reports folder; a function that gives it another size in kB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small disk is mounted, which only root on Linux may do")
    aside = project.reports.rename(project.folder / "aside")
    project.reports.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(project.reports)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    shutil.copytree(aside, project.reports, dirs_exist_ok=True)

    def resize(kilobytes):
        subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", str(project.reports)], check=True)

    yield resize
    subprocess.run(["umount", "-l", str(project.reports)], check=True)


@pytest.mark.study
def test_a_disk_that_fills_up_at_any_moment_leaves_whole_runs_only(project, disk):
    # The engine's file is the largest of a run and gone before the last pages are written. A second name for it on the
    # same disk keeps its room taken, so that the disk is fullest at the very end, and less room means an earlier stop.
    # The very end are the shelf's two pages, written aside: they need room beyond what the finished run takes.
    held = project.reports / ".held"
    hold = f"import os\nos.path.exists({str(held)!r}) or os.link(os.environ['PORTFOY_KEPT'], {str(held)!r})"
    project.notebook("selection", hold, "print('x' * 200_000)")
    project.notebook("retention", "print('y' * 200_000)")
    earlier = project.fingerprints()
    stages = ("selection", "retention", "--jobs", 1)
    free = shutil.disk_usage(project.reports).used // 1024
    assert project.run(*stages)[0] == 0
    taken = shutil.disk_usage(project.reports).used // 1024 - free
    held.unlink()
    shutil.rmtree(project.reports / f"{DAY}.2")
    shutil.copytree(project.folder / "aside", project.reports, dirs_exist_ok=True)
    stops = set()
    for short in (-12, 4, 250, 450, taken - 100):  # kB: for the shelf, the run, a page, a notebook, the tables
        disk(free + taken - short)
        code, out, err = project.run(*stages)
        assert (code, out) == (1, ""), f"{short} of {taken} kB short: {err}"
        lines = err.splitlines(keepends=True)
        assert lines[-1] == cannot_be_written("No space left on device"), f"{short} of {taken} kB short: {err}"
        stops.add(len(lines))
        held.unlink(missing_ok=True)
        assert list(project.reports.glob(".building-*")) == []
        expect_whole_runs(project, [DAY], earlier)
    assert len(stops) >= 3  # how much it had said before: it was stopped at different moments
    disk(100_000)
    expect_whole_shelf(project, earlier)


# --- several at once, and again and again --------------------------------------------------------------------------


@pytest.mark.study
def test_runs_at_the_same_time_take_a_place_each(project):
    earlier = project.fingerprints()
    project.notebook("selection", "## Wait", WAIT, "print(6 * 7)")
    commands = [project.start("selection") for _command in range(2)]
    project.reached(2)
    (project.folder / "go").touch()
    assert [ended(command)[0] for command in commands] == [0, 0]
    runs = [DAY, f"{DAY}.2", f"{DAY}.3"]
    expect_whole_runs(project, runs, earlier, latest=newest(project, runs))
    commands = [project.start("selection", "portfolio", "--jobs", 1) for _command in range(5)]
    assert [ended(command)[0] for command in commands] == [0] * 5
    runs += [f"{DAY}.{number}" for number in range(4, 9)]
    assert all(project.ends(run).keys() == {"selection", "portfolio"} for run in runs[3:])
    assert all(end == ("ok", "") for run in runs for end in project.ends(run).values())
    expect_whole_shelf(project, earlier, runs=runs, latest=newest(project, runs))


def test_if_changed_runs_again_after_a_change_of_data_parameter_or_notebook_only(project):
    earlier = project.fingerprints()
    again = ("portfolio", "--if-changed")
    pages = f"reports/{DAY}/portfolio.html\nreports/{DAY}/index.html\nreports/index.html\n"
    assert project.run_here(*again) == (0, pages, f"Nothing has changed since reports/{DAY}.\n")
    expect_whole_runs(project, [DAY], earlier)
    with (project.folder / "orders.csv").open("a") as file:
        file.write(f"C9,O999,{DAY},5\n")
    changed = [project.run_here(*again), project.run_here(*again, "-p", "margin=0.25")]
    project.notebook("portfolio", "## One", "print(7 * 7)", parameters="\nmargin: float = 0.5  # share of revenue")
    changed.append(project.run_here(*again))
    assert [code for code, _out, _err in changed] == [0, 0, 0]
    runs = [DAY, *(f"{DAY}.{number}" for number in (2, 3, 4))]
    expect_whole_runs(project, runs, earlier, latest=runs[-1])
    assert [
        (record["data"]["rows"], record["stages"][0]["parameters"].get("margin"))
        for record in map(project.record, runs)
    ] == [(60, None), (61, None), (61, 0.25), (61, None)]
    assert ["<pre>49" in project.page(run, "portfolio") for run in runs] == [False, False, False, True]
    expect_whole_runs(project, runs, earlier, latest=runs[-1])


@pytest.mark.study
def test_if_changed_runs_again_after_an_edit_of_the_settings_that_can_move_a_figure(project):
    earlier, settings = project.fingerprints(), project.folder / "portfoy.toml"
    plain = 'source = "orders.csv"\nname = "Shop"\n'
    again = ("portfolio", "--if-changed", "--data", "portfoy.toml")
    said = []
    for text in (plain, "# a remark\n" + plain, plain + 'returns = "net"\n', plain + 'unknown_customers = ["C0"]\n'):
        settings.write_text(text)
        said.append(project.run(*again)[2])
    nothing = f"Nothing has changed since reports/{DAY}.2.\n"
    assert [nothing in err for err in said] == [False, True, True, False]
    runs = [DAY, f"{DAY}.2", f"{DAY}.3"]
    records = [project.record(run) for run in runs[1:]]
    assert len({record["data"]["sha256"] for record in records}) == 1
    assert len({record["data"]["settings_sha256"] for record in records}) == 2
    assert records[1]["stages"][0]["changes"]["cause"] == ("What differs: the settings in portfoy.toml.")
    expect_whole_shelf(project, earlier, runs=runs, latest=runs[-1])


def test_the_hooks_are_told_how_it_went(project):
    earlier = project.fingerprints()
    project.notebook("selection", "1 / 0")
    tell = 'printf "%s\\n" "$PORTFOY_RUN" "$PORTFOY_EXIT" "$PORTFOY_MESSAGE" >> '
    hooks = ("--on-success", f"{tell} well", "--on-failure", f"{tell} badly")
    told = []
    for arguments in (["portfolio"], ["selection"], ["portfolio", "--data", "nowhere.csv"]):
        code = project.run_here(*arguments, *hooks)[0]
        files = [path for path in (project.folder / "well", project.folder / "badly") if path.exists()]
        (run, exit_code, message), name = files[0].read_text().splitlines(), files[0].name
        status = json.loads(Path(run).read_text("utf-8"))["stages"][0]["status"] if run else ""
        told.append((len(files), name, code, exit_code, status, message))
        files[0].unlink()
    nothing = "there is no such file or folder. Give a folder, file, portfoy.toml or address."
    assert told == [
        (1, "well", 0, "0", "ok", "all reports are made"),
        (1, "badly", 1, "1", "failed", "not all reports are whole"),
        (1, "badly", 2, "2", "", f"portfoy report: nowhere.csv: {nothing}"),
    ]
    runs = [DAY, f"{DAY}.2", f"{DAY}.3"]
    expect_whole_runs(project, runs, earlier, latest=f"{DAY}.2")


def test_the_page_of_the_run_is_a_message_too_and_where_it_cannot_be_the_reports_are_there(project):
    earlier, message = project.fingerprints(), project.folder / "month.eml"
    code, out, err = project.run_here("portfolio", "--mail", "month.eml")
    assert (code, out.splitlines()[-1]) == (0, "month.eml"), err
    assert (
        f"reports/{DAY}.2"
        in email.message_from_bytes(message.read_bytes(), policy=policy.default).get_body().as_string()
    )
    message.unlink()
    project.notebook("selection", "from pathlib import Path", "Path('month.eml').mkdir(); print('in its place')")
    code, _out, err = project.run_here(
        "selection", "--mail", "month.eml", "--on-failure", 'echo "$PORTFOY_MESSAGE" > said'
    )
    reason = "--mail month.eml: cannot be written: Is a directory. Give another; the reports are there."
    assert (code, err.splitlines()[-1]) == (1, reason)
    assert (project.folder / "said").read_text() == f"all reports are made; {reason}\n"
    assert [path.name for path in project.folder.glob(".month*")] == []
    expect_whole_runs(project, [DAY, f"{DAY}.2", f"{DAY}.3"], earlier, latest=f"{DAY}.3")


def test_half_a_year_goes_by_one_rule_until_it_is_derived_anew(project):
    random_log(3).to_csv(project.folder / "orders.csv", index=False)
    project.notebook(
        "portfolio",
        "import portfoy as pf",
        "## Who",
        "firm = pf.open(data, as_of=as_of)",
        "pf.states(firm)",
        "pf.rfm(firm)",
    )
    days = ["2026-01-31", "2026-03-31", "2026-06-30"]
    log = pd.read_csv(project.folder / "orders.csv", parse_dates=["ordered_on"])
    own = {day: Firm.of(log, as_of=day) for day in days}
    own = {day: states(firm).kept() | rfm(firm).kept() for day, firm in own.items()}

    def kept(day, *arguments, folder=None, out="reports"):
        code, _out, err = project.run_here("portfolio", "--as-of", day, "--out", out, *arguments)
        assert code == 0, err
        record = json.loads((project.folder / out / (folder or day) / "run.json").read_text("utf-8"))
        return record["stages"][0]["kept"], record

    assert [kept(day)[0] for day in days] == [own[days[0]]] * 3
    assert "Limits kept since 31 Jan 2026." in project.page(days[-1], "portfolio")
    fresh, record = kept(days[-1], "--fresh-rules", folder=f"{days[-1]}.2")
    assert fresh == own[days[-1]]
    assert not [name for name, rule in fresh.items() if rule == own[days[0]][name] | {"since": days[-1]}]
    assert "Limits were derived anew; since 31 Jan 2026 they were" in project.page(f"{days[-1]}.2", "portfolio")
    assert record["stages"][0]["changes"]["cause"].startswith("What differs: the rules of who is what, the day.")
    assert kept(days[-1], out="late")[0] == own[days[-1]]
    assert kept(days[1], out="late")[0] == own[days[1]]  # made later, and of an earlier day


# --- parameters ----------------------------------------------------------------------------------------------------

CONTACTS = "\ncontacts: int = 20  # customers to call"


def test_one_page_per_value_stands_side_by_side_on_the_page_of_the_run(project):
    earlier = project.fingerprints()
    project.notebook(
        "selection", "## Call", TOLD, "Told(figures=[Figure('calls', contacts * 3, unit='count')])", parameters=CONTACTS
    )
    code, out, err = project.run_here("selection", "--each", "contacts=5,10")
    assert code == 0, err
    folder, names = f"{DAY}.2", ["selection-contacts-5", "selection-contacts-10"]
    shown = [f"reports/{folder}/{name}.html" for name in [*names, "index"]]
    assert out.splitlines() == [*shown, "reports/index.html"]
    stages = project.record(folder)["stages"]
    assert [(stage["name"], stage["each"], stage["figures"][0]["value"]) for stage in stages] == [
        (names[0], {"contacts": 5}, 15),
        (names[1], {"contacts": 10}, 30),
    ]
    soup = BeautifulSoup(project.page(folder, "index"), "html.parser")
    texts = {link["href"]: " ".join(link.get_text(" ").split()) for link in soup.select("table a[href]")}
    assert {name: texts.get(f"{name}.html") for name in names} == {names[0]: "5", names[1]: "10"}
    row = next(row for row in soup.select("table tr") if row.find("th", string="calls"))
    assert [cell.get_text(strip=True) for cell in row.find_all("td")] == ["15", "30"]
    expect_whole_runs(project, [DAY, folder], earlier, latest=folder)


def test_tables_of_each_value_and_of_a_report_that_fails_are_files_and_sheets(project):
    earlier = project.fingerprints()
    project.notebook("selection", "## Call", TOLD, "Told([Figure('calls', contacts * 3)])", parameters=CONTACTS)
    project.notebook("portfolio", "## Who", TOLD, "Told([Figure('people', 7)])", "1 / 0", "Told([Figure('people', 8)])")
    assert project.run_here("--each", "contacts=5,10")[0] == 1
    folder = project.reports / f"{DAY}.2"
    names = [path for stage in project.record(folder.name)["stages"] for path in stage["files"]]
    told = ["portfolio", "selection-contacts-5", "selection-contacts-10"]
    assert names == [f"files/{name}/told.csv" for name in told]
    assert [(folder / name).read_text("utf-8-sig") for name in names] == [f"customers\n{n}\n" for n in (7, 15, 30)]
    book = CalamineWorkbook.from_path(folder / "portfoy.xlsx")
    assert [book.get_sheet_by_name(name).to_python() for name in book.sheet_names[2:]] == [
        [["Customers"], [number]] for number in (7, 15, 30)
    ]
    assert [row[:2] for row in book.get_sheet_by_index(0).to_python()[1:4]] == [
        ["Portfolio", "Who"],
        ["Selection (contacts = 5)", "Call"],
        ["Selection (contacts = 10)", "Call"],
    ]
    expect_whole_runs(project, [DAY, folder.name], earlier)


def test_a_file_of_parameters_that_is_wrong_is_one_line_and_nothing_is_written(project):
    earlier = project.fingerprints()
    project.notebook("selection", "print(contacts)", parameters=CONTACTS)
    errors = {
        'contacts = "many"': "parameter 'contacts' is 'many', not int (customers to call).",
        "[selection]\ncontacts = 5.5": "parameter 'contacts' is 5.5, not int (customers to call).",
        "contact = 5": "no parameter 'contact' in 'selection'; did you mean 'contacts'?",
        "[selektion]\ncontacts = 5": "no report 'selektion'; did you mean 'selection'?",
        'as_of = "2024-01-02"': "parameter 'as_of' is an option: --as-of",
    }
    for number, (text, error) in enumerate(errors.items()):
        assert tomllib.loads(text)
        (project.folder / f"{number}.toml").write_text(text)
        done = project.run_here("selection", "-f", f"{number}.toml", "--out", f"new-{number}")
        assert done == (2, "", f"portfoy report: {number}.toml: {error}\n")
    assert list(project.folder.glob("new-*")) == []
    expect_whole_runs(project, [DAY], earlier)


# --- warm and ordinary kernels -------------------------------------------------------------------------------------


def test_warm_and_ordinary_kernels_show_the_same(project):
    earlier = project.fingerprints()
    project.notebook(
        "selection",
        "import matplotlib.pyplot as plt, numpy as np, pandas as pd, portfoy as pf",
        "## Show",
        "print('one')\nprint('two')",
        "pd.DataFrame({'name': ['a', 'b'], 'value': np.arange(2) / 3})",
        "plt.plot(np.sin(np.arange(100)))\nplt.title('Sine')\nplt.show()",
        TOLD,
        "Told(figures=[Figure('rate', 0.25, 0.2, 0.3, 'share')])",
        "plt.rcParams['savefig.dpi'], plt.get_backend(), pd.get_option('display.max_rows'), __name__",
    )
    assert [project.run_here("selection", *how)[0] for how in ([], ["--isolated"])] == [0, 0]
    runs, shown = [DAY, f"{DAY}.2", f"{DAY}.3"], []
    for run in runs[1:]:
        notebook = nbformat.read(project.reports / run / "notebooks" / "selection.ipynb", as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        shown.append([(cell.source, cell.execution_count, cell.outputs) for cell in cells])
    kinds = [sorted(output.get("data", output)) for _source, _count, outputs in shown[0] for output in outputs]
    assert kinds[:3] == [["name", "output_type", "text"], ["text/html", "text/plain"], ["image/png", "text/plain"]]
    assert len(kinds) == 5
    assert shown[0] == shown[1]
    expect_whole_runs(project, runs, earlier, latest=runs[-1])
