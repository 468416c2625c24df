"""The command from end to end, on real kernels. Judges: REFERENCE numbers for CDNOW, and the exit codes of the plan."""

import json
import random
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.slow


def portfoy(*arguments, cwd):
    command = [sys.executable, "-m", "portfoy", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def read(folder):
    stage = json.loads((folder / "run.json").read_text())["stages"][0]
    text = BeautifulSoup((folder / "selection.html").read_text(), "html.parser").get_text(" ")
    return stage, " ".join(text.replace("\u00a0", " ").replace("\u2060", "").split())


def figure(stage, name):
    return next(figure for figure in stage["figures"] if figure["name"] == name)


@pytest.fixture(scope="module")
def teaching(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teaching")
    return folder, portfoy("report", "selection", cwd=folder)


def test_one_command_makes_a_whole_run(teaching):
    folder, done = teaching
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    pages = ["reports/2026-06-30/selection.html", "reports/2026-06-30/index.html", "reports/index.html"]
    assert done.stdout.splitlines() == pages
    made = sorted(str(path.relative_to(folder / "reports")) for path in (folder / "reports").rglob("[!.]*.*"))
    assert made == [
        "2026-06-30/actions/early_adopters.csv",
        "2026-06-30/actions/most_valuable.csv",
        "2026-06-30/actions/next_campaign.csv",
        "2026-06-30/actions/rfm_cuts.csv",
        "2026-06-30/actions/win_back.csv",
        "2026-06-30/index.html",
        "2026-06-30/notebooks/selection.ipynb",
        "2026-06-30/run.json",
        "2026-06-30/selection.html",
        "index.html",
        "latest.html",
    ]


def test_the_page_of_a_whole_run_is_complete(teaching):
    folder, _done = teaching
    page = BeautifulSoup((folder / "reports" / "2026-06-30" / "selection.html").read_text(), "html.parser")
    notebook = json.loads((Path(__file__).parent.parent / "notebooks" / "reports" / "selection.ipynb").read_text())
    code = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    assert len(page.find_all("img", alt=True)) == code.count("ax = pf.plot_")
    assert all(len(image["alt"]) > 40 for image in page.find_all("img"))
    assert len(page.select("figure.pf-table table")) == code.count("pf.show(")
    assert not page.select(".missing, .failure, .error")
    assert "nan" not in page.get_text(" ").lower().split()


def test_warm_and_ordinary_kernels_give_the_same_page_but_for_the_clock(teaching):
    folder, _done = teaching
    assert portfoy("report", "selection", "--isolated", cwd=folder).returncode == 0
    pages, notebooks = [], []
    for name in ("2026-06-30", "2026-06-30.2"):
        page = BeautifulSoup((folder / "reports" / name / "selection.html").read_text(), "html.parser")
        page.find("script").decompose()
        for change in page.select(".tiles .change"):  # there is nothing to compare the first one with
            assert "about the same" in change.extract().get_text()
        for row in page.find_all("tr"):
            if row.th and row.th.get_text() in ("Made", "Time taken"):
                row.decompose()
        pages.append(str(page))
        executed = json.loads((folder / "reports" / name / "notebooks" / "selection.ipynb").read_text())
        notebooks.append([cell.get("outputs") for cell in executed["cells"]])
    assert pages[0] == pages[1]
    assert notebooks[0] == notebooks[1]


@pytest.fixture(scope="module")
def cdnow_master(tmp_path_factory, shared_data):
    folder = tmp_path_factory.mktemp("cdnow")
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    settings = readme.partition("```toml\n")[2].partition("```")[0]
    source = shared_data / "cdnow" / "CDNOW_master.txt"
    (folder / "portfoy.toml").write_text(settings.replace('"CDNOW_master.txt"', json.dumps(str(source))))
    done = portfoy("report", "selection", "--data", "portfoy.toml", "--as-of", "1998-06-30", cwd=folder)
    assert done.returncode == 0, done.stderr
    return read(folder / "reports" / "1998-06-30")


def test_cdnow_master_by_the_readme_matches_the_reference(cdnow_master):
    stage, text = cdnow_master
    assert stage["status"] == "ok"
    wanting = ["profitability: ", "contacts: ", "transactions: column 'product_id' is missing", "ratings: "]
    assert [said[: len(start)] for said, start in zip(stage["missing"], wanting, strict=True)] == wanting
    assert figure(stage, "customers")["value"] == 23_570
    assert "69,659 of 69,659 order lines are used" in text
    assert "there were 19,684" in text  # repeats in the holdout
    for shown in ("r shape", "0.252 (", "33.523 (", "0.723 (", "2.161 ("):  # 33.523 days are 4.789 weeks
        assert shown in text


def test_cdnow_sample_matches_fader_hardie_lee_2005(tmp_path, shared_data):
    source = shared_data / "cdnow" / "CDNOW_sample.txt"
    (tmp_path / "portfoy.toml").write_text(
        f"source = {json.dumps(str(source))}\n"
        'duplicates = "keep"\nheader = ["master_id", "customer_id", "date", "cds", "dollars"]\n[transactions]\n'
        'ordered_on = "date"\namount = "dollars"\norder_id = ["customer_id", "date"]\n'
    )
    done = portfoy("report", "selection", "--data", "portfoy.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    stage, text = read(tmp_path / "reports" / "1998-06-30")
    assert figure(stage, "customers")["value"] == 2_357
    assert figure(stage, "revenue")["value"] == pytest.approx(244_091.94)
    said = r"forecast 1,653 purchases for the 273-day period after it; there were 1,882, so the forecast was 12\.\d%"
    assert re.search(said, text)
    for shown in ("0.243 (", "30.895 (", "0.793 (", "2.426 ("):  # 30.895 days are 4.414 weeks
        assert shown in text


def test_cdnow_portfolio_matches_the_published_concentration(tmp_path, shared_data):
    source = shared_data / "cdnow" / "CDNOW_sample.txt"
    (tmp_path / "portfoy.toml").write_text(
        f"source = {json.dumps(str(source))}\n"
        'duplicates = "keep"\nheader = ["master_id", "customer_id", "date", "cds", "dollars"]\n[transactions]\n'
        'ordered_on = "date"\namount = "dollars"\norder_id = ["customer_id", "date"]\n'
    )
    done = portfoy("report", "portfolio", "--data", "portfoy.toml", "-p", "months=0", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "reports" / "1998-06-30"
    stage = json.loads((folder / "run.json").read_text())["stages"][0]
    assert figure(stage, "top_share")["value"] == pytest.approx(0.674, abs=0.0005)
    assert "is 0.631 (" in (folder / "portfolio.html").read_text()  # Gini, 78 weeks
    assert [said.partition(":")[0] for said in stage["missing"]] == ["composition"]


def write(path, rows):
    path.write_text(
        "customer_id,order_id,ordered_on,amount\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    )


def test_strange_names_are_text_everywhere(tmp_path):
    rng = random.Random(1)
    names = ["<script>alert(1)</script>", "$5 \\frac{1}{2}", "Şükrü İÇ Łódź", "=1+1", "a" * 200, "{0} %s", "007"]
    rows = []
    for number in range(500):
        name = names[number] if number < len(names) else f"C{number}"
        day, rate, leaves = rng.randrange(600), rng.gammavariate(0.6, 1 / 50), rng.betavariate(0.8, 2.5)
        rate, level = (0.05, 7) if number < len(names) else (rate, rng.gauss(4, 0.6))
        while day < 1000:
            when = date(2023, 1, 1) + timedelta(day)
            rows.append([name, f"O{len(rows)}", when, round(rng.lognormvariate(level, 0.5), 2)])
            day += 1 + int(rng.expovariate(rate)) + (2000 if rng.random() < leaves and number >= len(names) else 0)
    write(tmp_path / "names.csv", rows)
    done = portfoy("report", "selection", "--data", "names.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "reports").glob("20*")
    page = (folder / "selection.html").read_text()
    assert "<script>alert" not in page
    shown, listed = (
        BeautifulSoup(page, "html.parser").get_text(),
        (folder / "actions" / "most_valuable.csv").read_text(),
    )
    for name in ("<script>alert(1)</script>", "$5 \\frac{1}{2}", "Şükrü İÇ Łódź", "{0} %s", "007"):
        assert name in shown
        assert name in listed
    assert "'=1+1" in listed


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ([["007", 1, "2026-01-05", 10.5]], "is not before as_of 2026-01-05"),
        ([[f"C{n}", n, f"2026-05-{1 + n % 31:02d}", 5 + n] for n in range(60)], "at least 30 are needed"),
    ],
)
def test_what_few_data_do_not_carry_is_said_in_the_page(tmp_path, rows, missing):
    write(tmp_path / "few.csv", rows)
    done = portfoy("report", "selection", "--data", "few.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
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
        (["report", "--data", "nowhere"], "portfoy report: nowhere: there is no such file or folder. Give a folder, a "
                                          "file, a portfoy.toml or an address."),
    ],
)  # fmt: skip
def test_a_wrong_command_is_one_line_exit_2_and_nothing_written(tmp_path, arguments, message):
    done = portfoy(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message + "\n")
    assert list(tmp_path.iterdir()) == []
