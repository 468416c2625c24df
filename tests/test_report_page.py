"""The page: one file, nothing but text from data, and whole. Judge: an HTML parser and the rules of the house plan."""

import json
import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from portfoy.report import message, page
from portfoy.words import style
from portfoy.words.result import RESULT
from portfoy.words.table import show

TABLE = '<figure class="pf-table">{}</figure>'
EVIL = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


def output(data, metadata=None):
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata or {})


def code(source, *outputs, **metadata):
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata=metadata, execution_count=1)
    return cell


def report(*cells, status="ok", error="", figures=(), figure_of=None, **more):
    """The stage of a report as its run records it, and the sections of its page."""
    made = page.sections(
        nbformat.v4.new_notebook(cells=list(cells)),
        {"quiet": "actions/quiet.csv"},
        {TABLE.format(0): "files/first.csv"},
    )
    stage = {"name": "selection", "stage": "selection", "status": status, "error": error, "page": "selection.html",
             "pdf": "", "each": {}, "parameters": {"data": "shop"}, "code": "c" * 64, "figures": list(figures),
             "actions": ["actions/quiet.csv"], "changes": None, **message.told(made),
             **more}  # fmt: skip
    return stage, made


def page_of(*cells, source="Shop", brand=None, others=(), **more):
    stage, made = report(*cells, **more)
    record = {"as_of": "2026-06-30", "made_at": "now", "source": source, "currency": "TRY", "stages": [stage, *others],
              "data": {"where": source, "sha256": "d" * 64, "rows": 45678}, "versions": {}}  # fmt: skip
    return page.make_page(record, stage, made, brand)


def soup_of(*cells, **more):
    return BeautifulSoup(page_of(*cells, **more), "html.parser")


def heading(text, *tags):
    return nbformat.v4.new_markdown_cell(text, metadata={"tags": list(tags)})


def result(text="", *, chart=False, tables=0, **more):
    """A cell whose output is a result."""
    finding = {"text": text, "low": None, "high": None, "nothing": False} if text else None
    drawn = {"title": "T", "subtitle": "S", "svg": '<svg class="pf-svg"></svg>', "alt": "A"} if chart else None
    shown = [{"caption": f"Table {n}", "html": TABLE.format(n)} for n in range(tables)]
    about = {"finding": finding, "reading": "It is so. And more.", "chart": drawn, "tables": shown, "method": "",
             "actions": [], "figures": [], "missing": "", **more}  # fmt: skip
    return code("pf.this(firm)", output({RESULT: about}))


def words(element):
    return " ".join(element.get_text(" ").replace("\u00a0", " ").split())


@pytest.fixture
def made():
    import pandas as pd

    table = show(pd.DataFrame({"customer_id": [EVIL, "$5 \\frac"], "revenue": [1234.0, 5.0]}), EVIL, currency="TRY")
    figure = {"name": "revenue", "value": 1234567.0, "low": 1200000.0, "high": 1300000.0, "unit": "money",
              "label": "revenue", "note": None}  # fmt: skip
    cells = [
        nbformat.v4.new_markdown_cell("# Title\n\nAn *opening*."),
        code("data: str = 'x'", tags=["parameters"]),
        code("import portfoy as pf"),
        nbformat.v4.new_markdown_cell("## First & foremost?"),
        code(f"show({EVIL!r})", output({"text/html": table._repr_html_(), "text/plain": "t"})),
        code("ax = plot()", output({"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"},
                                   {"image/png": {"alt": EVIL, "width": 600, "height": 300}})),
        code("quiet = 1"),
        nbformat.v4.new_markdown_cell("## Second"),
        code("fit()", output({RESULT: {"missing": f"fit_x: {EVIL}"}})),
        nbformat.v4.new_markdown_cell("## First & foremost?"),
        code("say()", output({"text/html": style.Reading(EVIL)._repr_html_(), "text/plain": "t"})),
    ]  # fmt: skip
    return page_of(*cells, source=EVIL, figures=[figure])


@pytest.fixture
def soup(made):
    return BeautifulSoup(made, "html.parser")


def test_nothing_from_data_becomes_markup(made, soup):
    assert "<script>alert" not in made
    assert [image["src"][:22] for image in soup.find_all("img")] == ["data:image/png;base64,"]
    assert not [tag for tag in soup.find_all(True) if any(name.startswith("on") for name in tag.attrs)]
    assert EVIL in soup.get_text()
    assert soup.img["alt"] == EVIL


def test_nothing_is_fetched_and_no_script_runs(made, soup):
    policy = soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    assert [tag["type"] for tag in soup.find_all("script")] == ["application/json"]
    links = [link["href"] for link in soup.find_all("a", href=re.compile("^[^#]"))]
    assert links == ["../index.html", "index.html"]
    assert not re.findall(r"(?:src|action)\s*=\s*[\"'](?!data:|#)", made)
    assert "@import" not in made
    assert "url(" not in made


def test_a_section_that_could_not_be_computed_says_why_and_no_more(soup):
    assert soup.select_one(".lacks summary").get_text() == f"Cannot be computed: fit_x: {EVIL}"


def test_what_did_not_run_is_not_on_the_page_of_a_failed_report():
    not_run = nbformat.v4.new_code_cell("never()")
    broken = code("1 / 0", nbformat.v4.new_output("error", ename="E", evalue="x", traceback=["E: x"]))
    heading, later = nbformat.v4.new_markdown_cell("## Fails"), nbformat.v4.new_markdown_cell("## Later")
    soup = soup_of(nbformat.v4.new_markdown_cell("# T"), code("1"), heading, broken, later, not_run, status="failed")
    assert [title.get_text() for title in soup.find_all("h2")] == ["Fails"]


def test_formulas_become_mathml_and_dollars_of_money_stay():
    text = "The chance is $\\frac{a}{b}$ and\n\n$$x^2 < y$$\n\nIt costs 5 $. <img src=x onerror=alert(1)>"
    soup = soup_of(nbformat.v4.new_markdown_cell("# T"), nbformat.v4.new_markdown_cell(text))
    assert [formula["display"] for formula in soup.find_all("math")] == ["inline", "block"]
    assert soup.find("mfrac").get_text() == "ab"
    assert soup.find("msup").get_text() == "x2"
    assert "It costs 5 $." in soup.get_text()
    assert not soup.find_all("img")


def test_the_page_can_be_found_ones_way_in(soup):
    assert soup.html["lang"] == "en"
    assert [words(each) for each in soup.find_all("h1")] == ["Selection: Who is the most profitable customer?"]
    assert soup.find("a", class_="skip")["href"] == "#content"
    ids = [element["id"] for element in soup.find_all(id=True)]
    assert {"first-foremost", "second", "first-foremost-3", "provenance"} < set(ids)
    assert len(ids) == len(set(ids))
    assert {element["aria-labelledby"] for element in soup.find_all(attrs={"aria-labelledby": True})} <= set(ids)


def test_the_header_leads_to_the_run_its_reports_the_month_before_and_the_files():
    sister = report()[0] | {"name": "portfolio", "stage": "portfolio", "page": "portfolio.html"}
    before = {"folder": "2026-05-31", "as_of": "2026-05-31", "page": "selection.html"}
    soup = soup_of(heading("## Who?"), result("A fifth left"), others=[sister],
                   changes={"before": before, "cause": "The data have changed."})  # fmt: skip
    assert words(soup.nav) == "All months › 30 Jun 2026 › Selection · Portfolio · 31 May 2026"
    assert [link["href"] for link in soup.nav.find_all("a")] == [
        "../index.html", "index.html", "portfolio.html", "../2026-05-31/selection.html",
    ]  # fmt: skip
    assert words(soup.h1) == "A fifth left"
    assert words(soup.header.find("p", class_="kicker")) == (
        "Selection: Who is the most profitable customer? · Shop · 30 Jun 2026"
    )
    assert "The data have changed." in soup.find(id="provenance").get_text()


def test_the_first_screen_says_what_happened_and_what_to_do_of_its_own():
    act = {"text": "Call the 50", "worth": 5, "name": "quiet", "columns": [], "rows": []}
    cells = [heading("## One?"), result("A fifth left", actions=[act]), heading("## Two?"), result("Half came back")]
    soup = soup_of(*cells)
    assert [words(item) for item in soup.ol.find_all("li")] == ["It is so. More", "Half came back"]
    assert [link["href"] for link in soup.ol.find_all("a")] == ["#one", "#two"]
    assert words(soup.find(id="todo").parent.li) == "Call the 50 The list"
    assert soup.find(id="todo").parent.a["href"] == "actions/quiet.csv"
    assert words(soup.find("p", class_="do")) == "Call the 50 The list"


def test_a_section_has_its_question_finding_reading_and_one_chart_and_folds_the_rest():
    act = {"text": "", "worth": None, "name": "quiet", "columns": [], "rows": []}
    soup = soup_of(heading("## Who?"), result("A fifth left", chart=True, tables=2, method="By hand.", actions=[act]))
    section = soup.find("section", attrs={"aria-labelledby": "who"})
    assert [part.name for part in section.find_all(recursive=False)] == ["p", "h2", "p", "figure", *["details"] * 2]
    assert words(section.p), words(section.h2) == ("Who?", "A fifth left")
    numbers, method = section.find_all("details")
    assert words(numbers) == "The numbers 0 1 quiet.csv first.csv"
    assert words(method) == "How this was computed By hand. pf.this(firm)"
    bare = soup_of(heading("## Who?"), result("A fifth left", tables=2)).find(
        "section", attrs={"aria-labelledby": "who"}
    )
    assert [words(each) for each in bare.find_all("figure")] == ["0", "1"]
    assert [each.find_parent("details") is None for each in bare.find_all("figure")] == [True, False]


def test_what_was_also_looked_at_is_one_line_that_unfolds():
    nothing = {"text": "No clear groups", "low": None, "high": None, "nothing": True}
    soup = soup_of(
        heading("## Kept?"), result("Kept"), heading("## Beside?", "also"), result("A beside"),
        heading("## Groups?"), result(finding=nothing),
        heading("## Map?"), code("m", output({RESULT: {"missing": "No."}})),
        heading("## Words", "also"), nbformat.v4.new_markdown_cell("Of all."),
    )  # fmt: skip
    also = soup.find("section", class_="also")
    assert [words(each) for each in also.find_all("summary") if "computed" not in words(each)] == [
        "A beside", "No clear groups", "Words",
    ]  # fmt: skip
    assert words(also.find(id="beside").p) == "Beside?"
    assert words(also.select_one(".lacks summary")) == "Cannot be computed: No."
    assert [words(item) for item in soup.ol.find_all("li")] == ["It is so. More"]  # what is beside is no headline


def test_what_lacks_the_same_table_is_said_in_one_sentence():
    less, more = (f"spend: there is no such table; it needs {columns}. Add it." for columns in ("month", "month, cost"))
    soup = soup_of(
        heading("## Dear?"), code("d", output({RESULT: {"missing": less}})),
        heading("## Back?"), code("b", output({RESULT: {"missing": more}})),
        heading("## Held?"), nbformat.v4.new_markdown_cell("By lot."), code("h", output({RESULT: {"missing": "No."}})),
    )  # fmt: skip
    told = soup.select(".lacks")
    assert [words(each.summary) for each in told] == ["Cannot be computed: No.", f"Cannot be computed: {more}"]
    assert [[words(title) for title in each.find_all("h3")] for each in told] == [["Held?"], ["Dear?", "Back?"]]
    assert soup.find(id="back").find_next("code").text == "b"
    assert soup.get_text().count("there is no such table") == 1


def test_six_sections_stand_open_and_no_more():
    cells = [cell for n in range(8) for cell in (heading(f"## Q{n}?"), result(f"F{n}"))]
    soup = soup_of(*cells)
    assert [words(each) for each in soup.main.find_all("h2")][1:] == [*(f"F{n}" for n in range(6)), "Also looked at"]
    assert [words(each) for each in soup.select(".also > details > summary")] == ["F6", "F7"]


def test_code_is_folded_and_parameters_are_not_shown_twice(soup):
    assert not soup.select("details[open]")
    first = soup.find("section", attrs={"aria-labelledby": "first-foremost"})
    shown = [element.get_text() for element in first.find_all("code")]
    assert shown == ["import portfoy as pf", f"show({EVIL!r})", "ax = plot()", "quiet = 1"]


def test_what_opens_a_notebook_is_folded_and_what_has_no_heading_stays_open():
    assert "An opening ." in words(soup_of(heading("# T\n\nAn *opening*.")).find(id="provenance"))
    lone = soup_of(heading("# T\n\nAn *opening*."), result("Found", chart=True))
    assert lone.find("svg", class_="pf-svg").find_parent("details") is None


def test_the_page_carries_its_own_record(soup):
    record = json.loads(soup.find("script", id="run").string)
    assert (record["as_of"], record["source"], len(record["stages"])) == ("2026-06-30", EVIL, 1)


def test_a_failed_run_says_so_first():
    broken = code("1 / 0", nbformat.v4.new_output("error", ename="E", evalue="x", traceback=["\x1b[31mE: x\x1b[0m"]))
    soup = soup_of(heading("# T"), heading("## One?"), result("Found"), broken, status="failed",
                   error="ZeroDivisionError: division by zero")  # fmt: skip
    assert "failed: ZeroDivisionError: division by zero" in soup.find(role="alert").get_text()
    assert soup.find("pre", class_="error").get_text() == "E: x"
    assert words(soup.h1) == "Selection: Who is the most profitable customer?"


def test_a_summary_stands_before_what_it_sums_up():
    cells = [
        heading("# Title"),
        code("import portfoy as pf"),
        heading("## Figures"),
        code("a()", output({"text/plain": "one"})),
        heading("## In short", "summary"),
        code("b()", output({"text/plain": "two"})),
        heading("## The rest"),
    ]
    soup = soup_of(*cells)
    assert [each.get_text() for each in soup.find_all("h2")] == ["In short", "Figures", "The rest"]
    assert soup.get_text().index("two") < soup.get_text().index("one")
