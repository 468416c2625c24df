"""No command ends in a traceback: targets that cannot be written, files that are none. Judge: what a user sees."""

import os
import subprocess
import sys

import pytest

from helpers import run_here

ORDERS = "customer_id,order_id,ordered_on,amount\nA,1,2025-01-01,10\nB,2,2025-02-01,20\nA,3,2025-03-01,5\n"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


@pytest.fixture
def here(tmp_path):
    (tmp_path / "t.csv").write_text(ORDERS)
    (tmp_path / "inside.csv").mkdir()
    deep = "[transactions]\nvalues = " + "{a=" * 3000 + "1" + "}" * 3000
    (tmp_path / "deep.toml").write_text(deep)
    return tmp_path


def one_line(command, code, _out, err):
    """The line that a command ends with, if it is one."""
    assert code in (1, 2), (command, code)
    (line,) = err.strip().splitlines()
    assert line.startswith(f"portfoy {command}: "), err
    return line


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (
            ["map", "t.csv", "--out", "no/such/x.toml"],
            "no/such/x.toml: cannot be read or written: No such file or direc",
        ),
        (
            ["simulate", "--customers", "100", "--out", "t.csv"],
            "t.csv/truth: cannot be read or written: Not a directory",
        ),
        (["check", "deep.toml"], "deep.toml: is no TOML: "),
        (["check", "inside.csv"], "inside.csv: no transactions.csv"),
        (["report", "-f", "deep.toml", "--data", "t.csv"], "deep.toml: is not TOML: "),
        (["lessons", "slides", "0b", "--out", "t.csv"], "t.csv"),
    ],
)
def test_what_cannot_be_written_or_read_is_one_line(here, command, said):
    name = " ".join(command[:2]) if command[0] == "lessons" else command[0]
    assert said in one_line(name, *run_here(here, *command))


@POSIX
@pytest.mark.parametrize(
    "command", [["check", "pipe.csv"], ["map", "pipe.csv"], ["check", "/dev/zero"], ["map", "/dev/zero"]]
)
def test_a_pipe_or_a_device_is_refused_and_not_waited_for(here, command):
    os.mkfifo(here / "pipe.csv")
    line = one_line(command[0], *run_here(here, *command))
    assert line == f"portfoy {command[0]}: {command[1]}: is no file or folder. Save it as a file."


@POSIX
@pytest.mark.parametrize("command", ["check", "map"])
def test_a_name_that_is_not_utf8_is_one_line(here, command):
    name = b"bad\xff.csv"
    try:
        (here / os.fsdecode(name)).write_text(ORDERS)
    except OSError:
        pytest.skip("this file system takes no such name")
    line = one_line(command, *run_here(here, command, os.fsdecode(name)))
    assert "its name is not UTF-8. Rename it." in line


@POSIX
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has /dev/full")
def test_a_full_disk_below_the_output_is_one_line(here):
    command = [sys.executable, "-m", "portfoy", "check", "t.csv"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, cwd=here, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "the output: cannot be read or written: No space left on device." in done.stderr
