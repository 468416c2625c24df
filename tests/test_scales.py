"""What money is counted in changes nothing but the money. Judge: exact scaling, cell by cell."""

import contextlib
import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from helpers import REPORTS
from portfoy.firm import Firm
from portfoy.simulate import simulate
from portfoy.words.result import NotPossible
from test_odd_companies import sections

MONEY = {
    "transactions": ["amount", "unit_price", "unit_cost", "discount"],
    "products": ["list_price", "unit_cost"],
    "leads": ["expected_value"],
    "spend": ["cost"],
    "campaigns": ["cost"],
    "subscriptions": ["monthly_fee"],
    "surveys": ["category_spend"],
}
FITTED = ("covariance", "log_likelihood", "_slopes")  # they go by powers and logarithms of money


def company(unit):
    """A firm of a hundred customers that counts its money in another unit."""
    made = simulate(customers=100, seed=5, start="2024-01-01", end="2026-06-30").tables
    for name, columns in MONEY.items():
        made[name] = made[name].assign(**{each: made[name][each] * unit for each in columns if each in made[name]})
    return Firm.of(made.pop("transactions"), **made)


def parts(value, path):
    """Each column, number and code of a result, by its path; sentences are written with money and are left out."""
    if isinstance(value, pd.DataFrame):
        for place, column in enumerate(value.columns):
            yield f"{path}.{column}", value.iloc[:, place].to_numpy(dtype=object)
    elif isinstance(value, NotPossible):
        yield path, [False]
    elif dataclasses.is_dataclass(value) and not isinstance(value, Firm):
        for name, inside in vars(value).items():
            yield from parts(inside, f"{path}.{name}")
    elif isinstance(value, dict):
        for name, inside in value.items():
            yield from parts(inside, f"{path}.{name}")
    elif isinstance(value, (int, float, np.number)) or value is None:
        yield path, [value]


def same(one, other, unit, near):
    """Whether a cell is the same, or the same money in another unit (a square of it, or what a unit of it is for)."""
    if not isinstance(one, (float, np.floating)) or not np.isfinite(one):
        return str(one) == str(other)
    return any(abs(other - one * factor) <= near * abs(one * factor) for factor in (1, unit, unit**2, 1 / unit))


def of_report(report, unit, monkeypatch):
    monkeypatch.setattr(pf, "open", lambda *_where, **_terms: company(unit))
    results = []
    with contextlib.redirect_stdout(None):
        said = sections(report, "", results)
    plt.close("all")
    return len(said), dict(part for place, result in enumerate(results) for part in parts(result, f"{place}"))


@pytest.mark.parametrize(
    ("report", "unit"),
    [
        pytest.param(report, unit, marks=() if (report, unit) == ("monitoring", 1e9) else pytest.mark.study)
        for report in REPORTS
        for unit in (1e-9, 1e-4, 1e9)
    ],
)
def test_every_table_scales_with_money_and_nothing_else_moves(report, unit, monkeypatch):
    (missing, plain), (missing_then, scaled) = (of_report(report, each, monkeypatch) for each in (1.0, unit))
    assert (missing, plain.keys()) == (missing_then, scaled.keys())
    assert len(plain) > 50
    moved = []
    for name in plain:
        near = 1e-6 if name.endswith(("_low", "_high")) else 1e-9  # bounds of a forecast go by its fit's last digits
        if not name.endswith(FITTED) and not any(each in name for each in FITTED):
            pairs = zip(plain[name], scaled[name], strict=True)
            moved += [(name, *pair) for pair in pairs if not same(*pair, unit, near)][:1]
    assert moved == []
