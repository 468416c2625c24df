"""Firms in which nothing changes, and one that dies: what the pages say of a change. The judge is the simulated truth.

In the steady firm as many come as go and nothing else moves, so whatever is said to have changed is a false alarm.
"""

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from portfoy.report import message
from portfoy.report.figures import judged
from portfoy.simulate import PRESETS, write_preset
from portfoy.words.result import Result

FALSE_AT_MOST = 0.05


def page_of(folder, *, forecast=False):
    """The results of the portfolio notebook that judge a change; with the forecast, which takes longest, if wanted."""
    firm = pf.open(folder)
    years, growth, states = pf.years(firm), pf.growth(firm), pf.states(firm)
    value = pf.lifetime_value(firm, earlier=True) if forecast else None
    key_figures = pf.key_figures(firm, states=states, value=value)
    given = {"years": years, "growth": growth, "states": states, "key_figures": key_figures}
    return {**given, "flows": states.flows, "value": value, "findings": pf.findings(firm, **given)}


def verdicts(page):
    """What is said to have changed, and what is not: a dict of where -> whether a change is said.

    The page of the portfolio: each strength or weakness that was tested, and the heading of each section that tells a
    change by one. The page of the run: each figure beside its values a year and half a year before.
    """
    years, growth, counted = page["years"].rows.loc["revenue"], page["growth"].last, page["states"].counted
    flows = page["flows"].finding()
    said = {
        "heading years": years["change_low"] > 0 or years["change_high"] < 0,
        "heading growth": growth["quick_ratio_low"] > 1 or growth["quick_ratio_high"] < 1,
        "heading states": counted["quick_ratio_high"] < 1,
        "heading flows": message.strength({"low": flows.low, "high": flows.high}) > 0,
    }
    found = page["findings"].table.dropna(subset="p_value").set_index("topic")["verdict"]
    said |= {f"finding {topic}": verdict != "steady" for topic, verdict in found.items()}
    figures = [vars(figure) for result in page.values() if isinstance(result, Result) for figure in result.figures()]
    for figure in judged([{**figure, **past(figure)} for figure in figures], 0.95):
        for when in ("year", "half"):
            if figure[when] and "clear" in figure[when]:
                said[f"figure {figure['name']} {when}"] = figure[when]["clear"]
    return {where: bool(change) for where, change in said.items()}


def past(figure):
    return {when: figure[when] and vars(figure[when]) for when in ("year", "half")}


def steady_firms(seeds, customers, tmp_path, **how):
    """One row per seed, one column per verdict; missing where it could not be made."""
    rows = {}
    for seed in seeds:
        write_preset(tmp_path / f"{seed}", "steady", customers=customers, seed=seed)
        rows[seed] = verdicts(page_of(tmp_path / f"{seed}", **how))
    return pd.DataFrame.from_dict(rows, "index")


def test_a_steady_firm_is_told_of_next_to_no_change(tmp_path):
    said = steady_firms([1], 400, tmp_path).iloc[0].dropna()
    assert len(said) >= 20
    assert said.sum() <= 1, said[said == 1]


@pytest.mark.study
def test_at_most_five_in_a_hundred_verdicts_over_twenty_steady_firms_are_false(tmp_path):
    said = steady_firms(range(1, 21), 1_000, tmp_path, forecast=True)
    assert said.notna().sum().sum() > 20 * 25
    assert said.stack().mean() <= FALSE_AT_MOST, said.sum()[lambda count: count > 0]


@pytest.mark.study
def test_nothing_moves_in_a_steady_firm():
    """Quarters of forty firms: orders, revenue, customers who buy, come and go have no slope over the three years."""
    slopes = []
    for seed in range(1, 41):
        made = PRESETS["steady"](customers=300, seed=seed)
        log = made.tables["transactions"].assign(quarter=lambda log: log["ordered_on"].dt.to_period("Q"))
        first = made.tables["customers"]["joined_on"][lambda day: day >= "2023-07-01"].dt.to_period("Q")
        quarters = log.groupby("quarter").agg(orders=("order_id", "nunique"), buyers=("customer_id", "nunique"))
        last = log.groupby("customer_id")["quarter"].max()
        quarters["come"] = first.value_counts()
        quarters["amount"] = np.sqrt(log.groupby("quarter")["amount"].sum())  # of spend so skewed, a root is steadier
        quarters["open leads"] = made.tables["leads"]["created_on"].dt.to_period("Q").value_counts()
        assert len(quarters) == 12
        assert last.min() == quarters.index[0]
        slopes.append(quarters.apply(lambda each: np.polyfit(range(12), each / each.mean(), 1)[0]))
    slopes = pd.DataFrame(slopes)
    z = slopes.mean() / (slopes.std() / np.sqrt(len(slopes)))
    assert (z.abs() < 3).all(), z


def test_a_dying_firm_is_told_so(tmp_path):
    write_preset(tmp_path, "dying", customers=600, seed=2)
    page = page_of(tmp_path)
    verdict = page["findings"].table.set_index("topic")["verdict"]
    assert (verdict["revenue"], verdict["buyers"]) == ("weakness", "weakness")
    assert "Revenue is down" in page["years"].finding().text
    assert "The base is dying" in page["states"].finding().text
    # who is there leaves no faster than before: it is those who do not come that are missing
    assert (verdict["left"], verdict["churn"]) == ("steady", "steady")


def test_nobody_is_new_in_a_dying_firm_since_july_2025():
    made = PRESETS["dying"](seed=3)
    first = made.tables["transactions"].groupby("customer_id")["ordered_on"].min()
    for days in (first, made.tables["customers"]["joined_on"], made.tables["leads"]["created_on"]):
        assert pd.Timestamp("2025-06-01") < days.max() < pd.Timestamp("2025-07-01")
