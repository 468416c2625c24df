"""The reports on companies that lose money, sell nothing or have nobody: a sentence a section, never a failure."""

import contextlib
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from helpers import NOTEBOOKS, REPORTS
from odd import odd_company
from portfoy.errors import DataError, FitError
from portfoy.firm import Firm
from portfoy.words.result import NotPossible, Result
from run_notebook import run_cell


def lines():
    """Some 500 order lines of 80 customers in three years, each at a cost of half its price."""
    rng = np.random.default_rng(11)
    orders = 1 + rng.geometric(0.17, 80)
    amount = np.round(rng.lognormal(4, 0.5, orders.sum()) * np.repeat(rng.lognormal(0, 0.5, 80), orders), 2)
    return pd.DataFrame(
        {
            "customer_id": np.repeat([f"C{number:03}" for number in range(80)], orders),
            "order_id": np.arange(orders.sum()),
            "ordered_on": pd.Timestamp("2023-01-01") + pd.to_timedelta(rng.integers(0, 1095, orders.sum()), "D"),
            "quantity": 1,
            "amount": amount,
            "unit_cost": amount / 2,
        }
    )


ODD = {
    "costs above revenue": lambda log: log.assign(unit_cost=log["amount"] * 2),
    "no margin": lambda log: log.assign(unit_cost=log["amount"]),
    "only returns": lambda log: log.assign(amount=-log["amount"], quantity=-1),
    "more returned than sold": lambda log: pd.concat([log, log.assign(amount=-2 * log["amount"], quantity=-1)]),
    "one customer": lambda log: log[log["customer_id"] == "C001"],
    "nobody comes back": lambda log: log.drop_duplicates("customer_id"),
}
RARE = {"no margin", "only returns", "more returned than sold"}  # studies
ALIKE = {("acquisition", "costs above revenue")}  # as it is where nobody comes back: there are orders only


def sections(report, data, results=None):
    """What a report says where it cannot work something out, cell by cell as the runner does it, but in this process.

    What it shows is added to `results`.

    A cell shows what is not possible, or raises DataError or FitError, which ends its section; any other error is a
    failure and stays loud.
    """
    names, said, over = {}, [], False
    for cell in json.loads((NOTEBOOKS / f"{report}.ipynb").read_text("utf-8"))["cells"]:
        source = "".join(cell["source"])
        over = over and not (cell["cell_type"] == "markdown" and re.match("##? ", source))
        if cell["cell_type"] != "code" or over:
            continue
        if "parameters" in cell["metadata"].get("tags", []):
            source += f"\ndata = {str(data)!r}"
        try:
            shown = run_cell(source, names)
            if results is not None and isinstance(shown, Result):
                results.append(shown)
            said += [shown.reason] if isinstance(shown, NotPossible) else []
        except (DataError, FitError) as error:
            said, over = [*said, str(error)], True
            if "firm" not in names:
                return said  # nothing follows where the data cannot be read
    plt.close("all")
    return said


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        pytest.param(report, kind, marks=pytest.mark.study if kind in RARE or (report, kind) in ALIKE else ())
        for report in REPORTS
        for kind in ODD
    ],
)
def test_an_odd_company_gets_sentences(report, kind, tmp_path):
    ODD[kind](lines()).to_csv(tmp_path / "transactions.csv", index=False)
    with contextlib.redirect_stdout(None):
        said = sections(report, tmp_path)
    assert all(re.match(r"(\w+: )?[\w<].+\.$", sentence, re.DOTALL) for sentence in said)
    loss = "discounted_value: the margin is -1 of revenue. Check unit costs, or give margin_rate."
    asks = report in ("portfolio", "selection", "retention")  # for the expected value of a customer
    assert (loss in said) == (kind == "costs above revenue" and asks)


NO_WORDS = re.compile(r"\b(nan|NaN|NaT|inf|None)\b|[\u2212-](0(\.0+)?%?|inf)(?![\d.,])|\{\w")  # missing, endless, -0


def words(result, draw):
    """All that a result says."""
    found, tables = result.finding(), result.summary()
    yield from (found.text if found else "", str(result.reading()), str(result.method()))
    yield from map(repr, tables if isinstance(tables, list) else [tables])
    yield from (f"{figure.name} {figure.note}" for figure in result.figures())
    yield from (action.text for action in result.actions())
    if draw and (axes := result.plot()) is not None:
        yield axes.figure.get_label()


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=pytest.mark.study if seed >= 12 else ()) for seed in range(200)]
)
def test_a_company_drawn_at_random_gets_sentences(seed, monkeypatch):
    tables, day = odd_company(seed)
    reports, results, said = REPORTS if seed >= 12 else [REPORTS[seed % len(REPORTS)]], [], []
    try:
        firm = Firm.of(tables.pop("transactions"), as_of=day, currency="TRY", **tables)
    except DataError as error:
        reports, said = [], [str(error)]
    monkeypatch.setattr(pf, "open", lambda *_where, **_terms: firm)
    for report in reports:
        with contextlib.redirect_stdout(None):
            said += sections(report, "", results)
    assert all(re.match(r"(\w+: )?[\w<].+\.$", sentence) for sentence in said)
    said += [text for result in results for text in words(result, draw=seed % 4 == 0)]
    plt.close("all")
    assert [text for text in said if NO_WORDS.search(text.replace("\u2060", ""))] == []
