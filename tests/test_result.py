"""A made-up analysis shows itself, and a page follows from it. Judge: an HTML parser, and what the analysis says."""

import importlib
import inspect
import re
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

import portfoy
from portfoy.errors import DataError, FitError
from portfoy.firm import Firm, analysis, customers_of
from portfoy.report import page, run
from portfoy.words import figure, style
from portfoy.words.result import RESULT, Action, Figure, Finding, NotPossible, Past, Result, section
from portfoy.words.stages import STAGES
from portfoy.words.table import show

mpl.use("agg")

EVIL = "<b>İğdır</b> $5 \\frac $x$ & co"
PACKAGE = Path(portfoy.__file__).parent
LOG = pd.DataFrame(
    [("001", "1", "2024-01-01", 10.0), ("002", "2", "2024-02-01", 20.0), ("002", "3", "2024-03-01", 5.0)],
    columns=["customer_id", "order_id", "ordered_on", "amount"],
)


@dataclass(frozen=True)
class Luck(Result):
    """A made-up analysis: ``table`` with ``customer_id`` and ``luck``, a number."""

    table: pd.DataFrame

    def finding(self):
        return Finding(style.say("Luck comes to {n:count}: {who}", {"n": len(self.table), "who": EVIL}), 10.0, 20.0)

    def reading(self):
        return EVIL

    def plot(self, ax=None):
        ax = figure.drawing(ax, 2.0)
        ax.plot(self.table["luck"], color=style.ACCENT)
        return figure.name(ax, EVIL, "points, 2024", f"1 and 2 and {EVIL}")

    def summary(self):
        return show(self.table, EVIL)

    def figures(self):
        return [Figure("luck", 2.0, 1.5, 2.5, "points", better="up", year=Past("2023-03-01", 1.0, 0.02))]

    def actions(self):
        return [Action(f"Bet on {EVIL}", 7.5, "lucky", self.table)]

    def method(self):
        return f"Drawn. {EVIL}"


@analysis
def luck(firm, *, least=1):
    if least > 9:
        raise FitError("luck: 2 customers are not enough; at least 10 are needed. Wait.")
    customers = firm.customers
    return Luck(customers[["customer_id"]].assign(luck=range(len(customers))))


@analysis
def more_luck(table, before):
    if not isinstance(table, Firm) and table.empty:
        raise DataError("more_luck: there are no customers.")
    return before


@pytest.fixture(scope="module")
def firm():
    return Firm.of(LOG, currency="TRY")


def test_a_result_tells_a_report_all_of_itself(firm):
    content = luck(firm)._repr_mimebundle_()[RESULT]
    assert content["finding"] == {"text": f"Luck comes to 2: {EVIL}", "low": 10.0, "high": 20.0, "nothing": False}
    assert content["figures"] == [
        {"name": "luck", "value": 2.0, "low": 1.5, "high": 2.5, "unit": "points", "note": "", "better": "up"}
        | {"year": {"day": "2023-03-01", "value": 1.0, "p_value": 0.02}, "half": None, "days": None}
    ]
    assert content["actions"] == [
        {"text": f"Bet on {EVIL}", "worth": 7.5, "name": "lucky", "title": "", "table": None}
        | {"columns": ["customer_id", "luck"], "heads": [("Customer", "text"), ("luck", "text")]}
        | {"rows": [["001", 0], ["002", 1]]}
    ]
    assert (content["missing"], content["chart"]["title"], content["chart"]["subtitle"]) == ("", EVIL, "points, 2024")


def test_as_the_last_line_of_a_cell_it_is_one_section_in_which_nothing_is_markup(firm):
    bundle = luck(firm)._repr_mimebundle_()
    soup = BeautifulSoup(bundle["text/html"], "html.parser")
    (section,) = soup.find_all("section", recursive=False)
    assert section.h3.get_text() == f"Luck comes to 2: {EVIL}"
    assert section.p.get_text() == EVIL
    assert [each.get_text() for each in section.find_all("summary")] == ["The table behind it", "How this was computed"]
    assert section.svg["aria-label"] == f"Chart: {EVIL}. points, 2024. 1 and 2 and {EVIL}"
    assert section.find_all("b", string="İğdır") == []
    assert bundle["text/plain"].splitlines()[0] == f"Luck comes to 2: {EVIL}"
    assert f"Drawn. {EVIL}" in bundle["text/plain"]


def test_without_a_chart_the_first_table_is_open_and_the_others_are_folded(firm):
    class Told(Luck):
        def plot(self, ax=None):
            return None

        def summary(self):
            return [show(self.table, "first"), show(self.table, "second")]

    shown = BeautifulSoup(section(Told(luck(firm).table).content()), "html.parser")
    (folded,) = [each for each in shown.find_all("details") if each.table]
    assert [each.get_text() for each in folded.find_all("figcaption")] == ["second"]
    assert [each.get_text() for each in shown.find_all("figcaption")] == ["first", "second"]


def test_an_analysis_over_customers_takes_a_firm_or_a_table(firm):
    table = pd.DataFrame({"revenue": [1.0]})
    assert customers_of(table)[0] is table
    assert customers_of(table)[1:] == ("", 0.95)
    assert customers_of(firm)[0] is firm.customers
    assert customers_of(firm)[1:] == ("TRY", 0.95)


def test_a_chart_on_a_page_has_the_colours_of_the_page_and_no_name_twice(firm):
    one, other = (luck(firm).content()["chart"]["svg"] for _time in range(2))
    assert one == other  # the same chart is the same text
    assert f"var(--accent, {style.ACCENT})" in one
    assert "font-family" not in one
    assert not re.search(r"<g>|<g/>|rotate\(-0|\d\.\d{3}", one)  # nothing that shows nothing
    soup = BeautifulSoup(one, "html.parser").svg
    assert soup.get("width") is None
    assert soup["viewbox"].startswith("0 0 360")  # five inches


def test_an_analysis_that_is_not_possible_says_why_and_what_is_given_it_says_the_same(firm):
    missing = luck(firm, least=10)
    reason = "luck: 2 customers are not enough; at least 10 are needed. Wait."
    assert (bool(missing), missing.reason, repr(missing)) == (False, reason, reason)
    assert missing.table is missing
    assert more_luck(firm, missing) is missing
    assert more_luck(firm, before=missing) is missing
    assert missing._repr_mimebundle_()[RESULT] == {"missing": reason}
    assert f">{reason}</p>" in missing._repr_mimebundle_()["text/html"]
    assert missing.plot() is None
    assert not NotPossible("x").table.anything
    assert NotPossible("x").against("y").reason == "x"
    assert NotPossible("fit_x: all buy alike.").reason == "All buy alike."  # a reader knows no function
    assert (missing.table["a"].mean() / missing.table["a"] is missing, len(missing.table), list(missing)) == (
        True,
        0,
        [],
    )


def test_asked_with_a_table_an_analysis_raises_as_a_library_should():
    with pytest.raises(DataError, match=r"^more_luck: there are no customers\.$"):
        more_luck(LOG.iloc[:0], None)


def test_any_other_error_stays_loud(firm):
    with pytest.raises(TypeError):
        luck(firm, least="many")


def test_the_page_follows_from_the_notebook_without_touching_anything_else(firm):
    results = [luck(firm), luck(firm, least=10)]
    cells = [nbformat.v4.new_markdown_cell("# Luck")]
    for number, each in enumerate(results):
        data = dict(each._repr_mimebundle_().items())
        output = nbformat.v4.new_output("execute_result", data=data, execution_count=1)
        cells.append(nbformat.v4.new_markdown_cell(f"## Who is lucky {number}?"))
        cells.append(nbformat.v4.new_code_cell("pf.luck(firm)", outputs=[output], execution_count=1))
    notebook = nbformat.v4.new_notebook(cells=cells)
    stage = {"name": "luck", "stage": "luck", "status": "ok", "page": "luck.html", "each": {}, "parameters": {},
             "code": "c", "figures": [], "actions": []}  # fmt: skip
    record = {"as_of": "2024-03-01", "made_at": "now", "source": "x", "currency": "TRY", "stages": [stage],
              "data": {"where": "x", "sha256": "d", "rows": 3}, "versions": {}}  # fmt: skip
    made = page.make_page(record, stage, page.sections(notebook))
    assert run.told(notebook, "figures")[0]["name"] == "luck"
    assert run.told(notebook, "actions")[0]["name"] == "lucky"
    assert run.missing_in(notebook) == ["luck: 2 customers are not enough; at least 10 are needed. Wait."]
    soup = BeautifulSoup(made, "html.parser").main
    first, also = soup.find_all("section", recursive=False)[-2:]
    assert first.select_one(".question").get_text() == "Who is lucky 0?"
    assert first.h2.get_text() == f"Luck comes to 2: {EVIL}"
    assert len(first.find_all("svg")) == 1
    said = "Cannot be computed: luck: 2 customers are not enough; at least 10 are needed. Wait."
    assert (also.summary.get_text(), also.select_one(".question")) == (said, None)


def test_a_finding_is_the_same_in_whatever_order_its_money_was_added_up():
    @dataclass(frozen=True)
    class Sum(Result):
        money: float

        def finding(self):
            return Finding("So much", self.money, np.float64(np.nan))

    one, other = (Sum(money).content()["finding"] for money in (5472590.6120724, 5472590.6120726))
    assert one == other == {"text": "So much", "low": 5472590.61207, "high": None, "nothing": False}


@pytest.mark.parametrize(("unit", "better"), [("kilo", ""), ("money", "left")])
def test_a_figure_is_of_a_known_unit_and_direction(unit, better):
    with pytest.raises(ValueError, match=r"^figure 'x': unit '"):
        Figure("x", 1.0, unit=unit, better=better)


def test_the_list_of_an_action_bears_the_name_of_a_file():
    with pytest.raises(ValueError, match=r"^list '\.\./x': is not the name of a file; use letters, digits and _$"):
        Action("Call", name="../x", table=pd.DataFrame())


def test_no_analysis_has_a_table_or_number_by_the_name_of_what_a_report_asks_of_it():
    """Judge: the class itself, whose functions every analysis may replace by a function and by nothing else."""
    for path in PACKAGE.glob("*/*.py"):
        if path.parent.name in STAGES:
            importlib.import_module(f"portfoy.{path.parent.name}.{path.stem}")
    asked = [name for name in vars(Result) if not name.startswith("_")]
    kinds, found = [Result], []
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        own = {name for name in asked if not inspect.isfunction(getattr(kind, name, None))}
        found += [(kind.__name__, name) for name in own | (set(getattr(kind, "__annotations__", {})) & set(asked))]
    assert len(asked) >= 8
    assert found == []
