"""The command from end to end, on real kernels. Judges: REFERENCE numbers for CDNOW, and the exit codes of the plan."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pypdf
import pytest
from bs4 import BeautifulSoup

import portfoy as pf
from helpers import REPORTS, plain, reading, run_here
from portfoy.report import pdf
from portfoy.source import open as source
from portfoy.words.result import RESULT
from portfoy.words.stages import CARD


def portfoy(*arguments, cwd):
    command = [sys.executable, "-m", "portfoy", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def read(folder, name="selection"):
    stages = {stage["name"]: stage for stage in json.loads((folder / "run.json").read_text())["stages"]}
    text = BeautifulSoup((folder / f"{name}.html").read_text(), "html.parser").get_text(" ")
    return stages[name], " ".join(plain(text).split())


def figure(stage, name):
    return next(figure for figure in stage["figures"] if figure["name"] == name)


def test_one_command_makes_a_whole_run(teaching_run):
    folder, stdout, stderr = teaching_run
    assert "Traceback" not in stderr
    pages = [f"reports/2026-06-30/{stage}.html" for stage in REPORTS]
    assert stdout.splitlines() == [*pages, "reports/2026-06-30/index.html", "reports/index.html"]
    made = sorted(str(path.relative_to(folder / "reports")) for path in (folder / "reports").rglob("[!.]*.*"))
    stages = json.loads((folder / "reports" / "2026-06-30" / "run.json").read_text())["stages"]
    files = {f"2026-06-30/{name}" for stage in stages for name in stage["files"]}
    assert {f"2026-06-30/files/{name}" for name in ("portfolio/growth_2.csv", "selection/quality.csv")} <= files
    made = [path for path in made if path not in files]
    lists = [
        *("at_risk", "early_adopters", "most_valuable", "rfm_cuts", "fallen", "moved_down"),
        *("leads_to_call", "referrers", "lost_customers", "open_tickets", "save", "special_attention", "win_back"),
        *("offers", "pairs", "key_accounts"),
    ]
    expected = [
        *(f"2026-06-30/actions/{name}.csv" for name in lists),
        *(f"2026-06-30/notebooks/{stage}.ipynb" for stage in REPORTS),
        *(f"2026-06-30/{stage}.html" for stage in REPORTS),
        *("2026-06-30/index.html", "2026-06-30/portfoy.xlsx", "2026-06-30/run.json", "index.html", "latest.html"),
    ]
    cards = {path for path in made if path.startswith("2026-06-30/customers/")}  # test_report_cards.py reads these
    assert [path for path in made if path not in cards] == sorted(expected)
    assert "2026-06-30/customers/index.html" in cards


@pytest.mark.study
@pytest.mark.parametrize("stage", REPORTS)
def test_a_report_notebook_runs_under_plain_papermill(teaching_run, company, tmp_path, stage):
    out, data = tmp_path / "out.ipynb", str(company(1200, seed=3))
    notebook = Path(__file__).parents[1] / "notebooks" / "reports" / f"{stage}.ipynb"
    given = ["-p", "data", data, "-p", "confidence", "0.8", "--kernel", "python3", "--no-progress-bar"]
    subprocess.run([sys.executable, "-m", "papermill", notebook, out, *given], check=True, capture_output=True)
    kit = teaching_run[0] / "reports" / "2026-06-30" / "notebooks" / f"{stage}.ipynb"
    mine, its = (results(path) for path in (out, kit))
    assert len(mine) == len(its)
    names, others = ({figure["name"] for told in found for figure in told.get("figures", [])} for found in (mine, its))
    assert names == others
    values, others = ([told["figures"] for told in found if "figures" in told] for found in (mine, its))
    assert values != others or (stage == CARD and mine != its)  # a card has no headline figures


def test_a_run_says_in_which_prices_its_money_is(teaching_run):
    folder = teaching_run[0] / "reports" / "2026-06-30"
    record = json.loads((folder / "run.json").read_text())
    levels = pd.read_csv(Path(__file__).parents[1] / "data" / "teaching" / "price_index.csv", dtype={"month": str})
    assert record["price_level"] == levels.set_index("month")["index"].filter(like="2026-06").item()
    for name in ("index", "portfolio"):
        page = BeautifulSoup((folder / f"{name}.html").read_text(), "html.parser")
        assert "money at June 2026 prices" in plain(page.header.get_text())


def test_a_director_reads_a_run_in_three_minutes_and_a_report_in_eight(teaching_run):
    """Judge: the formula of reading time, words / 200 + 20 s a chart + 15 s an open table."""
    folder = teaching_run[0] / "reports" / "2026-06-30"
    took = {path.stem: reading(BeautifulSoup(path.read_text(), "html.parser")) for path in folder.glob("*.html")}
    words, charts, tables, minutes = took.pop("index")
    assert minutes <= 3, (words, charts, tables)
    assert words <= 400
    assert sorted(took) == sorted(REPORTS)
    for name, (words, charts, tables, minutes) in took.items():
        assert minutes <= 8, name
        assert words <= 900, name
        assert charts + tables <= 8, name


@pytest.mark.study
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_six_printed_pages_at_most(teaching_run, tmp_path, name):
    browser = pdf.find_browser()
    if browser is None:
        pytest.skip("no Chromium, Chrome or Edge")
    page = shutil.copy(teaching_run[0] / "reports" / "2026-06-30" / f"{name}.html", tmp_path)
    assert pdf.print_pages([Path(page)], browser=browser) == {Path(page): ""}
    assert len(pypdf.PdfReader(Path(page).with_suffix(".pdf")).pages) <= 6


def results(path):
    """What the results in an executed notebook tell, in their order."""
    outputs = [output for cell in json.loads(path.read_text())["cells"] for output in cell.get("outputs", [])]
    return [output["data"][RESULT] for output in outputs if RESULT in output.get("data", {})]


@pytest.mark.parametrize("stage", REPORTS)
def test_the_page_of_a_whole_run_is_complete(teaching_run, stage):
    folder = teaching_run[0] / "reports" / "2026-06-30"
    page = BeautifulSoup((folder / f"{stage}.html").read_text(), "html.parser")
    cells = json.loads((folder / "notebooks" / f"{stage}.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells)
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    results = [data[RESULT] for data in outputs if RESULT in data]
    sections, charts = (1, -1) if stage == CARD else (5, 2)  # a card is one table of facts and one of what happened
    assert len(results) > sections
    assert len(page.select("figure.pf-chart svg")) == sum(bool(each["chart"]) for each in results) > charts
    assert len(page.find_all("img", alt=True)) == code.count("ax = pf.plot_")
    assert all(len(image["alt"]) > 40 for image in page.find_all("img"))
    assert all(len(chart["aria-label"]) > 40 for chart in page.select("svg.pf-svg"))
    tables = sum(len(each["tables"]) for each in results)
    assert len(page.select("figure.pf-table table")) == code.count("pf.show(") + tables
    assert not page.select(".missing, .failure, .error")
    assert "nan" not in page.get_text(" ").lower().split()


@pytest.mark.parametrize("stage", REPORTS)
def test_the_key_figures_are_those_stored_in_the_notebook(teaching_run, stage):
    """What nbval compares too."""
    notebooks = [Path(__file__).parents[1] / "notebooks", teaching_run[0] / "reports" / "2026-06-30" / "notebooks"]
    stored, run = (
        [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if "nbval-check-output" in tags(cell)]
        for path in (notebooks[0] / "reports" / f"{stage}.ipynb", notebooks[1] / f"{stage}.ipynb")
    )
    assert len(stored) == len(run) == 1
    (before,), (after,) = (cell["outputs"] for (cell,) in (stored, run))
    assert "".join(after["text"]) == "".join(before["text"])


def tags(cell):
    return cell["metadata"].get("tags", [])


@pytest.mark.study  # the same of a tiny notebook stands in test_report_process.py
def test_warm_and_ordinary_kernels_give_the_same_page_but_for_the_clock(teaching_run, tmp_path):
    shutil.copytree(teaching_run[0] / "reports", tmp_path / "reports")
    assert portfoy("report", "selection", "--isolated", cwd=tmp_path).returncode == 0
    pages, notebooks = [], []
    for name in ("2026-06-30", "2026-06-30.2"):
        page = BeautifulSoup((tmp_path / "reports" / name / "selection.html").read_text(), "html.parser")
        page.find("script").decompose()
        page.nav.decompose()  # the first one has none before it, and another report beside it
        for row in page.find_all("tr"):
            if row.th and row.th.get_text() in ("Made", "Time taken", "Since the report before"):
                row.decompose()
        pages.append(" ".join(str(page).split()))
        executed = json.loads((tmp_path / "reports" / name / "notebooks" / "selection.ipynb").read_text())
        notebooks.append([cell.get("outputs") for cell in executed["cells"]])
    assert pages[0] == pages[1]
    assert notebooks[0] == notebooks[1]


@pytest.fixture(scope="module")
def cdnow_master(tmp_path_factory, shared_data):
    """The folder with the settings of the README for the published file."""
    folder = tmp_path_factory.mktemp("cdnow")
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    settings = readme.partition("```toml\n")[2].partition("```")[0]
    source = shared_data / "cdnow" / "CDNOW_master.txt"
    (folder / "portfoy.toml").write_text(settings.replace('"CDNOW_master.txt"', json.dumps(str(source))))
    return folder


def test_cdnow_master_opens_by_the_readme(cdnow_master):
    facts = source.open(cdnow_master).facts
    assert (facts.used, facts.rows, facts.customers) == (69_659, 69_659, 23_570)


@pytest.mark.study  # the sample below is a tenth of it
def test_cdnow_master_by_the_readme_matches_the_reference(cdnow_master):
    done = portfoy("report", "selection", "--data", "portfoy.toml", "--as-of", "1998-06-30", cwd=cdnow_master)
    assert done.returncode == 0, done.stderr
    stage, text = read(cdnow_master / "reports" / "1998-06-30")
    assert stage["status"] == "ok"
    wanting = ["profitability: ", "contacts: ", "transactions: column 'product_id' is missing", "ratings: "]
    assert [said[: len(start)] for said, start in zip(stage["missing"], wanting, strict=True)] == wanting
    assert "69,659 of 69,659 order lines are used: 23,570 customers, " in text
    assert re.search(r"Purchases: \S+ forecast, 19,684 came", text)  # repeats in the holdout


def test_cdnow_master_has_the_published_parameters(cdnow_master):
    found = pf.forecast(pf.open(cdnow_master, as_of="1998-06-30")).parameters.set_index("parameter")["early"]
    assert found.tolist() == pytest.approx([0.252, 7 * 4.789, 0.723, 2.161], abs=0.004)  # alpha in weeks there


@pytest.fixture(scope="module")
def cdnow_run(tmp_path_factory, shared_data):
    """The run of two reports on the sample."""
    folder = tmp_path_factory.mktemp("sample")
    source = shared_data / "cdnow" / "CDNOW_sample.txt"
    (folder / "portfoy.toml").write_text(
        f"source = {json.dumps(str(source))}\n"
        'duplicates = "keep"\nheader = ["master_id", "customer_id", "date", "cds", "dollars"]\n[transactions]\n'
        'ordered_on = "date"\namount = "dollars"\norder_id = ["customer_id", "date"]\n'
    )
    command = ["report", "portfolio", "selection", "--data", "portfoy.toml", "-p", "months=0"]
    code, _out, err = run_here(folder, *command)
    assert code == 0, err
    return folder / "reports" / "1998-06-30"


def test_the_page_of_a_run_says_that_the_base_is_dying(cdnow_run, cdnow_log):
    """Judge: who has been silent for longer than the limits, and the sums of two quarters, counted from the file."""
    page = BeautifulSoup((cdnow_run / "index.html").read_text(), "html.parser")
    last = cdnow_log[cdnow_log["amount"] >= 0].groupby("customer_id")["ordered_on"].max()
    stage, _text = read(cdnow_run, "portfolio")
    quiet = ((cdnow_log["ordered_on"].max() - last).dt.days > stage["kept"]["states"]["at_risk_days"]).mean()
    quarter = {}
    for year in (1997, 1998):
        inside = cdnow_log["ordered_on"].between(f"{year}-04-01", f"{year}-06-30")
        quarter[year] = cdnow_log.loc[inside, "amount"].sum()
    fall = 1 - quarter[1998] / quarter[1997]
    happened, todo, _figures, *_rest = (
        " ".join(plain(part.get_text(" ")).split()) for part in page.find_all("section")
    )
    assert plain(page.h1.get_text()).strip() == f"Revenue is down {fall:.0%} on a year before, prices included"
    assert f"The base is dying: {quiet:.0%} of customers are at risk or lapsed" in happened
    assert "Call the " in todo


def test_cdnow_sample_matches_fader_hardie_lee_2005(cdnow_run):
    _stage, text = read(cdnow_run)
    assert "6,919 of 6,919 order lines are used: 2,357 customers, " in text
    assert "Purchases: 1,653 forecast, 1,882 came, " in text
    assert re.search(r"Revenue: \S+ forecast for the 273 days after 30 Sep 1997, \S+ came\.", text)


def test_cdnow_portfolio_matches_the_published_concentration(cdnow_run):
    stage, text = read(cdnow_run, "portfolio")
    assert figure(stage, "top_share")["value"] == pytest.approx(0.674, abs=0.0005)
    assert "0.631 (" in text  # Gini, 78 weeks
    assert [said.partition(":")[0] for said in stage["missing"]] == ["flows", "composition"]  # half a year before


def write(path, rows):
    path.write_text(
        "customer_id,order_id,ordered_on,amount\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    )


def test_strange_names_are_text_everywhere(hostile_run):
    page = (hostile_run / "selection.html").read_text()
    assert "<script>alert" not in page
    shown = BeautifulSoup(page, "html.parser").get_text()
    listed = (hostile_run / "actions" / "most_valuable.csv").read_text()
    for name in ("<script>alert(1)</script>", "$5 \\frac{1}{2}", "Şükrü İÇ Łódź", "{0} %s", "007"):
        assert name in shown
        assert name in listed
    assert "'=1+1" in listed


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ([["007", 1, "2026-01-05", 10.5]], "is not before 2026-01-05"),
        ([[f"C{n}", n, f"2026-05-{1 + n % 31:02d}", 5 + n] for n in range(60)], "bought again; 30 are needed"),
    ],
)
def test_what_few_data_do_not_carry_is_said_in_the_page(tmp_path, rows, missing):
    write(tmp_path / "few.csv", rows)
    code, _out, err = run_here(tmp_path, "report", "selection", "--data", "few.csv")
    assert code == 0, err
    (folder,) = (tmp_path / "reports").glob("2026*")
    stage, text = read(folder)
    assert any(missing in said for said in stage["missing"])
    for said in stage["missing"]:
        assert f"Cannot be computed: {said}" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "selektion"], "portfoy report: no report 'selektion'; did you mean 'selection'?"),
        (["report", "selection", "-p", "horizon=6"], "portfoy report: no parameter 'horizon' in 'selection'; did you "
                                                     "mean 'horizon_months'?"),
        (["report", "--data", "nowhere"], "portfoy report: nowhere: there is no such file or folder. Give a "
                                              "folder, file, portfoy.toml or address."),
    ],
)  # fmt: skip
def test_a_wrong_command_is_one_line_exit_2_and_nothing_written(tmp_path, arguments, message):
    done = portfoy(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message + "\n")
    assert list(tmp_path.iterdir()) == []
