"""Kills and crowds: what `portfoy report` leaves when it, a kernel or the nursery is killed, or it is not alone.

Judges: the system's list of processes, the temporary folder, the files on the shelf, and the next run. A plain run has
a handful of each; the studies have a hundred kills at random moments and fifty pairs of runs at once.
"""

import os
import random
import signal
import sys
import tempfile
import time
from contextlib import suppress

import psutil
import pytest

from helpers import run_here
from portfoy.source import aside
from test_report_process import DAY, WAIT, Project, ended, expect_no_process, expect_whole_runs, newest, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and groups of processes as POSIX has them")
NURSERY = "portfoy.report.nursery"
LONG = 600  # seconds for a run: studies may share the machine with others
SAID = "portfoy report: interrupted; nothing was published."
SOON = "portfoy: interrupted."


@pytest.fixture
def temporary(tmp_path_factory, monkeypatch):
    """The temporary folder of the commands; its name is short, as that of a socket has to be."""
    folder = tmp_path_factory.mktemp("t")
    tempfile.gettempdir()  # that of this process is another one
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(folder))
    return folder


@pytest.fixture
def project(tmp_path, temporary):
    """A project without a run; what its commands leave is ended at last."""
    made = Project(tmp_path / "shop")
    made.folder.mkdir()
    rows = [f"C{number % 7},O{number},2024-01-{1 + number % 28:02},{10 + number}" for number in range(60)]
    (made.folder / "orders.csv").write_text("\n".join(["customer_id,order_id,ordered_on,amount", *rows, ""]))
    made.notebook("portfolio", "## One", "print(6 * 7)")
    yield made
    for process in made.processes():
        with suppress(psutil.Error):
            process.kill()


def nurseries(project):
    """The processes that kernels are forked from; a kernel has the same command line, and one of these as parent."""
    found = {}
    for process in project.processes():
        with suppress(psutil.Error):
            if any(NURSERY in part for part in process.cmdline()):
                found[process.pid] = process
    forked = [process for process in found.values() if process.ppid() in found]
    return [process for process in found.values() if process not in forked], forked


def left_over(folder):
    """What is in the temporary folder, once the next command has cleared what is nobody's."""
    aside.clear()
    return sorted(path.name for path in folder.iterdir())


def expect_clean(project, temporary, monkeypatch, runs):
    """No process, no file beside the runs, which are whole; and the next run is made."""
    expect_no_process(project)
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(temporary))
        assert left_over(temporary) == []
    code, _out, err = run_here(project.folder, "report", "portfolio")
    assert (code, "Traceback" in err) == (0, False), err
    now = project.runs()
    assert len(now) == len(runs) + 1, (now, runs)
    expect_whole_runs(project, now, {}, latest=newest(project, now))
    assert {path.name for path in project.reports.glob(".*")} <= {".lock"}
    return now


def killed_at_random(project, temporary, monkeypatch, number, seed):
    """So many commands, each hit once at a random moment; how often each of (what was hit, exit code) came."""
    rng, counts = random.Random(seed), {}
    whole = time.monotonic()
    assert ended(project.start("portfolio"), LONG)[0] == 0
    whole = time.monotonic() - whole
    runs = project.runs()
    for _kill in range(number):
        what = rng.choice(["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP", "kernel", "nursery"])
        moment, begun = rng.random() * whole, time.monotonic()
        command = project.start("portfolio")
        with suppress(psutil.TimeoutExpired):
            psutil.Process(command.pid).wait(moment)
        if what in ("kernel", "nursery"):
            place = int(what == "kernel")
            with suppress(AssertionError):  # the run was over before there was one
                until(lambda at=place, run=command: nurseries(project)[at] or run.poll() is not None, "", seconds=60)
            for process in nurseries(project)[place]:
                with suppress(psutil.Error):
                    process.kill()
        else:
            for _again in range(1 if what == "SIGKILL" else rng.choice([1, 3])):
                command.send_signal(getattr(signal, what))
        code, out, err = ended(command, LONG)
        about = (what, round(moment, 2), code, err)
        assert "Traceback" not in err, about
        if code in (0, 3):
            assert (what != "nursery" or code == 0, len(out.splitlines())) == (True, 3), about
            whole = whole if what in ("kernel", "nursery") else time.monotonic() - begun
        elif code == 130:
            assert err.splitlines()[-1] in (SAID, SOON), about
            assert err.count("interrupted") == 1, about
        else:  # killed, or signalled before the first line of ours
            assert what.startswith("SIG"), about
            assert -code == getattr(signal, what), about
            assert what == "SIGKILL" or err == "", about
        before = {*runs, *({max(project.runs() - set(runs), default="")} if code in (0, 3) else ())} - {""}
        if what != "SIGKILL":
            assert {path.name for path in temporary.iterdir()} == set(), about
        runs = expect_clean(project, temporary, monkeypatch, before)
        counts[what, code] = counts.get((what, code), 0) + 1
        print(f"{sum(counts.values())}: {what} after {moment:.1f} s -> exit {code}", flush=True)  # with -s
        if len(runs) > 12:
            assert run_here(project.folder, "prune", "--keep", 2)[0] == 0
            runs = project.runs()
    return counts


def at_once(project, pairs, *arguments):
    """So many pairs of commands at once, each pair for a shelf of its own; both of each have a whole run."""
    for pair in range(pairs):
        project.reports = project.folder / f"shelf-{pair}"
        commands = [project.start("portfolio", "--out", project.reports, *arguments) for _command in range(2)]
        ends = [ended(command, LONG) for command in commands]
        assert [code for code, _out, _err in ends] == [0, 0], ends
        assert not any("Traceback" in err for _code, _out, err in ends)
        runs = project.runs()
        assert runs == {DAY, f"{DAY}.2"}
        expect_whole_runs(project, runs, {}, latest=newest(project, runs))
        assert {path.name for path in project.reports.glob(".*")} <= {".lock"}
        print(f"pair {pair + 1}: both whole", flush=True)
    expect_no_process(project)


# --- a handful ------------------------------------------------------------------------------------------------------


def test_a_nursery_that_is_killed_while_a_report_runs_is_no_loss(project, temporary, monkeypatch):
    project.notebook(
        "selection", "## Wait", WAIT, "import os; print(os.environ['MPLBACKEND'], os.environ['OMP_NUM_THREADS'])"
    )
    command = project.start("selection", "--jobs", 1)
    (kernel,) = project.reached()
    ((nursery,), _kernels) = nurseries(project)
    nursery.kill()
    other = next(pid for pid in project.reached(2) if pid != kernel)
    assert not psutil.pid_exists(kernel) or psutil.Process(kernel).status() == psutil.STATUS_ZOMBIE
    assert psutil.pid_exists(other)
    (project.folder / "go").touch()
    code, _out, err = ended(command, LONG)
    assert (code, "Traceback" in err) == (0, False), err
    assert "module://matplotlib_inline.backend_inline" in project.page(DAY, "selection")
    expect_clean(project, temporary, monkeypatch, {DAY})


@pytest.mark.parametrize("seed", [1, 2])
def test_a_few_kills_leave_nothing(project, temporary, monkeypatch, seed):
    killed_at_random(project, temporary, monkeypatch, 2, seed)


def test_two_runs_at_once_take_a_place_each(project):
    at_once(project, 1)


# --- many -----------------------------------------------------------------------------------------------------------


@pytest.mark.study
def test_a_hundred_kills_at_random_moments_leave_nothing(project, temporary, monkeypatch, capsys):
    counts = killed_at_random(project, temporary, monkeypatch, int(os.environ.get("PORTFOY_KILLS", 100)), 2026)
    with capsys.disabled():
        print("\n" + "\n".join(f"{what} -> exit {code}: {n}" for (what, code), n in sorted(counts.items())))


@pytest.mark.study
def test_fifty_pairs_of_runs_at_once_take_a_place_each(project):
    at_once(project, 50, "--isolated")
