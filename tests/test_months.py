"""Six months of reports of one firm: what a line over time shows. Judge: the drift of churn that the test plants."""

import json

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from helpers import plain
from test_report import figure, portfoy

LAST = pd.Timestamp("2026-06-30")
MONTHS = [f"{LAST - pd.offsets.MonthEnd(back):%Y-%m-%d}" for back in range(5, -1, -1)]


def write_shop(path, seed, customers, slower):
    """Three years of order lines at a steady rate each of a customer, in the last 180 days at `slower` times that."""
    random = np.random.default_rng(seed)
    rate = random.gamma(2, 1 / 300, customers)
    counts = random.poisson(rate[:, None] * [915, 180 * slower])
    who = np.repeat(np.tile(np.arange(customers), 2), counts.T.ravel())
    day = random.integers(*np.repeat([[0, 915], [915, 1095]], counts.sum(axis=0), axis=0).T)
    lines = pd.DataFrame({"customer_id": who, "ordered_on": LAST - (1094 - day) * pd.Timedelta(days=1)})
    lines.assign(order_id=range(len(lines)), amount=random.gamma(4, 25, len(lines)).round(2)).to_csv(path, index=False)


@pytest.mark.study
@pytest.mark.parametrize(("slower", "months"), [(0.85, MONTHS), (1.0, MONTHS[-1:])])
def test_six_months_show_a_drift_of_churn_where_there_is_one(tmp_path, slower, months):
    write_shop(tmp_path / "transactions.csv", 5, 6000, slower)
    (tmp_path / "portfoy.toml").write_text('source = "transactions.csv"\nname = "Shop"\n')
    given, said = ["-p", "at_risk_days=90", "-p", "lapsed_days=150"], {}
    for month in months:
        done = portfoy("report", "portfolio", "--data", "portfoy.toml", "--as-of", month, *given, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        (stage,) = json.loads((tmp_path / "reports" / month / "run.json").read_text())["stages"]
        said[month] = figure(stage, "churn")
    churn = said[MONTHS[-1]]
    line = dict(churn["points"])
    assert [line[month] for month in months] == [said[month]["value"] for month in months]
    assert set(line) == {"2025-06-30", "2025-12-31", *months}  # half a year and a year ago are worked out anew
    assert (churn["value"] - churn["half"]["value"] > 0.03) == (slower < 1)
    assert churn["half"]["clear"] == (slower < 1)
    page = BeautifulSoup((tmp_path / "reports" / MONTHS[-1] / "index.html").read_text(), "html.parser")
    assert ("points in six months" in plain(page.get_text())) == (slower < 1)
    happened, todo, *_rest = page.find_all("section")  # what happened and what to do, from order lines alone
    assert ("Revenue is down " in plain(page.h1.get_text())) == (slower < 1)
    assert (len(happened.find_all("li")), "Call the " in plain(todo.get_text())) == (3, True)
