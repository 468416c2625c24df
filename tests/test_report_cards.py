"""Cards of a run: each id on a list leads to the card of that customer. Judges: the HTML parsed anew, the files that
the links lead to, and plain pandas over the orders that were written by hand."""

import json
import os
import signal
import time
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import portfoy as pf
from helpers import plain, run_here
from portfoy.customer.card import cards
from portfoy.report import cards as made_cards
from portfoy.report import kernels

IDS = ["007", "7", "a/b", "../c", "<b>x</b>", "İç öz", "C1", "c1", "=1+1", "x" * 200]
LEAD = "L99"  # on the list, and no customer
CELL = """
from dataclasses import dataclass
import pandas as pd
import portfoy as pf
from portfoy.words.result import Action, Result
from portfoy.words.table import show

class Called(Result):
    def actions(self):
        table = pd.DataFrame({"customer_id": %r, "arm": %r})
        return [Action("Call them", 1.0, "calls", table)]
    def summary(self):
        return show(pd.DataFrame({"why": "quiet", "customer_id": %r}), "Whom to call")
firm = pf.open(data, as_of=as_of)
Called()
"""


def page(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


@pytest.fixture
def shop(tmp_path):
    """A folder with the orders of IDS, and one report, whose list and table name them and a lead."""
    rows = [
        (one, f"{number}-{month}", f"2024-{month:02}-{number + 1:02}", 10 * number + month)
        for number, one in enumerate(IDS)
        for month in (1, 5, 9)
    ]
    orders = pd.DataFrame(rows, columns=["customer_id", "order_id", "ordered_on", "amount"])
    orders.to_csv(tmp_path / "shop.csv", index=False)
    named = [*IDS, LEAD]
    cell = CELL % (named, ["control" if one == "7" else "treatment" for one in named], named)
    v4 = nbformat.v4
    start = v4.new_code_cell('data: str = "shop.csv"  # the orders\nas_of: str = ""  # last day')
    start.metadata["tags"] = ["parameters"]
    cells = [v4.new_markdown_cell("# Shop"), start, v4.new_markdown_cell("## Whom to call?"), v4.new_code_cell(cell)]
    (tmp_path / "notebooks" / "reports").mkdir(parents=True)
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    made = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(made, tmp_path / "notebooks" / "reports" / "portfolio.ipynb")
    return tmp_path


def made(shop, *arguments, code=0):
    """Make the report; its folder and what was said on stderr."""
    done, out, err = run_here(shop, "report", "--data", "shop.csv", *arguments)
    assert done == code, err
    return shop / Path(out.splitlines()[0]).parent, err


def leads(path):
    """Where the ids that a page shows lead: id -> the file, None without a link."""
    found = {}
    for cell in page(path).select("td.who"):
        there = cell.a and (path.parent / unquote(cell.a["href"])).resolve()
        found[cell.get_text()] = there
    return found


def expect_no_broken_link(folder):
    for path in folder.rglob("*.html"):
        for link in page(path).select("a[href]"):
            file, _mark, place = link["href"].partition("#")
            target = (path.parent / unquote(file)).resolve() if file else path
            assert target.is_file(), f"{path}: {link['href']}"
            assert not place or page(target).find(id=unquote(place)), f"{path}: {link['href']}"


def test_each_id_leads_to_the_card_of_that_customer(shop):
    folder, _err = made(shop)
    short = {one: one if len(one) < 100 else f"{'x' * 119}…" for one in [*IDS, LEAD]}
    orders = pd.read_csv(shop / "shop.csv", dtype={"customer_id": str}, parse_dates=["ordered_on"])
    for path in (folder / "portfolio.html", folder / "customers" / "index.html"):
        found = leads(path)
        assert list(found) == list(short.values())
        assert found.pop(LEAD) is None
        assert len(set(found.values())) == len(IDS)
        assert len({file.name.lower() for file in found.values()}) == len(IDS)
        for one in IDS:
            card = page(found[short[one]])
            head = f"{one}: " if len(one) < 20 else "xxxxxxxxxxxxxxxxxxxx"
            assert card.h1.get_text().startswith(head)
            said = [plain(cell.get_text()) for cell in card.select("table")[1].select("td:last-child")]
            own = orders[orders["customer_id"] == one].sort_values("ordered_on", ascending=False)
            assert [float(text) for text in said] == own["amount"].tolist()
            assert card.select_one("nav a[href='../index.html']")
            assert not card.select("script, img, link")
            assert one not in found[short[one]].name
    expect_no_broken_link(folder)
    assert "<a" not in (folder / "actions" / "calls.csv").read_text("utf-8-sig")
    assert [link.get_text() for link in page(folder / "portfolio.html").select(".do a")] == ["The list", "Their cards"]


def test_whom_a_list_of_the_run_holds_out_is_left_in_peace(shop):
    found = leads(made(shop)[0] / "portfolio.html")
    told = {one: page(found[one]).select_one("section.card > p").get_text() for one in ("7", "007")}
    assert told["7"].startswith("Leave in peace: held out of a list by lot")
    assert not told["007"].startswith("Leave in peace")


def test_a_card_leads_to_that_of_the_month_before(shop):
    earlier, _err = made(shop, "--as-of", "2024-08-31")
    later, _err = made(shop)
    found = page(leads(later / "portfolio.html")["c1"]).select_one(f"nav a[href*='{earlier.name}']")
    assert page((later / "customers" / unquote(found["href"])).resolve()).h1.get_text().startswith("c1: ")
    expect_no_broken_link(later)


def test_as_many_rows_get_a_card_as_are_asked_for(shop):
    folder, _err = made(shop, "--cards", "2")
    assert [one for one, file in leads(folder / "portfolio.html").items() if file] == IDS[:2]
    assert len(list((folder / "customers").iterdir())) == 3
    assert "The first 2 of each list" in page(folder / "customers" / "index.html").main.get_text()
    folder, _err = made(shop, "--cards", "0", "--if-changed")
    assert not any(leads(folder / "portfolio.html").values())
    assert not (folder / "customers").exists()
    expect_no_broken_link(folder)


def test_where_nobody_is_a_customer_no_id_is_a_link(shop):
    text = "lead_id,customer_id,created_on,outcome\nL1,,2024-01-02,open\nL2,,2024-01-31,lost\n"
    (shop / "leads").mkdir()
    (shop / "leads" / "leads.csv").write_text(text)
    code, out, err = run_here(shop, "report", "--data", "leads")
    assert code == 0, err
    folder = shop / Path(out.splitlines()[0]).parent
    assert not any(leads(folder / "portfolio.html").values())
    expect_no_broken_link(folder)


@pytest.mark.parametrize(("status", "code"), [("failed", 1), ("kernel died", 3), ("timeout", 3)])
def test_cards_that_cannot_be_made_are_told_in_one_line(shop, monkeypatch, status, code):
    monkeypatch.setattr(kernels.Kernels, "call", lambda *_given, **_named: (status, "ValueError: no\nluck"))
    folder, err = made(shop, code=code)
    assert err.splitlines().count("Cards of customers not made: 11; ValueError: no luck") == 1
    assert not any(leads(folder / "portfolio.html").values())
    expect_no_broken_link(folder)
    monkeypatch.undo()
    again, _err = made(shop, "--if-changed")
    assert again != folder


def test_one_card_that_fails_leaves_the_others(shop, monkeypatch):
    def call(_self, function, *given, seconds):
        function(*given)
        return "ok", ""

    whole = made_cards._page

    def breaks(folder, record, card, *rest):
        return 1 / 0 if card.row.name == "C1" else whole(folder, record, card, *rest)

    monkeypatch.setattr(kernels.Kernels, "call", call)
    monkeypatch.setattr(made_cards, "_page", breaks)
    monkeypatch.chdir(shop)
    folder, err = made(shop, code=1)
    assert "Cards of customers not made: 1; C1: ZeroDivisionError: division by zero" in err.splitlines()
    assert {one for one, file in leads(folder / "portfolio.html").items() if not file} == {"C1", LEAD}
    expect_no_broken_link(folder)


@pytest.mark.parametrize("isolated", [False, True])
def test_a_process_says_how_it_ended(tmp_path, isolated):
    """Judge: what is called, of the standard library."""
    called = kernels.Kernels(tmp_path, isolated=isolated).call
    assert called(os.mkdir, str(tmp_path / "made"), seconds=60) == ("ok", "")
    assert (tmp_path / "made").is_dir()
    assert called(int, "x", seconds=60) == ("failed", "ValueError: invalid literal for int() with base 10: 'x'")
    assert called(signal.raise_signal, signal.SIGKILL, seconds=60)[0] == "kernel died"
    start = time.monotonic()
    assert called(time.sleep, 600, seconds=0.2) == ("timeout", "the time ran out")
    assert time.monotonic() - start < 60


def test_cards_of_the_teaching_company_take_little_time(tmp_path, monkeypatch):
    """0.15 processor seconds a further card, page and all, and 25 kB."""
    firm = pf.open("data/teaching")
    ids = firm.customers["customer_id"].head(41).tolist()
    about = {"as_of": "2026-06-30", "source": "x", "workbook": "x", "stages": [], "currency": "TRY"}
    start, sizes = 0.0, []
    for card in cards(firm, ids, value=pf.lifetime_value(firm)):
        start = start or time.process_time()
        sizes.append(len(made_cards._page(tmp_path, about, card, {"on": [], "spared": False}, None).encode()))
    assert (time.process_time() - start) / 41 <= 0.15
    assert max(sizes) <= 25_000


def test_a_run_says_what_became_of_its_cards(shop):
    folder, _err = made(shop)
    record = json.loads((folder / "run.json").read_text("utf-8"))
    assert record["carded"] == {"page": "customers/index.html", "status": "ok", "error": ""}
    assert "<b>x" not in json.dumps(record)  # whom the lists name is not in it
    assert page(folder / "index.html").select_one("nav a[href='customers/index.html']")
