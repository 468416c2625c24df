"""No command ends in a traceback: targets that cannot be written, files that are none. Judge: what a user sees."""

import gzip
import os
import re
import subprocess
import sys

import duckdb
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


ROWS = ORDERS.splitlines(keepends=True)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)  # as old workbooks begin, and those with a password
FILES = {  # name -> content, and what the one line of check says of it
    "empty.csv": (b"", "is empty. Export it again."),
    "header.csv": (ROWS[0].encode(), "there are no rows. Check the file and its filters."),
    "blank.csv": (b" \n \t\n\n", "holds only blank lines. Export it again."),
    "nul.csv": (bytes(5000), "is no text table (100% of its first bytes are control codes). Export it as CSV."),
    "endless.csv": (b"x" * 5_000_000, "no line ends in 4 MiB. Export it again, one row a line."),
    "cut.csv.gz": (gzip.compress(ORDERS.encode())[:40], "is not a whole gzip file. Export it again."),
    "cut.parquet": (b"PAR1" + bytes(400), "cannot be read: "),
    "cut.xlsx": (b"PK\x03\x04" + bytes(400), "is an archive and no workbook. Save it as CSV."),
    "old.xls": (OLE, "is an archive and no workbook. Save it as CSV."),
    "shop.sqlite": (b"SQLite format 3\0" + bytes(400), "is an SQLite file. Give its address, sqlite://"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_what_its_name_says_is_one_line_and_nothing_is_written(tmp_path, name):
    content, said = FILES[name]
    (tmp_path / name).write_bytes(content)
    assert said in one_line("check", *run_here(tmp_path, "check", name))
    assert [path.name for path in tmp_path.iterdir()] == [name]


HUGE = {"HUGEINT": 2**127 - 1, "DECIMAL(38, 2)": 10**28, "DOUBLE": 10**28}


@pytest.mark.parametrize("kind", HUGE)
@pytest.mark.parametrize("suffix", ["duckdb", "parquet", "csv"])
def test_amounts_of_any_size_are_added_up(tmp_path, kind, suffix):
    """Judge: Python's whole numbers, as far as a number with 15 digits can follow them."""
    path = tmp_path / f"huge.{suffix}"
    table = "SELECT chr(65 + i::INT) AS customer_id, i::VARCHAR AS order_id, DATE '2025-01-01' + i::INT AS ordered_on, "
    table += f"{HUGE[kind]}::{kind} AS amount FROM range(3) AS t(i)"
    with duckdb.connect(str(path) if suffix == "duckdb" else ":memory:") as engine:
        engine.execute(f"CREATE TABLE transactions AS {table}")
        if suffix != "duckdb":
            engine.execute(f"COPY transactions TO '{path}'")
    code, out, err = run_here(tmp_path, "check", path.name)
    assert (code, err) == (0, "")
    numbers = [int(text.replace(",", "")) for text in re.findall(r"\d[\d,]{24,}", out)]
    assert any(abs(number / (3 * HUGE[kind]) - 1) < 1e-14 for number in numbers), out


LINE_ENDS = {
    "from CRLF to LF": "".join(ROWS[:2]).replace("\n", "\r\n") + "".join(ROWS[2:]),
    "from LF to CRLF": "".join(ROWS[:2]) + "".join(ROWS[2:]).replace("\n", "\r\n"),
    "CR alone": ORDERS.replace("\n", "\r"),
    "one CR among LF": ORDERS.replace("10\n", "10\r"),
}


@pytest.mark.parametrize("ends", LINE_ENDS)
def test_line_ends_that_change_within_a_file_cost_no_row(tmp_path, ends):
    (tmp_path / "t.csv").write_bytes(LINE_ENDS[ends].encode())
    code, out, err = run_here(tmp_path, "check", "t.csv")
    assert (code, err) == (0, "")
    assert out.startswith("t: 3 of 3 order lines are used: 2 customers, 3 orders")


def test_a_stray_byte_after_4_mib_of_clean_text_costs_no_row(tmp_path):
    rows = "".join(f"C{number % 70},O{number},2025-01-0{1 + number % 9},5\n" for number in range(230_000))
    whole = (ROWS[0] + rows).encode()
    assert len(whole) > 4 * 2**20
    (tmp_path / "t.csv").write_bytes(whole + b"C\xe9,last,2025-01-05,7\n")
    code, out, err = run_here(tmp_path, "check", "t.csv")
    assert (code, "230,001 order lines" in out) == (0, True), err
    assert "Traceback" not in err


def test_five_thousand_columns_are_read(tmp_path):
    more, blank = "".join(f",c{number}" for number in range(5_000)), "," * 5_000
    lines = [ROWS[0].strip() + more, *(row.strip() + blank for row in ROWS[1:])]
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    code, out, err = run_here(tmp_path, "check", "t.csv")
    assert (code, out.startswith("t: 3 of 3 order lines are used")) == (0, True), err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has /dev/full")
@pytest.mark.parametrize("command", [["--help"], [], ["report", "--help"], ["parameters", "selection"]])
def test_what_cannot_be_written_to_the_terminal_is_one_line(here, command):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "portfoy", *command]
        done = subprocess.run(command, cwd=here, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.endswith(
        "the output: cannot be read or written: No space left on device. Correct that, or give another place."
    )
