"""The page: one file, nothing but text from data, and whole. Judge: an HTML parser and the rules of the house plan."""

import json
import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from portfoy.report import page, run
from portfoy.words import style
from portfoy.words.result import RESULT
from portfoy.words.table import show

EVIL = '"><img src=x onerror=alert(1)><script>alert(1)</script>'


def output(data, metadata=None):
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata or {})


def code(source, *outputs, **metadata):
    cell = nbformat.v4.new_code_cell(source, outputs=list(outputs), metadata=metadata, execution_count=1)
    return cell


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
    notebook = nbformat.v4.new_notebook(cells=cells)
    result = run.Result("selection", "ok", notebook, 1.0, figures=[figure])
    return page.make_page(
        result, title="Selection?", as_of="2026-06-30", source=EVIL, currency="TRY",
        provenance=[("Data", EVIL)], run={"as_of": "2026-06-30", "source": EVIL},
    )  # fmt: skip


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
    assert not re.findall(r"(?:src|href|action)\s*=\s*[\"'](?!data:|#)", made)
    assert "@import" not in made
    assert "url(" not in made


def test_the_page_can_be_found_ones_way_in(soup):
    assert soup.html["lang"] == "en"
    assert [heading.get_text() for heading in soup.find_all("h1")] == ["Selection?"]
    assert soup.find("a", class_="skip")["href"] == "#content"
    targets = [link["href"][1:] for link in soup.nav.find_all("a")]
    assert targets == ["first-foremost", "second", "first-foremost-3", "provenance"]
    assert all(soup.find(id=target) for target in targets)


def test_what_was_looked_at_without_a_finding_is_one_line_and_a_fold():
    found = {"text": "No clear groups", "low": None, "high": None, "nothing": True}
    told = {"finding": found, "reading": "They are cuts.", "chart": None, "tables": [], "method": "", "missing": ""}
    cells = [nbformat.v4.new_markdown_cell("## Groups?"), code("clusters", output({RESULT: told}))]
    result = run.Result("selection", "ok", nbformat.v4.new_notebook(cells=cells), 1.0)
    text = page.make_page(result, title="T", as_of="2026-06-30", source="S", currency="", provenance=[], run={})
    section = BeautifulSoup(text, "html.parser").find("section", attrs={"aria-labelledby": "groups"})
    assert section.find("h2", class_="nothing").get_text() == "No clear groups"
    assert [each.get_text(strip=True) for each in section.find_all("p", recursive=False)] == ["Groups?"]
    assert "They are cuts." in section.find("details").get_text()


def test_code_is_folded_and_parameters_are_not_shown_twice(soup):
    assert [details.has_attr("open") for details in soup.find_all("details")] == [False, False, False]
    shown = [element.get_text() for element in soup.find_all("details")[0].find_all("code")]
    assert shown == ["import portfoy as pf", f"show({EVIL!r})", "ax = plot()", "quiet = 1"]


def test_a_section_that_could_not_be_computed_says_why_and_no_more(soup):
    assert soup.find("p", class_="missing").get_text() == f"Cannot be computed: fit_x: {EVIL}"


def test_a_headline_has_its_interval(soup):
    assert [part.get_text() for part in soup.find("ul", class_="tiles").find_all("span")] == [
        "Revenue so far",
        "TRY\u00a01.23M",
        "TRY\u00a01.2\u2060–\u20601.3M",
    ]


def test_the_page_carries_its_own_record(soup):
    assert json.loads(soup.find("script", id="run").string) == {"as_of": "2026-06-30", "source": EVIL}


def test_a_failed_run_says_so_first():
    broken = code("1 / 0", nbformat.v4.new_output("error", ename="E", evalue="x", traceback=["\x1b[31mE: x\x1b[0m"]))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# T"), broken])
    result = run.Result("selection", "failed", notebook, 1.0, error="ZeroDivisionError: division by zero")
    made = page.make_page(
        result, title="T", as_of="2026-06-30", source="s", currency="", provenance=[], run={}
    )  # fmt: skip
    soup = BeautifulSoup(made, "html.parser")
    assert "failed: ZeroDivisionError: division by zero" in soup.find(role="alert").get_text()
    assert soup.find("pre", class_="error").get_text() == "E: x"


def page_of(*cells, status="ok", error="", **options):
    result = run.Result("selection", status, nbformat.v4.new_notebook(cells=list(cells)), 1.0, error=error)
    made = page.make_page(
        result, title="T", as_of="2026-06-30", source="s", currency="", provenance=[], run={}, **options
    )  # fmt: skip
    return BeautifulSoup(made, "html.parser")


def test_what_did_not_run_is_not_on_the_page_of_a_failed_report():
    not_run = nbformat.v4.new_code_cell("never()")
    broken = code("1 / 0", nbformat.v4.new_output("error", ename="E", evalue="x", traceback=["E: x"]))
    heading, later = nbformat.v4.new_markdown_cell("## Fails"), nbformat.v4.new_markdown_cell("## Later")
    soup = page_of(nbformat.v4.new_markdown_cell("# T"), code("1"), heading, broken, later, not_run, status="failed")
    assert [title.get_text() for title in soup.find_all("h2")] == ["Fails", "Where this comes from"]


def test_formulas_become_mathml_and_dollars_of_money_stay():
    text = "The chance is $\\frac{a}{b}$ and\n\n$$x^2 < y$$\n\nIt costs 5 $. <img src=x onerror=alert(1)>"
    soup = page_of(nbformat.v4.new_markdown_cell("# T"), nbformat.v4.new_markdown_cell(text))
    assert [formula["display"] for formula in soup.find_all("math")] == ["inline", "block"]
    assert soup.find("mfrac").get_text() == "ab"
    assert soup.find("msup").get_text() == "x2"
    assert "It costs 5 $." in soup.get_text()
    assert not soup.find_all("img")


def test_a_headline_tells_how_it_has_changed_in_words_and_by_an_arrow():
    figure = {"name": "customers", "value": 110, "low": None, "high": None, "unit": "count", "label": "customers",
              "note": None, "better": "up"}  # fmt: skip
    moved = {"name": "customers", "label": "customers", "unit": "count", "before": 100, "after": 110, "relative": 0.1,
             "direction": "up", "beyond": None, "better": "up"}  # fmt: skip
    result = run.Result("selection", "ok", nbformat.v4.new_notebook(cells=[]), 1.0, figures=[figure])
    changes = {"before": {"folder": "2026-05-31", "as_of": "2026-05-31"}, "cause": "", "figures": [moved]}
    made = page.make_page(
        result, title="T", as_of="2026-06-30", source="s", currency="", provenance=[], run={},
        changes=changes,
    )  # fmt: skip
    change = BeautifulSoup(made, "html.parser").find(class_="change")
    assert " ".join(change.get_text(" ").split()) == "▲ up 10.0% since 31 May 2026"
    assert "good" in change["class"]


def test_a_summary_stands_before_what_it_sums_up():
    cells = [
        nbformat.v4.new_markdown_cell("# Title"),
        code("import portfoy as pf"),
        nbformat.v4.new_markdown_cell("## Figures"),
        code("a()", output({"text/plain": "one"})),
        nbformat.v4.new_markdown_cell("## In short", metadata={"tags": ["summary"]}),
        code("b()", output({"text/plain": "two"})),
        nbformat.v4.new_markdown_cell("### Below it"),
        code("c()", output({"text/plain": "three"})),
        nbformat.v4.new_markdown_cell("## The rest"),
    ]
    result = run.Result("portfolio", "ok", nbformat.v4.new_notebook(cells=cells), 1.0, figures=[])
    made = page.make_page(
        result, title="T", as_of="2026-06-30", source="s", currency="", provenance=[], run={"as_of": "2026-06-30"}
    )
    soup = BeautifulSoup(made, "html.parser")
    assert [heading.get_text() for heading in soup.find_all(["h2", "h3"], id=True)][:4] == [
        "In short",
        "Below it",
        "Figures",
        "The rest",
    ]
    text = soup.get_text()
    assert text.index("two") < text.index("three") < text.index("one")
