"""Run the code of a report notebook in this process, and keep what a reader would see and what it was made from."""

import ast
import json
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.text import Text

import portfoy as pf
from portfoy.source import open as source
from portfoy.source.tables import KEPT, keep
from portfoy.words.result import NotPossible, Result, _acted
from portfoy.words.table import Table

REPORTS = Path(__file__).parent.parent / "notebooks" / "reports"


@dataclass
class Page:
    """What came of a notebook.

    ``names`` its variables; ``said`` the readings, findings and methods, in order; ``shown`` a list of (caption, texts)
    of the tables; ``drawn`` all words of every figure; ``recorded`` name -> value, bounds and unit of a headline
    figure; ``lists`` name -> list to act on; ``missing`` why analyses were not possible.
    """

    names: dict = field(default_factory=dict)
    said: list = field(default_factory=list)
    shown: list = field(default_factory=list)
    drawn: list = field(default_factory=list)
    recorded: dict = field(default_factory=dict)
    lists: dict = field(default_factory=dict)
    missing: list = field(default_factory=list)

    @property
    def words(self):
        """Everything that is to be read, a string each; the marks that keep intervals on one line are left out."""
        notes = [f"{about['label']} {about['note'] or ''}" for about in self.recorded.values()]
        tables = [text for caption, texts in self.shown for text in (caption, *texts, *texts.to_numpy().ravel())]
        return [
            str(text).replace("\u2060", "").replace("\u00a0", " ") for text in self.said + tables + self.drawn + notes
        ]

    @property
    def frames(self):
        """Every DataFrame and Series that a variable holds, itself or in a result's fields, by name."""
        found = {}
        for name, value in self.names.items():
            if isinstance(value, (pd.DataFrame, pd.Series)):
                found[name] = value
            for part, inside in getattr(value, "__dict__", {}).items():
                if isinstance(inside, (pd.DataFrame, pd.Series)) and not name.startswith("_"):
                    found[f"{name}.{part}"] = inside
        return found


def run_report(stage, *, draw=True, **parameters):
    """Run `notebooks/reports/<stage>.ipynb` with these parameters: a Page; ``draw=False`` leaves the charts out."""
    page = Page()
    for number, cell in enumerate(json.loads((REPORTS / f"{stage}.ipynb").read_text("utf-8"))["cells"]):
        if cell["cell_type"] == "code":
            _keep_shown(page, run_cell("".join(cell["source"]), page.names, f"cell {number}"), draw)
            page.names.update(parameters if "parameters" in cell["metadata"].get("tags", []) else {})
        _keep_figures(page)
    pf.use_language("en")
    return page


def kept_open(where, folder, monkeypatch, **given):
    """Read a source once; `pf.open` gives it from then on, as in the kernels of a report."""
    monkeypatch.delenv(KEPT, raising=False)
    assert keep(source.open(where, **given), folder / "tables.duckdb")
    monkeypatch.setenv(KEPT, str(folder / "tables.duckdb"))


def run_cell(code, names, called="cell"):
    """Run a cell; the value of its last line, where that is an expression: what a notebook would show."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, called, "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), called, "eval"), names)


def _keep_shown(page, value, draw):
    if isinstance(value, Table):
        page.shown.append((value.caption, value.texts))
    elif isinstance(value, str):
        page.said.append(str(value))
    elif isinstance(value, NotPossible):
        page.said.append(value.reason)
        page.missing.append(value.reason)
    elif isinstance(value, Result):
        _keep_result(page, value, draw)


def _keep_result(page, result, draw):
    found, tables = result.finding(), result.summary()
    page.said += [*([found.text] if found else []), str(result.reading()), str(result.method())]
    page.shown += [(table.caption, table.texts) for table in (tables if isinstance(tables, list) else [tables])]
    page.recorded |= {figure.name: {"label": figure.name, **vars(figure)} for figure in result.figures()}
    page.lists |= {each.name: _acted(each) for each in result.actions()}
    if draw:
        result.plot()


def _keep_figures(page):
    for number in plt.get_fignums():
        figure = plt.figure(number)
        page.drawn += [figure.get_label(), *(text.get_text() for text in figure.findobj(Text))]
    plt.close("all")
