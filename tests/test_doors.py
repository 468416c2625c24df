"""The front door: `portfoy` by itself, lab, test. Judges: JupyterLab, make and git."""

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

from portfoy import doors, remedies
from portfoy.cli import main
from portfoy.course import lessons, start
from portfoy.errors import DataError
from portfoy.terminal import one_line

ROOT = Path(__file__).parent.parent
NAMES = [f"{lessons.stem(sitting)}.ipynb" for sitting in lessons.SITTINGS]


def run(*words):
    done = CliRunner().invoke(main, [str(word) for word in words], prog_name="portfoy")
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to work in, and programs by their names."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


# Without arguments


def test_portfoy_by_itself_shows_three_doors_each_with_a_command_there_is(here):
    code, said, error = run()
    assert (code, error) == (0, "")
    found = re.findall(r"^  (\w+) +portfoy (\w+)", said, flags=re.M)
    assert found == [("Student", "lab"), ("Analyst", "map"), ("Teacher", "doctor")]
    assert {command for _who, command in found} <= set(main.commands)
    assert said.splitlines()[-1] == "All commands: portfoy --help"
    assert max(map(len, said.splitlines())) <= 100


def test_a_command_is_shown_as_it_is_typed_here(monkeypatch, tmp_path):
    """Where the environment is not active, as after make: by its path, which a shell must be able to run."""
    scripts = tmp_path / "my place" / "bin"
    scripts.mkdir(parents=True)
    for name in ("python", "portfoy"):
        (scripts / name).write_text("#!/bin/sh\necho here\n")
        (scripts / name).chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(scripts / "python"))
    monkeypatch.setenv("PATH", os.defpath)
    for folder, shown in ((scripts.parent, Path("bin/portfoy")), (scripts, Path("portfoy")), (Path.home(), None)):
        monkeypatch.chdir(folder)
        assert remedies.called("portfoy") == (str(shown) if shown else f'"{scripts / "portfoy"}"')
    ran = subprocess.run(remedies.called("portfoy"), shell=True, capture_output=True, text=True, check=True)
    assert ran.stdout == "here\n"
    monkeypatch.setenv("PATH", str(scripts))
    assert remedies.called("portfoy") == "portfoy"


# lab


def test_lab_begins_a_folder_and_leaves_what_is_there(here):
    place, copied = start.desk()
    assert (place, copied) == (Path("my-course", NAMES[0]), NAMES)
    assert sorted(path.name for path in Path("my-course").iterdir()) == sorted(NAMES)
    place.write_text("mine")
    Path("my-course", NAMES[1]).unlink()
    assert start.desk() == (place, [])
    assert (place.read_text(), Path("my-course", NAMES[1]).exists()) == ("mine", False)


def test_lab_opens_what_it_is_told_and_copies_only_into_what_is_new_or_empty(here):
    for name in ("empty", "reports"):
        Path(name).mkdir()
    Path("reports", "mine.ipynb").write_text("{}")
    assert start.desk("empty") == (Path("empty", NAMES[0]), NAMES)
    assert start.desk("reports") == (Path("reports"), [])
    assert start.desk(Path("reports", "mine.ipynb")) == (Path("reports", "mine.ipynb"), [])
    assert os.listdir("reports") == ["mine.ipynb"]


def test_lab_begins_a_folder_with_a_seed_and_says_no_to_another(here, monkeypatch):
    made = []
    monkeypatch.setattr(start, "companies", lambda folder, seed: made.append((folder, seed)))
    assert start.desk("capstone", seed=7) == (Path("capstone", NAMES[0]), NAMES)
    assert start.desk("capstone", seed=7) == (Path("capstone", NAMES[0]), [])
    assert start.desk("capstone")[1] == []
    assert made == [(Path("capstone"), 7)] * 2
    with pytest.raises(DataError, match="was started with --seed 7"):
        start.desk("capstone", seed=8)


def test_lab_inside_the_folder_of_a_student_stays_there(here, monkeypatch):
    start.desk()
    monkeypatch.chdir("my-course")
    assert start.desk() == (Path(NAMES[0]), [])


@pytest.mark.parametrize("where", ["notebooks/lessons", f"notebooks/lessons/{NAMES[0]}", None])
def test_lab_never_opens_the_editions_that_others_begin_with(where, monkeypatch):
    monkeypatch.chdir(ROOT if where else ROOT / "notebooks" / "lessons")
    code, out, error = run(*["lab", where][: 2 if where else 1])
    assert (code, out) == (2, "")
    said = "holds the notebooks that others are copied from. Leave it, then: portfoy lab my-course\n"
    assert error == f"portfoy lab: {Path(where) if where else '.'}: {said}"


def test_a_notebook_that_is_not_there_is_said_so(here):
    assert run("lab", "x.ipynb") == (2, "", "portfoy lab: x.ipynb: there is no such notebook. Give one, or a folder.\n")
    assert os.listdir() == []


def test_git_sees_nothing_of_what_a_student_writes():
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    ignored = subprocess.run(["git", "check-ignore", "-q", f"{start.FOLDER}/{NAMES[0]}"], cwd=ROOT, check=False)
    assert ignored.returncode == 0


def test_jupyterlab_opens_at_the_first_sitting(here):
    """The judge: a JupyterLab started so; where its address leads, and the notebook it holds there."""
    Path("config").mkdir()
    Path("config", "jupyter_server_config.json").write_text(
        '{"ServerApp": {"allow_root": true}, "IdentityProvider": {"token": ""}}'
    )
    own = {f"JUPYTER_{kind}_DIR": str(here / kind.lower()) for kind in ("CONFIG", "RUNTIME", "DATA")}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "portfoy", "lab", "--no-browser", "--port", str(port)]
    with open("log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | own, stdin=subprocess.DEVNULL)
    try:
        leads, end = "", time.monotonic() + 120
        while not leads:
            assert (server.poll(), time.monotonic() < end) == (None, True), Path("log").read_text()
            try:
                leads = urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20).url
            except OSError:
                time.sleep(0.3)
        assert leads.partition("?")[0] == f"http://127.0.0.1:{port}/lab/tree/{NAMES[0]}"
        page = urllib.request.urlopen(leads, timeout=20).read().decode()
        assert '"news": {"disabled": true}' in page  # no question, and nothing is asked of anybody outside
        update = f"http://127.0.0.1:{port}/lab/api/update"
        assert json.loads(urllib.request.urlopen(update, timeout=20).read()) == {"notification": None}
        held = urllib.request.urlopen(f"http://127.0.0.1:{port}/api/contents/{NAMES[0]}", timeout=20).read()
        assert b'"type": "notebook"' in held
    finally:
        server.terminate()
        server.wait(60)
    assert Path("log").read_text().startswith(f"{len(NAMES)} sittings copied to my-course\n")


def test_without_the_course_its_commands_say_in_one_line_what_brings_it(here, monkeypatch):
    """The judge: what pip takes, the name of the project and of its extra."""
    monkeypatch.setattr(remedies, "project", lambda: None)  # installed from a wheel
    monkeypatch.setattr(doors, "find_spec", lambda name: None if name == "jupyterlab" else name)
    brings = 'is not installed; run: python -m pip install "portfoy[course]"\n'
    assert run("lab") == (2, "", f"portfoy lab: jupyterlab {brings}")
    assert os.listdir() == []
    for name in ("nbconvert", "nbconvert.filters.highlight"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run("lessons", "key", "0b") == (2, "", f"portfoy lessons key: nbconvert {brings}")
    assert run("lessons", "start", "mine")[0] == 0


def test_a_module_of_our_own_that_is_missing_is_no_fault_of_the_machine():
    with pytest.raises(ModuleNotFoundError), one_line("lab"):
        import_module("portfoy.nowhere")


# test


def test_test_runs_what_make_test_runs(monkeypatch):
    """The judge: make, which prints its commands."""
    if not shutil.which("make"):
        pytest.skip("there is no make")
    printed = subprocess.run(["make", "-n", "test", "ARGS=-k rfm"], cwd=ROOT, capture_output=True, text=True).stdout
    lines = [shlex.split(line) for line in printed.splitlines() if "-m pytest" in line]
    ran = []
    monkeypatch.setattr(subprocess, "call", lambda command, **how: ran.append((command, how)))
    assert run("test", "--", "-k", "rfm") == (0, "", "")
    assert [command[2:] for command, _how in ran] == [line[line.index("-m") + 1 :] for line in lines]
    for line, (command, how) in zip(lines, ran, strict=True):
        assert (command[0], how["cwd"]) == (sys.executable, ROOT)
        for name, value in (word.split("=") for word in line[: line.index("-m") - 1]):
            assert how["env"][name] == value, name


def test_tests_that_fail_end_with_the_code_of_pytest_before_any_notebook(here, capfd):
    code, _out, _error = run("test", "--", "-n0", "tests/no_such_test.py")
    out, error = capfd.readouterr()
    assert (code, "no_such_test" in out + error, "nbval" in out + error) == (4, True, False)


@pytest.mark.parametrize("root", ["nowhere", "wheel"])
def test_without_the_repository_test_says_in_one_line_what_is_missing(here, monkeypatch, root):
    (here / "wheel").mkdir()
    monkeypatch.setattr(remedies, "project", lambda: here / root if root == "wheel" else None)
    said = "the tests are not here; only the repository has them. Run it in a copy of that."
    assert run("test") == (2, "", f"portfoy test: {said}\n")


def test_without_pytest_test_says_the_command_that_brings_it(here, monkeypatch):
    monkeypatch.setattr(doors, "find_spec", lambda name: None if name in ("pytest", "nbval") else name)
    lock = ROOT / "requirements.lock"
    said = f'pytest, nbval not installed; run: python -m pip install -r "{lock}"'
    assert run("test") == (2, "", f"portfoy test: {said}\n")
    monkeypatch.chdir(ROOT)
    assert run("test")[2].endswith("python -m pip install -r requirements.lock\n")
