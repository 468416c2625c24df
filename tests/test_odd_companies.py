"""The reports on companies that lose money, sell nothing or have nobody: a sentence a section, never a failure."""

import contextlib
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from helpers import NOTEBOOKS, REPORTS
from portfoy.errors import DataError, FitError
from portfoy.words.result import NotPossible
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


def sections(report, data):
    """What a report says where it cannot work something out, cell by cell as the runner does it, but in this process.

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
