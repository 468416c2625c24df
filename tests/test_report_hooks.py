"""The user's own command after a run. Judge: real shells, and what they write down."""

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from portfoy.report import hooks

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the hooks of these tests are written for sh")
ODD = 'Ayşe\'s "best" shop; $HOME `x` 50% & more'


def run(command, *, record=None, folder=None, code=0, message="", **given):
    return hooks.run_hook(command, record=record, folder=folder, code=code, message=message, **given)


def told(tmp_path, monkeypatch, **given):
    """The four variables, as a hook found them."""
    monkeypatch.chdir(tmp_path)
    names = ("PORTFOY_RUN", "PORTFOY_FOLDER", "PORTFOY_EXIT", "PORTFOY_MESSAGE")
    said = "; ".join(f"printf '%s\\n' \"${{{name}-unset}}\"" for name in names)
    assert run(f"{{ {said}; }} > told", **given) == ""
    return (tmp_path / "told").read_text(encoding="utf-8").splitlines()


def test_a_hook_is_told_how_the_run_went_and_names_reach_it_as_they_are(tmp_path, monkeypatch):
    folder = Path("reports", ODD)
    found = told(tmp_path, monkeypatch, record=folder / "run.json", folder=folder, code=3, message="a\n b\tfailed ")
    assert found == [f"{tmp_path}/reports/{ODD}/run.json", f"{tmp_path}/reports/{ODD}", "3", "a b failed"]


def test_without_a_run_the_variables_are_empty_and_not_those_of_an_outer_run(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTFOY_RUN", "outer")
    monkeypatch.setenv("PORTFOY_FOLDER", "outer")
    assert told(tmp_path, monkeypatch, code=2, message="no data") == ["", "", "2", "no data"]


def test_what_a_hook_says_goes_to_stderr_after_our_own_words(capfd, monkeypatch):
    with open(2, "w", closefd=False) as ours:
        monkeypatch.setattr(sys, "stderr", ours)
        ours.write("ours, ")
        assert run("echo out; echo err >&2") == ""
    assert capfd.readouterr() == ("", "ours, out\nerr\n")


def test_a_hook_cannot_read_what_is_meant_for_us():
    mine, (end, other) = os.dup(0), os.pipe()
    os.write(other, b"meant for us\n")
    os.dup2(end, 0)
    try:
        assert run("read line; test $? -ne 0") == ""
    finally:
        os.dup2(mine, 0)
        for number in (mine, end, other):
            os.close(number)


def test_a_hook_that_fails_is_reported_in_one_line():
    assert run("true &&\n exit 7") == ("hook 'true && exit 7': ended with exit code 7. Read what it said above.")


def test_a_hook_that_cannot_be_started_is_reported_in_one_line():
    assert run("true", message="a\0b") == ("hook 'true': cannot be started: embedded null byte. Try it in the shell.")


def test_a_hook_that_takes_too_long_is_stopped_with_all_that_it_started(tmp_path):
    command = (
        f"cd '{tmp_path}'; sleep 300 & echo $! > one; setsid sleep 300 & echo $! > two; "
        "(sleep 300 & echo $! > three); wait"  # an orphan
    )
    before = time.monotonic()
    assert run(command, timeout=2) == (f"hook {command!r}: stopped after 2 s. Let it start in the background.")
    assert time.monotonic() - before < 30
    assert not [name for name in ("one", "two", "three") if runs(int((tmp_path / name).read_text()))]


def test_what_a_hook_leaves_in_the_background_goes_on(tmp_path):
    assert run(f"sleep 300 & echo $! > '{tmp_path}/one'") == ""
    process = psutil.Process(int((tmp_path / "one").read_text()))
    assert process.is_running()
    process.kill()


def test_an_interrupted_hook_is_stopped_too(tmp_path, monkeypatch):
    def interrupted(self, timeout=None):
        monkeypatch.undo()
        while not (tmp_path / "one").exists() or not (tmp_path / "one").read_text():
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.Popen.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(f"echo $$ > '{tmp_path}/one'; sleep 300")
    assert not runs(int((tmp_path / "one").read_text()))


def runs(process):
    """Whether a process is there and not just waiting to be buried."""
    end = time.monotonic() + 5  # the system takes a moment to bury the dead
    while time.monotonic() < end:
        try:
            if psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
                return False
        except psutil.NoSuchProcess:
            return False
        time.sleep(0.02)
    return True
