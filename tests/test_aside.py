"""Temporary folders: nothing of customers stays behind a process that was killed. Judge: the folder, looked into."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

AT_WORK = """
import sys
from portfoy.source import aside
from portfoy.source.files import embedded
engine = embedded()
(aside.folder() / "orders.txt").write_text("C00541")
print(aside.folder(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def at_work(tmp_path):
    """A function that starts a process with a temporary folder in tmp_path: the process and the folder."""
    started = []

    def begin():
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        environment = {**os.environ, "TMPDIR": str(tmp_path), "TEMP": str(tmp_path), "TMP": str(tmp_path)}
        process = subprocess.Popen([sys.executable, "-c", AT_WORK], env=environment, **pipes)
        started.append(process)
        return process, Path(process.stdout.readline().strip())

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_what_a_killed_process_left_the_next_one_clears_and_no_other(at_work, tmp_path, monkeypatch):
    shelf = tmp_path / "portfoy-of-somebody"
    shelf.mkdir()
    with FileLock(shelf / ".lock"):  # as a run takes it
        (shelf / "2026-06-30").mkdir()
    killed, remains = at_work()
    killed.kill()
    killed.wait()
    assert (remains / "orders.txt").exists()
    living, its = at_work()
    assert not remains.exists()
    ends, own = at_work()
    assert (its / "orders.txt").exists(), "its process is at work"
    ends.communicate("")
    assert not own.exists(), "it ended as it should"
    assert living.poll() is None
    assert (shelf / "2026-06-30").exists(), "a shelf is no remains, whatever it is called"


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files are not those of Windows")
def test_the_folder_is_its_owner_s_alone(at_work):
    _process, folder = at_work()
    assert not folder.stat().st_mode & 0o077


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is forked there")
def test_a_forked_process_leaves_the_folder_of_its_parent(monkeypatch, tmp_path):
    from portfoy.source import aside

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(aside, "_OURS", {})
    own = aside.folder()
    child = os.fork()
    if not child:
        aside._leave(os.getppid())
        os._exit(int(aside.folder() == own))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert own.exists()
