"""`portfoy check` and `portfoy map` from a terminal: the table or one line, exit code 0 or 2, never a traceback."""

import gzip
import itertools
import os
import subprocess
import sys

import click.testing
import pandas as pd
import pytest

from portfoy.cli import main
from portfoy.source import aside

HEADER = "customer_id,order_id,ordered_on,amount\n"
ROWS = "".join(f"C{i % 15},O{i},2025-0{i % 6 + 1}-{10 + i // 30},10.5\n" for i in range(60))


@pytest.fixture
def portfoy(tmp_path, monkeypatch):
    """A function that runs the command in an empty folder, and sees to it that nothing is left there."""
    work, spare = tmp_path / "work", tmp_path / "spare"
    work.mkdir()
    spare.mkdir()
    aside.folder()  # of the process: it goes when that ends
    monkeypatch.chdir(work)
    monkeypatch.setattr("tempfile.tempdir", str(spare))

    def portfoy(*words):
        result = click.testing.CliRunner().invoke(main, [str(word) for word in words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        assert not [*work.iterdir(), *spare.iterdir()]
        return result.exit_code, result.stdout, result.stderr

    return portfoy


@pytest.fixture
def file(tmp_path):
    def file(content, name="t.csv"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / name

    return file


def found(stdout):
    """Check -> rows, share, money where there is some, example of the printed table."""
    lines = stdout.splitlines()
    start = next((number for number, line in enumerate(lines) if line.startswith("Check ")), None)
    if start is None:
        return {}
    heads = ("Rows", "Share", "Money", "First example", "What was done")
    edges = [lines[start].index(head) for head in heads if head in lines[start]]
    rows = {}
    for line in lines[start + 1 :]:
        if not line.strip():
            break
        rows[line[: edges[0]].strip()] = tuple(line[a:b].strip() for a, b in itertools.pairwise(edges))
    return rows


@pytest.mark.parametrize(
    ("content", "table"),
    [
        (
            HEADER + ROWS.replace("C0,", ",").replace("C1,", "guest,"),
            {
                "Customer unknown (guest)": ("8", "13.3%", "84", "row 2: O0"),
                "Last month is not over": ("10", "16.7%", "105", "2025-06-11"),
            },
        ),
        (
            HEADER + ROWS + "C1,O1,2025-02-20,-3\nC2,O2,2025-02-20,-3\n" + "C1,O1,2025-02-10,10.5\n" * 3,
            {
                "Repeats an earlier row": ("3", "4.6%", "32", "row 3"),
                "Return (negative amount)": ("2", "3.1%", "−6", "row 62: O1"),
                "Last month is not over": ("10", "15.4%", "105", "2025-06-11"),
            },
        ),
        (
            HEADER + ROWS + "C1,O99,2999-01-01,5\n",
            {
                "Date in the future": ("1", "1.6%", "5", "row 62: 2999-01-01"),
                "Last month is not over": ("10", "16.4%", "105", "2025-06-11"),
            },
        ),
        (
            "customer_id;order_id;ordered_on;amount\nC1;1;31.12.2023;1.234,50\nC2;2;30.12.2023;0,00\n",
            {"Amount of zero": ("1", "50.0%", "row 3: 2")},
        ),
        (
            HEADER + ROWS + "short,line\none,too,many,fields,here\n",
            {
                "Line does not fit the header": ("2", "3.2%", "–", "row 62: short,line"),
                "Last month is not over": ("10", "16.1%", "105", "2025-06-11"),
            },
        ),
    ],
)
def test_check_prints_what_it_found(portfoy, file, content, table):
    code, stdout, stderr = portfoy("check", file(content))
    assert (code, stderr) == (0, "")
    assert found(stdout) == table
    assert stdout.endswith("\n\nThe data can be used.\n")


def test_check_tells_of_every_table_what_was_done_with_its_rows(portfoy, file, tmp_path):
    orders = file(HEADER + ROWS, "transactions.csv")
    rows = ["ticket_id,customer_id,opened_on,touches", "1,C1,2025-01-05,2", "1,C1,2025-01-06,3", "2,C2,soon,1"]
    file("\n".join([*rows, "3,C3,2025-01-06,-4"]), "tickets.csv")
    file("month,channel,cost\n2025-01-01,web,5\n", "spend.csv")
    file("number,begun\n1,2025-01-01\n", "leads.csv")
    code, stdout, stderr = portfoy("check", orders.parent)
    assert (code, stderr) == (0, "")
    whole, *tables = stdout.split("\n\n")
    assert whole.splitlines()[2:] == [
        "leads is set aside: columns 'lead_id', 'created_on' are missing; the file has 'number', 'begun'. Map them in "
        "portfoy.toml; `portfoy map FILE` drafts one.",
        "Faults were found in tickets.",
        "Every row of spend is used.",
    ]
    assert tables[1].splitlines() == [
        "2 of 4 rows of tickets are used.",
        "Column     Check                             Rows  First example    What was done",
        "opened_on  Date missing or unreadable        1     row 4: soon (2)  set aside",
        "           Repeats the id of an earlier row  1     row 3: 1         set aside; the first row counts",
        "touches    Number below 0                    1     row 5: -4 (3)    left missing",
    ]


ONE_LINE = {
    "no dates": (
        "customer_id,order_id,amount\nA,1,5\n",
        "transactions: column 'ordered_on' is missing; the file has 'customer_id', 'order_id', 'amount'. "
        "Map them in portfoy.toml; `portfoy map FILE` drafts one.",
    ),
    "no readable date": (
        HEADER + "A,1,soon,5\n",
        (
            "transactions.ordered_on: no value reads as a date ('soon'); known are YYYY-MM-DD, "
            "DD.MM.YYYY, DD/MM/YYYY, MM/DD/YYYY, YYYYMMDD, YYYY/MM/DD, YYYY.MM.DD, DD-MM-YYYY, "
            "MM-DD-YYYY, DD.MM.YY, DD/MM/YY, MM/DD/YY, DDMMYYYY, MMDDYYYY. Map another, or write in portfoy.toml: "
            'date_format = "DD MMM YYYY".'
        ),
    ),
    "empty": ("", "{file}: is empty. Export it again."),
    "blank": ("\n\n", "{file}: holds only blank lines. Export it again."),
    "header only": (
        HEADER,
        "transactions: there are no rows. Check the file and its filters.",
    ),
    "zero bytes": (
        bytes(9999),
        "{file}: is no text table (100% of its first bytes are control codes). Export it as CSV.",
    ),
    "spreadsheet": (
        b"PK\x03\x04" + bytes(99),
        "{file}: is an archive and no workbook. Save it as CSV.",
    ),
    "half a gzip": (
        gzip.compress((HEADER + ROWS).encode(), mtime=0)[:-9],
        "{file}: is not a whole gzip file. Export it again.",
    ),
    "one long line": (
        b"x" * (5 * 2**20),
        "{file}: no line ends in 4 MiB. Export it again, one row a line.",
    ),
    "wrong encoding": (
        (HEADER + "Ş,1,2025-01-01,5\n").encode("windows-1254"),
        "{file}: is not UTF-8 text at byte 39. Its letters look like windows-1254: say in portfoy.toml: encoding = "
        '"windows-1254".',
    ),
    "returns only": (
        HEADER + "A,1,2025-01-01,-5\n",
        (
            "transactions: none of 1 rows can be used: Return (negative amount): 1 (row 2: 1). "
            "Check mapping and formats in portfoy.toml."
        ),
    ),
}


@pytest.mark.parametrize("case", ONE_LINE)
def test_check_says_in_one_line_why_data_cannot_be_used(portfoy, file, case):
    content, message = ONE_LINE[case]
    path = file(content)
    assert portfoy("check", path) == (2, "", f"portfoy check: {message.format(file=path)}\n")


def test_binary_garbage_is_one_line_whatever_its_bytes(portfoy, file):
    for number in range(5):
        code, stdout, stderr = portfoy("check", file(os.urandom(5000), f"{number}.csv"))
        assert (code, stdout, stderr.count("\n")) == (2, "", 1)
        assert stderr.startswith("portfoy check: ")


def test_an_error_with_line_breaks_in_a_name_is_still_one_line(portfoy, file):
    code, _stdout, stderr = portfoy("check", file('"a\nb","c\r\nd"\n1,2\n', "two\nlines.csv"))
    assert (code, stderr.count("\n")) == (2, 1)


def test_map_prints_a_draft_and_check_takes_it(portfoy, file, tmp_path):
    code, stdout, stderr = portfoy("map", file("Kunde;Beleg;Datum;tutar\n"))
    assert (code, stderr) == (0, "")
    assert stdout.startswith("# Drafted from t.csv; read it, then run portfoy check on this file\n")
    orders = file("client;invoice;date;total\n1;A;31.01.2024;5,5\n", "orders.csv")
    code, stdout, stderr = portfoy("map", orders, "--out", tmp_path / "portfoy.toml")
    assert (code, stderr) == (0, "")
    code, stdout, stderr = portfoy("check", tmp_path / "portfoy.toml")
    assert (code, stderr, found(stdout)) == (0, "", {})


def test_map_keeps_a_file_that_is_there(portfoy, file, tmp_path):
    (tmp_path / "portfoy.toml").write_text("mine")
    code, _stdout, stderr = portfoy("map", file(HEADER + ROWS), "--out", tmp_path / "portfoy.toml")
    assert (code, (tmp_path / "portfoy.toml").read_text()) == (2, "mine")
    assert f"{tmp_path / 'portfoy.toml'} exists; give another name." in stderr


@pytest.mark.parametrize("content", ["", bytes(99), b"\x1f\x8bxxxx", b"xxxxxxxxDUCK"])
def test_map_says_in_one_line_what_it_cannot_read(portfoy, file, content):
    code, stdout, stderr = portfoy("map", file(content))
    assert (code, stdout, stderr.count("\n")) == (2, "", 1)
    assert stderr.startswith("portfoy map: ")


def test_the_installed_command_ends_with_two_and_one_line(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "{x}.parquet")
    done = subprocess.run(
        [sys.executable, "-m", "portfoy", "check", str(tmp_path / "{x}.parquet")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "portfoy check: transactions: columns 'customer_id', 'order_id', 'ordered_on', 'amount' are missing; "
        "the file has 'a'. Map them in portfoy.toml; `portfoy map FILE` drafts one.\n"
    )
