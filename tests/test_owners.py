"""Owners: counted as pandas counts them; the two that the preset `firms` plants are found, and no one by chance."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

import portfoy as pf
from portfoy import Firm
from portfoy.simulate.presets import firms


def deals(won, closed, day="2026-03-01"):
    """Leads of one owner a name: so many won of so many closed."""
    rows = []
    for owner, n in closed.items():
        for place in range(n):
            outcome = "won" if place < won[owner] else "lost"
            row = {"lead_id": f"{owner}{day}{place}", "created_on": "2025-01-01", "closed_on": day, "owner": owner}
            rows.append(row | {"outcome": outcome, "customer_id": f"0{owner}{place}" if outcome == "won" else None})
    return pd.DataFrame(rows)


def test_shares_tests_and_money_are_those_worked_out_by_hand():
    won, closed = {"<b>A</b>": 30, "İ": 10, "C": 12, "few": 1}, {"<b>A</b>": 40, "İ": 40, "C": 40, "few": 3}
    before = deals({"C": 15}, {"C": 30}, day="2025-02-01")
    orders = pd.DataFrame({"customer_id": ["0C0", "0C1", "0C1", "x"], "order_id": list("1234"),
                           "ordered_on": ["2026-04-01", "2026-05-01", "2024-05-01", "2026-05-01"],
                           "amount": [10.0, 5.0, 99.0, 7.0]})  # fmt: skip
    firm = Firm.of(transactions=orders, leads=pd.concat([deals(won, closed), before]), as_of="2026-06-30")
    found = pf.owners(firm)
    table = found.table.set_index("owner")
    assert table["win_share"].to_dict() == {"<b>A</b>": 0.75, "C": 0.3, "İ": 0.25}
    assert table.loc["C", "year_before"] == 0.5
    assert table.loc["C", "revenue"] == 15
    assert np.isnan(table.loc["İ", "year_before"])
    assert found.few == 1
    p_values = [chi2_contingency([[w, 40 - w], [53 - w, 83 - 53 + w]], correction=False).pvalue for w in (30, 12, 10)]
    ranked = sorted(p_values)
    by_hand = [min(p * 3 / (place + 1) for place, p in enumerate(ranked) if p >= own) for own in p_values]
    assert table["p_value"].tolist() == pytest.approx(by_hand)
    assert str(found.finding().text) == "<b>A</b> wins more often than others: 75% of deals"


def test_the_two_planted_owners_are_told_from_the_others():
    better, worse, wrong = [], [], 0
    for seed in range(3):
        tables = dict(firms(seed=seed).tables)
        firm = Firm.of(transactions=tables.pop("transactions"), as_of="2026-06-30", **tables)
        table = pf.owners(firm).table.set_index("owner")
        off = table["win_share"] - table["others"]
        better.append(off["R3"])
        worse.append(off["R5"])
        wrong += table["clear"].drop(["R3", "R5"]).sum()
    assert min(better) > 0 > max(worse)
    assert wrong <= 1


def test_where_nobody_can_be_compared_it_says_why(teaching_firm):
    assert str(pf.owners(Firm.of(leads=deals({"A": 1}, {"A": 50}), as_of="2026-06-30"))) == (
        "owners: 1 owners closed 20 deals or more in twelve months; two are needed to compare."
    )
    nobody = Firm.of(leads=deals({"A": 1}, {"A": 50}).drop(columns="owner"), as_of="2026-06-30")
    assert "owner" in str(pf.owners(nobody))
    assert not pf.owners(nobody)
    assert pf.owners(teaching_firm).finding().nothing  # no owner of the teaching company differs
