"""No command ends in a traceback: targets that cannot be written, files that are none. Judge: what a user sees."""

import gzip
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pytest

from helpers import run_here

ORDERS = "customer_id,order_id,ordered_on,amount\nA,1,2025-01-01,10\nB,2,2025-02-01,20\nA,3,2025-03-01,5\n"
ROWS = ORDERS.splitlines(keepends=True)
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
            "t.csv: cannot be read or written: File exists",
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


DEEP = {"lists": ("x = " + "[" * 10_000, "is no TOML: "), "dots": ("a." * 10_000 + "a = 1", "its tables are too deep")}
DEEP["fifty megabytes"] = f'name = "{"x" * 50_000_000}"\nunheard = 1', "unknown settings: 'unheard'"


@pytest.mark.parametrize("kind", DEEP)
def test_settings_of_any_depth_and_size_are_one_line(tmp_path, kind):
    text, said = DEEP[kind]
    (tmp_path / "portfoy.toml").write_text(text)
    (tmp_path / "transactions.csv").write_text(ORDERS)
    line = one_line("check", *run_here(tmp_path, "check", "portfoy.toml"))
    assert said in line
    assert len(line) < 2_000


def test_a_scheme_may_be_written_in_capitals(tmp_path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as engine:
        engine.execute(
            f"CREATE TABLE transactions AS FROM (VALUES ('A', '1', DATE '2025-01-01', 10)) t({ROWS[0].strip()})"
        )
    for scheme in ("DuckDB", "DUCKDB", "duckdb", "FILE"):
        code, out, err = run_here(tmp_path, "check", f"{scheme}://shop.duckdb")
        assert (code, "1 of 1 order lines are used" in out) == (0, True), err
    line = one_line("check", *run_here(tmp_path, "check", "POSTGRES://me:s3cret@127.0.0.1:1/shop"))
    assert "POSTGRES://***@127.0.0.1:1/shop: " in line


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


# --- nothing can be written -----------------------------------------------------------------------------------------


def tree(folder):
    """Every file and folder below, with what is in it."""
    paths = [path for path in folder.rglob("*") if path.name not in ("-wal", "-shm")]
    return {str(path.relative_to(folder)): path.is_file() and path.read_bytes() for path in paths}


@contextmanager
def no_file_above(size):
    """Files of this process end at so many bytes: a disk that fills up, without one."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield "File too large"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def small_disk(folder, size):
    """A disk of so many bytes in the place of an empty folder."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("a small disk is mounted, which only root on Linux may do")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={max(size // 4096, 1) * 4}k", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    (folder / "fill").write_bytes(bytes(100))
    try:
        yield "No space left on device"
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """A folder with orders in a file, in UTF-16, and in SQLite; an empty one, and one for temporary data."""
    rows = [f"C{number % 70},O{number},2024-01-{1 + number % 28:02},{number % 90}" for number in range(9_000)]
    text = "\n".join([ORDERS.splitlines()[0], *rows, ""])
    (tmp_path / "t.csv").write_text(text)
    (tmp_path / "wide.csv").write_bytes(text.encode("utf-16"))
    with sqlite3.connect(tmp_path / "t.sqlite") as base:
        base.execute("CREATE TABLE transactions (customer_id TEXT, order_id TEXT, ordered_on DATE, amount REAL)")
        base.executemany("INSERT INTO transactions VALUES (?, ?, ?, ?)", [row.split(",") for row in rows])
    base.close()
    for name in ("out", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


TARGETS = {  # command -> how many bytes it may write, which is less than it has to
    ("map", "t.csv", "--out", "out/t.toml"): 200,
    ("simulate", "--customers", "100", "--out", "out/made"): 30_000,
    ("pull", "sqlite://t.sqlite", "--out", "out/pulled"): 5_000,
    ("lessons", "quiz", "--out", "out/quiz"): 5_000,
    ("lessons", "start", "out/desk"): 35_000,
}


@POSIX
@pytest.mark.parametrize("kind", ["limit", "disk"])
@pytest.mark.parametrize("command", TARGETS, ids=" ".join)
def test_a_target_without_room_is_one_line_and_stays_as_it_was(shop, command, kind):
    """Judge: the files before and after, byte by byte."""
    size = TARGETS[command]
    with no_file_above(size) if kind == "limit" else small_disk(shop / "out", size) as reason:
        before = tree(shop / "out")
        done = run_here(shop, *command)
        if command[0] == "pull":  # what it has stays, and it goes on from there
            assert {*tree(shop / "out")} - {*before} <= {"pulled", "pulled/pulled.json"}
        else:
            assert tree(shop / "out") == before
        if command[0] == "lessons":
            assert done[0] in (1, 2)
            (line,) = done[2].strip().splitlines()
        else:
            line = one_line(command[0], *done)
            assert done[0] == 1, line
        assert f": cannot be written: {reason}. " in line or f": cannot be read or written: {reason}. " in line
        assert f"{os.sep}out" in line or "out/" in line
    assert [*(shop / "temporary").glob("*/*.csv")] == []
    if command[0] == "pull" and kind == "limit":
        assert run_here(shop, *command)[0] == 0
        assert duckdb.sql(f"SELECT count(*) FROM '{shop}/out/pulled/transactions/*.parquet'").fetchone() == (9_000,)


@POSIX
def test_tables_that_were_simulated_before_stay_where_others_find_no_room(shop):
    assert run_here(shop, "simulate", "--customers", "100", "--out", "out")[0] == 0
    before = tree(shop / "out")
    with no_file_above(30_000):  # enough for customers.csv, which would be new, not for transactions.csv
        assert run_here(shop, "simulate", "--customers", "100", "--seed", "5", "--out", "out")[0] == 1
    assert tree(shop / "out") == before


@POSIX
@pytest.mark.parametrize("command", [["check"], ["map"], ["report", "--data"]], ids=" ".join)
def test_no_room_for_temporary_data_is_said_of_their_folder_and_not_of_the_file(shop, command):
    with no_file_above(20_000):
        line = one_line(command[0], *(done := run_here(shop, *command, "wide.csv")))
    assert done[0] == 1
    assert line == (
        f"portfoy {command[0]}: {shop / 'temporary'}: cannot be written: File too large. "
        "Make room, or name another folder in TMPDIR."
    )
    assert not (shop / "reports").exists()


@POSIX
def test_a_further_table_is_not_set_aside_for_want_of_room(shop):
    leads = "lead_id,created_on,outcome\n" + "".join(f"L{number},2024-01-05,open\n" for number in range(9_000))
    (shop / "out" / "leads.csv").write_bytes(leads.encode("utf-16"))
    (shop / "out" / "transactions.csv").write_text(ORDERS)
    assert run_here(shop, "check", "out")[0] == 0
    with no_file_above(20_000):
        code, out, err = run_here(shop, "check", "out")
    assert (code, out) == (1, ""), err
    assert "cannot be written: File too large. Make room" in err


NOBODY = {"user": 65534, "group": 65534, "extra_groups": []}


@pytest.fixture
def as_nobody():
    """A function that runs the command as another user: exit code, stdout, stderr."""
    if sys.platform == "win32" or os.geteuid() != 0:
        pytest.skip("only root may run a command as somebody else")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    others = filter(None, [sys.executable, shutil.which(version, path="/usr/local/bin:/usr/bin")])
    told = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOME": "/nonexistent"}

    def run(python, folder, *arguments):
        command, env = [python, *arguments], {**told, "TMPDIR": str(folder / "temporary")}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, **NOBODY)
        return done.returncode, done.stdout, done.stderr

    for python in others:
        with suppress(OSError):
            if run(python, Path("/"), "-c", "import portfoy.cli")[0] == 0:
                return lambda folder, *arguments: run(python, folder, "-m", "portfoy", *arguments)
    pytest.skip("there is no Python that somebody else may run")


def test_what_is_somebody_elses_is_one_line_and_stays_as_it_was(shop, as_nobody):
    """Judge: the system, which lets a user without a name nowhere but where all may go."""
    for path in (shop, *shop.parents):
        if not path.stat().st_mode & 0o001:
            path.chmod(0o755)
    (shop / "temporary").chmod(0o777)
    (shop / "out").chmod(0o700)
    (shop / "out" / "t.csv").write_text(ORDERS)
    before = tree(shop)
    commands = [
        ["check", "out/t.csv"],
        ["map", "t.csv", "--out", "out/x.toml"],
        ["prune", "--keep", "1", "--out", "out"],
    ]
    for command in [*commands, ["simulate", "--customers", "100", "--out", "out/x"]]:
        line = one_line(command[0], *as_nobody(shop, *command))
        assert "Permission denied. " in line or "out/t.csv: may not be read. Let its owner allow it" in line
    assert tree(shop) == before
