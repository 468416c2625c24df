"""Kills and crowds: what `portfoy report` leaves when it, a kernel or the nursery is killed, or it is not alone.

Judges: the system's list of processes, the temporary folder, the files on the shelf, and the next run. A plain run has
a handful of each; the studies have a hundred kills at random moments and fifty pairs of runs at once.
"""

import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress

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


def crowd(project, number, *, prune):
    shutil.rmtree(project.reports, ignore_errors=True)
    commands = [project.start("portfolio", "--jobs", 1) for _command in range(number)]
    pruned = 0
    while prune and any(command.poll() is None for command in commands):
        if project.reports.is_dir() and project.runs():
            code, _out, err = run_here(project.folder, "prune", "--keep", 1)
            assert code == 0, err
            pruned += 1
        time.sleep(0.2)
    ends = [ended(command, LONG) for command in commands]
    assert [code for code, _out, _err in ends] == [0] * number, ends
    runs = project.runs()
    if not prune:
        assert runs == {DAY, *(f"{DAY}.{place}" for place in range(2, number + 1))}
    assert runs
    assert pruned or not prune
    expect_whole_runs(project, runs, {}, latest=newest(project, runs))
    assert {path.name for path in project.reports.glob(".*")} <= {".lock"}
    expect_no_process(project)


STARTER = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, "-m", "portfoy", *sys.argv[1:]])
"""
COMMANDS = {  # what is killed -> what it must have left where it came to its end: path -> how it ends
    "check": (["check", "big.csv"], {}),
    "map": (["map", "big.csv", "--out", "out/big.toml"], {"big.toml": b'amount = "amount"\n'}),
    "simulate": (["simulate", "--customers", "100", "--out", "out"], {"transactions.csv": b"\n", "ratings.csv": b"\n"}),
    "pull": (["pull", "sqlite://big.sqlite", "--out", "out"], {"transactions/all.parquet": b"PAR1"}),
    "lessons": (["lessons", "start", "out"], {"0a_who_we_know.ipynb": b"}\n", "6c_the_decision.ipynb": b"}\n"}),
    "schedule": (["schedule", "--kind", "cron"], {}),
}


@pytest.fixture
def shop(tmp_path, temporary):
    """A folder with 20,000 order lines, in a file and in SQLite."""
    rows = [f"C{number % 907},O{number},2024-{1 + number % 12:02}-05,{number % 90}" for number in range(20_000)]
    (tmp_path / "big.csv").write_text("\n".join(["customer_id,order_id,ordered_on,amount", *rows, ""]))
    with closing(sqlite3.connect(tmp_path / "big.sqlite")) as base:
        base.execute("CREATE TABLE transactions (customer_id TEXT, order_id TEXT, ordered_on DATE, amount REAL)")
        base.executemany("INSERT INTO transactions VALUES (?, ?, ?, ?)", [row.split(",") for row in rows])
        base.commit()
    return tmp_path


def broken_off(shop, temporary, monkeypatch, name, what, share, whole):
    """Start a command, send it a signal (`what` is how often, and which), and look at what it leaves; its exit code."""
    command, left = COMMANDS[name]
    out, (times, signal_name) = shop / "out", what
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    with (shop / "said").open("wb") as said:
        kinds = {"stdin": subprocess.DEVNULL, "stdout": said, "stderr": subprocess.PIPE}
        process = subprocess.Popen([sys.executable, "-c", STARTER, *command], cwd=shop, text=True, **kinds)
        with suppress(subprocess.TimeoutExpired):
            process.wait(share * whole)
        for _again in range(times):
            process.send_signal(getattr(signal, signal_name))
        _nothing, err = process.communicate(timeout=LONG)
    about, code = (name, what, round(share * whole, 2), process.returncode, err), process.returncode
    assert "Traceback" not in err, about
    if code == 130:
        assert re.search(r": interrupted(\.|; nothing was published\.)$", err.strip()), about
        assert err.count("interrupted") == 1, about
    elif code:
        assert (-code, err) == (getattr(signal, signal_name), ""), about
    there = {path for path in left if (out / path).exists()}
    for path in there:  # whole where it is: what is half is under another name
        assert (out / path).read_bytes().endswith(left[path]), about
    assert code or there == {*left}, about
    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(temporary))
        assert signal_name == "SIGKILL" or {*temporary.iterdir()} == set(), about
        assert left_over(temporary) == [], about
    if signal_name != "SIGKILL":
        assert [path.name for path in out.rglob(".portfoy-*")] == [], about
    print(f"{name}: {times} x {signal_name} after {share * whole:.1f} s -> exit {code}", flush=True)  # with -s
    return code


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


@pytest.mark.parametrize(
    ("name", "what", "share"),
    [
        ("check", (1, "SIGINT"), 0.8),
        ("map", (3, "SIGINT"), 0.6),
        ("simulate", (1, "SIGTERM"), 0.9),
        ("pull", (1, "SIGKILL"), 0.8),
        ("lessons", (1, "SIGHUP"), 0.7),
    ],
)
def test_other_commands_that_are_broken_off_leave_nothing_half(shop, temporary, monkeypatch, name, what, share):
    broken_off(shop, temporary, monkeypatch, name, what, share, whole=4)


LONG_QUERY = """
from portfoy.source.files import embedded
from portfoy.terminal import one_line
with one_line("check"):
    embedded().disconnect()  # one that is closed has nothing to end
    engine = embedded()
    print("begun", flush=True)
    engine.sql("SELECT count(*) AS n FROM range(100000000000) AS t(i) WHERE hash(i) % 7 = 3").to_pyarrow()
"""


LONG_TEXT = """
import portfoy.cli
from portfoy.__main__ import main
from portfoy.terminal import one_line
def executed(**_given):
    with one_line("check"):
        exec("import time; print('begun', flush=True); time.sleep(600)")
portfoy.cli.main = executed
main()
"""


@pytest.mark.parametrize("code", [LONG_QUERY, LONG_TEXT], ids=["a query", "a text that is executed"])
def test_an_interrupt_ends_what_takes_long_with_one_line(tmp_path, temporary, code):
    heard = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"  # the tests may run under nohup
    (tmp_path / "long.py").write_text(heard + code)  # as a module, as the command is: Python ends that in its own way
    kinds = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": tmp_path}
    with subprocess.Popen([sys.executable, "-m", "long"], **kinds) as process:
        assert process.stdout.readline() == "begun\n"
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=100)
    assert (process.returncode, err) == (130, "portfoy check: interrupted.\n")
    assert list(temporary.iterdir()) == []


# --- many -----------------------------------------------------------------------------------------------------------


@pytest.mark.study
def test_a_hundred_kills_at_random_moments_leave_nothing(project, temporary, monkeypatch):
    number, seed = (
        int(os.environ.get(name, usual)) for name, usual in (("PORTFOY_KILLS", 100), ("PORTFOY_SEED", 2026))
    )
    counts = killed_at_random(project, temporary, monkeypatch, number, seed)
    print("\n" + "\n".join(f"{what} -> exit {code}: {n}" for (what, code), n in sorted(counts.items())))  # with -s


@pytest.mark.study
def test_fifty_pairs_of_runs_at_once_take_a_place_each(project):
    at_once(project, 50, "--isolated")


@pytest.mark.study
def test_other_commands_are_broken_off_at_random_moments(shop, temporary, monkeypatch):
    rng, counts = random.Random(int(os.environ.get("PORTFOY_SEED", 7))), Counter()
    whole = {}
    for name, (command, _left) in COMMANDS.items():
        (shop / "out").mkdir()
        begun = time.monotonic()
        subprocess.run([sys.executable, "-m", "portfoy", *command], cwd=shop, check=True, capture_output=True)
        whole[name] = time.monotonic() - begun
        shutil.rmtree(shop / "out")
    for _kill in range(int(os.environ.get("PORTFOY_KILLS", 100))):
        what = rng.choice([(1, "SIGKILL"), (1, "SIGTERM"), (1, "SIGINT"), (3, "SIGINT"), (1, "SIGHUP")])
        name = rng.choice(list(COMMANDS))
        code = broken_off(shop, temporary, monkeypatch, name, what, rng.random(), whole[name])
        counts[name, *what, code] += 1
    for (name, times, what, code), number in sorted(counts.items()):
        print(f"{name}: {times} x {what} -> exit {code}: {number}")  # with -s


@pytest.mark.study
def test_ten_runs_at_once_are_whole_and_prune_takes_only_what_is_old(project):
    """Ten commands for one shelf, and `prune` again and again while they run."""
    crowd(project, 10, prune=False)
    crowd(project, 4, prune=True)
