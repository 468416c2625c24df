"""A run as files: tables as CSV, all in one workbook. Judges: python-calamine, LibreOffice, the frames."""

import csv
import shutil
import subprocess
from datetime import date

import nbformat
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from helpers import NAMES
from portfoy.report import run, shelf, workbook
from portfoy.words.result import RESULT, Action, Figure, Past, Result
from portfoy.words.table import show

ODD = [*NAMES, "@x", "<b>", "+90 212", '=HYPERLINK("http://x")', "http://x.example", "\x01", "a" * 40_000]
FRAME = pd.DataFrame(
    {
        "customer_id": ODD,
        "last_order": pd.Timestamp("2026-06-30"),
        "purchases": range(len(ODD)),
        "revenue": [-1.25, None, *map(float, range(len(ODD) - 2))],
        "share": 0.405,
        "share_low": 0.25,
        "state": "at risk",
        "margin": None,
    }
)


class Told(Result):
    def __init__(self, *tables):
        self.tables = tables

    def summary(self):
        return [show(table, "What is shown", currency="TRY") for table in self.tables]

    def figures(self):
        return [Figure("churn", 0.4, 0.3, 0.5, "share", "of 20", year=Past("2025-06-30", 0.2))]

    def actions(self):
        return [Action("Call =1+1", name="call", table=FRAME), Action("Think")]


def ran(*results):
    """A notebook with a section for each of the results."""
    cells = []
    for number, result in enumerate(results):
        output = nbformat.v4.new_output("display_data", {RESULT: result.content()})
        cells += [nbformat.v4.new_markdown_cell(f"## Part {number}"), nbformat.v4.new_code_cell(outputs=[output])]
    return nbformat.v4.new_notebook(cells=cells)


def written(folder, notebook, stages=("selection",), status="ok"):
    """The workbook of a run whose stages all have shown this notebook."""
    tables = run.told(notebook, "actions")[:1] + run.tables_in(notebook)
    about = {
        "stage": "selection",
        "status": status,
        "code": "c",
        "parameters": {},
        "figures": run.told(notebook, "figures"),
    }
    record = {
        "as_of": "2026-06-30",
        "made_at": "2026-07-01T08:00:00+00:00",
        "source": "=1+1",
        "currency": "TRY",
        "data": {"where": "shop", "sha256": "d", "rows": 3},
        "versions": {},
        "stages": [{**about, "name": name, "each": {"k": name} if len(stages) > 1 else {}} for name in stages],
    }
    workbook.write(folder / "portfoy.xlsx", record, dict.fromkeys(stages, tables))
    return folder / "portfoy.xlsx"


def read(path):
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_a_list_and_a_table_come_back_as_they_were(tmp_path):
    sheets = read(written(tmp_path, ran(Told(FRAME))))
    heads = ["Customer", "Last purchase", "Purchases", "Revenue (TRY)", "Share", "Share, from", "State"]
    frame = FRAME.drop(columns="margin").astype(object)
    frame["customer_id"] = frame["customer_id"].str[:32_767]
    frame["last_order"] = date(2026, 6, 30)
    rows = frame.where(frame.notna(), "").to_numpy().tolist()
    assert sheets["call"] == sheets["told"] == [heads, *rows]


def test_the_contents_lead_to_every_sheet_and_the_figures_stand_with_their_past(tmp_path):
    sheets = read(written(tmp_path, ran(Told(FRAME), Told(FRAME, FRAME[:2]))))
    assert list(sheets) == ["Contents", "Figures", "call", "told", "told_2"]
    assert sheets["Contents"][:6] == [
        ["Report", "Section", "Table", "Rows", "Sheet"],
        ["Selection", "Part 0", "Call =1+1", 15, "call"],
        ["Selection", "Part 0", "What is shown", 15, "told"],
        ["Selection", "Part 1", "What is shown", 2, "told_2"],
        ["", "", "", "", ""],
        ["Firm", "=1+1", "", "", ""],
    ]
    heads = ["Report", "Figure", "Value", "From", "To", "A year before", "Half a year before", "Unit", "What it means"]
    assert sheets["Figures"] == [heads, ["Selection", "Churn", 0.4, 0.3, 0.5, 0.2, "", "share", "of 20"]]


def test_each_sheet_has_a_name_of_its_own_that_excel_allows(tmp_path):
    class HistoryOfWhatCustomersOfTheFirmBought(Told):
        pass

    class History(Told):
        pass

    results = [HistoryOfWhatCustomersOfTheFirmBought(FRAME[:1]), History(FRAME), Told(FRAME[:3]), Told(FRAME[:2])]
    names = list(read(written(tmp_path, ran(*results), stages=("a", "b"))))
    assert names[2:7] == ["call", "history_of_what_customers_of_th", "history (2)", "told", "told_2"]
    assert len(names) == 12 == len({name.lower() for name in names})
    assert max(map(len, names)) <= 31


def test_a_run_with_nothing_to_show_has_its_contents(tmp_path):
    class Nothing(Result):
        pass

    notebook = ran(Nothing())
    assert (run.tables_in(notebook), shelf.write_tables(tmp_path / "files", [])) == ([], [])
    assert not (tmp_path / "files").exists()
    assert list(read(written(tmp_path, notebook, status="failed"))) == ["Contents", "Figures"]


def test_a_table_that_is_shown_twice_is_one_file_with_the_columns_as_stored(tmp_path):
    tables = run.tables_in(ran(Told(FRAME), Told(FRAME)))
    (path,) = shelf.write_tables(tmp_path, tables)
    back = pd.read_csv(path, dtype={"customer_id": str}, encoding="utf-8-sig")
    assert path.name == "told.csv"
    assert list(back) == list(FRAME)
    assert back["customer_id"].str.lstrip("'").tolist() == [name.lstrip("'") for name in ODD]
    assert back["last_order"].unique().tolist() == ["2026-06-30"]
    pd.testing.assert_series_equal(back["revenue"], FRAME["revenue"])


def test_what_cannot_be_written_is_an_error_of_the_system(tmp_path):
    (tmp_path / "portfoy.xlsx").mkdir()
    with pytest.raises(IsADirectoryError):
        written(tmp_path, ran(Told(FRAME)))


@pytest.mark.study
@pytest.mark.skipif(not shutil.which("soffice"), reason="needs LibreOffice (Debian: libreoffice-calc)")
def test_libreoffice_opens_it_and_reads_the_same(tmp_path):
    path = written(tmp_path, ran(Told(FRAME)))
    every = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    subprocess.run(["soffice", home, "--headless", "--convert-to", every, "--outdir", tmp_path, path], check=True)
    with (tmp_path / "portfoy-call.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["Customer", *(name[:32_767] for name in ODD)]
    assert rows[1][1:] == ["2026-06-30", "0", "-1.25", "40.5%", "25%", "at risk"]
