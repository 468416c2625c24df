"""Kaplan-Meier, log-rank, causes and Cox: against published numbers of the Telco file and against statsmodels."""

import ibis
import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight, survdiff

from helpers import message_of
from portfoy.errors import FitError
from portfoy.intervals import z_value
from portfoy.models.lifetimes import (
    at_risk,
    begun_late,
    cause_table,
    contract_lifetimes,
    fit_cox,
    life_table,
    log_rank,
    told_of,
)


@pytest.fixture(scope="module")
def telco(shared_data):
    table = pd.read_csv(shared_data / "telco" / "telco_churn.csv")
    return table.assign(
        duration=table["tenure"].astype(float), ended=(table["Churn"] == "Yes") * 1, entry=-1.0, contracts=1
    )


@pytest.fixture(scope="module")
def monthly(telco):
    """Month-to-month contracts with internet: 3,351, of which 1,556 ended."""
    return telco[(telco["Contract"] == "Month-to-month") & (telco["InternetService"] != "No")].reset_index(drop=True)


def counted(rows, *by):
    keys = ["duration", "ended", "entry", *by]
    return rows.groupby(keys, as_index=False, dropna=False)["contracts"].sum()


def drawn(seed, n=600):
    """Rows of three causes and two groups, in whole and half months, with ties and censoring."""
    random = np.random.default_rng(seed)
    group = random.integers(0, 2, n)
    lasts, seen = random.exponential(8 + 4 * group), random.uniform(0, 20, n)
    table = pd.DataFrame({"duration": np.ceil(2 * np.minimum(lasts, seen)) / 2, "ended": (lasts <= seen) * 1})
    cause = np.where(lasts <= seen, random.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]), None)
    return table.assign(entry=-1.0, contracts=1, group=group, cause=cause)


# (a) By hand


def test_five_contracts_by_hand():
    """At 1 of 5 one ends; 2 is censored; at 3 of 3 two end; one runs: S = 4/5, then 4/5 x 1/3."""
    rows = pd.DataFrame({"duration": [1.0, 2, 3, 3, 4], "ended": [1, 0, 1, 1, 0], "entry": -1.0, "contracts": 1})
    life = life_table(rows)
    assert life[["months", "at_risk", "ended"]].to_numpy().tolist() == [[0, 5, 0], [1, 5, 1], [3, 3, 2]]
    assert life["share"].tolist() == pytest.approx([1, 0.8, 0.8 / 3])
    told = told_of(life, 4, 4)
    assert (told["median"], told["running"]) == pytest.approx((3, 0.8 / 3))
    assert told["lasting"] == pytest.approx(1 + 2 * 0.8 + 0.8 / 3)
    assert np.isnan(told_of(life, 4, 5)["lasting"])


def test_months_are_whole_on_the_day_of_the_start():
    rows = [
        ("2024-01-31", "2024-02-29", 1.0),  # a month without a 31st
        ("2024-01-15", "2024-04-15", 3.0),
        ("2024-01-15", "2024-04-14", 3 - 1 / 31),
        ("2024-01-15", None, 23 + 16 / 31),  # runs on the last day of 2025
        ("2024-01-15", "2024-01-15", 0.0),
    ]
    table = pd.DataFrame(rows, columns=["started_on", "ended_on", "months"])
    days = {name: pd.to_datetime(table[name]) for name in ("started_on", "ended_on")}
    given = ibis.memtable(table.assign(**days, place=range(5))).cast({"started_on": "date", "ended_on": "date"})
    found = contract_lifetimes(given.drop("months"), "2025-12-31").order_by("place").to_pandas()
    assert found["months"].tolist() == pytest.approx(table["months"].tolist())
    assert found["over"].tolist() == [True, True, True, False, True]


def test_durations_stand_in_for_dates_and_what_tells_no_length_is_missing():
    table = pd.DataFrame({"duration": [5.0, 0.0, 7.0, None], "ended": [True, False, None, True]})
    found = contract_lifetimes(ibis.memtable(table), "2025-12-31").to_pandas()
    assert found["months"].tolist()[:2] == [5, 0]
    assert found["months"].isna().tolist() == [False, False, True, True]
    both = pd.DataFrame({"started_on": pd.to_datetime(["2025-01-01"] * 2), "ended": [True, False]})
    found = contract_lifetimes(ibis.memtable(both).cast({"started_on": "date"}), "2025-12-31").to_pandas()
    assert found["months"].isna().tolist() == [True, False]  # ended, nobody knows when


# (b) Published, and statsmodels


def test_kaplan_meier_of_the_published_telco_analyses(telco, monthly):
    life = life_table(counted(monthly))
    assert (monthly["contracts"].sum(), monthly["ended"].sum()) == (3351, 1556)
    shares = {6: 0.7803, 12: 0.6950, 24: 0.5753, 48: 0.3872, 60: 0.2890}
    found = {month: told_of(life, 72, month) for month in shares}
    assert {month: round(told["running"], 4) for month, told in found.items()} == shares
    assert found[6]["median"] == 34
    whole = life_table(counted(telco))
    assert [round(told_of(whole, 72, month)["running"], 4) for month in (12, 24)] == [0.8432, 0.7887]


def test_log_rank_of_the_published_telco_analyses(telco, monthly):
    assert log_rank(counted(monthly, "gender"), "gender") == pytest.approx((2.039, 0.153), abs=5e-4)
    assert log_rank(counted(monthly, "OnlineSecurity"), "OnlineSecurity")[0] == pytest.approx(141.603, abs=5e-4)
    assert log_rank(counted(monthly, "TechSupport"), "TechSupport")[0] == pytest.approx(90.43, abs=5e-3)
    assert log_rank(counted(telco, "Contract"), "Contract")[0] == pytest.approx(2352.873, abs=5e-4)


def test_cox_of_the_published_telco_analysis(monthly):
    columns = pd.DataFrame({name: monthly[name] == "Yes" for name in ("Dependents", "OnlineBackup", "TechSupport")})
    columns.insert(1, "DSL", monthly["InternetService"] == "DSL")
    fit = fit_cox(monthly, columns.astype(float))
    assert fit["coefficient"].tolist() == pytest.approx([-0.328651, -0.217329, -0.776620, -0.639166], abs=5e-7)
    assert fit.attrs["log_likelihood"] == pytest.approx(-11315.952, abs=5e-4)
    score = columns.to_numpy(float) @ fit["coefficient"].to_numpy()
    assert concordance(score, monthly) == pytest.approx(0.6409, abs=5e-5)
    half = z_value(0.95) * fit["error"]
    assert fit["hazard_ratio_high"].tolist() == pytest.approx(np.exp(fit["coefficient"] + half).tolist())
    assert (fit["p_steady"] < 0.05).tolist() == [False, True, True, True]


def concordance(score, rows):
    """Of the pairs of which one is known to have ended first, the share in which its score is higher (Harrell)."""
    months, ended, right, pairs = rows["duration"].to_numpy(), rows["ended"].to_numpy(), 0.0, 0
    for place in np.flatnonzero(ended):
        later = (months > months[place]) | ((months == months[place]) & (ended == 0))
        pairs += later.sum()
        right += (score[place] > score[later]).sum() + 0.5 * (score[place] == score[later]).sum()
    return right / pairs


@pytest.mark.parametrize("seed", range(3))
def test_curve_and_median_are_those_of_statsmodels(seed):
    rows = drawn(seed)
    life, judge = life_table(counted(rows)).iloc[1:], SurvfuncRight(rows["duration"], rows["ended"])
    assert life["share"].tolist() == pytest.approx(judge.surv_prob.tolist())
    assert life["at_risk"].tolist() == judge.n_risk.tolist()
    told = told_of(life_table(counted(rows)), rows["duration"].max(), 10)
    low, high = judge.quantile_ci(0.5, method="cloglog")
    assert (told["median"], told["median_low"], told["median_high"]) == (judge.quantile(0.5), low, high)
    place = np.searchsorted(judge.surv_times, 10, side="right") - 1
    share, error = judge.surv_prob[place], judge.surv_prob_se[place]
    middle, half = np.log(-np.log(share)), z_value(0.95) * error / share / abs(np.log(share))
    bounds = np.exp(-np.exp(middle + half)), np.exp(-np.exp(middle - half))
    assert (told["running_low"], told["running_high"]) == pytest.approx(bounds)


@pytest.mark.parametrize("seed", range(3))
def test_log_rank_and_causes_are_those_of_statsmodels(seed):
    rows = drawn(seed)
    judge = survdiff(rows["duration"], rows["ended"], rows["group"])
    assert log_rank(counted(rows, "group"), "group") == pytest.approx(tuple(judge))
    table = cause_table(counted(rows, "cause"), 10).set_index("cause").loc[["a", "b", "c"]]
    status = rows["cause"].map({"a": 1, "b": 2, "c": 3}).fillna(0).astype(int)
    judge = CumIncidenceRight(rows["duration"], status)
    place = np.searchsorted(judge.times, 10, side="right") - 1
    assert table["share"].tolist() == pytest.approx([share[place] for share in judge.cinc])
    error = np.array([error[place] for error in judge.cinc_se])
    width = (table["share_high"] - table["share_low"]).to_numpy()
    assert width / (2 * z_value(0.95)) == pytest.approx(error, rel=0.02)  # theirs on the share, ours on its logit
    early = rows[(rows["ended"] == 1) & (rows["duration"] <= 10)]
    assert table["ended"].to_dict() == early["cause"].value_counts().to_dict()


def test_the_mean_within_a_horizon_has_the_spread_of_samples_drawn_anew():
    rows, means = drawn(7, 300), []
    random = np.random.default_rng(1)
    for _again in range(60):
        again = rows.iloc[random.integers(0, len(rows), len(rows))]
        means.append(told_of(life_table(counted(again)), 99, 12)["lasting"])
    told = told_of(life_table(counted(rows)), 99, 12)
    error = (told["lasting_high"] - told["lasting_low"]) / 2 / z_value(0.95)
    assert error == pytest.approx(np.std(means), rel=0.25)


# (c) Delayed entry


def entered(seed, n=3000):
    """Contracts that last 12 months on average, known only if they still ran when the table began."""
    random = np.random.default_rng(seed)
    lasts, old = np.ceil(random.exponential(12, n)), random.integers(-30, 12, n)
    seen, before = np.minimum(lasts, 12 - old), np.maximum(-old, -1)
    known = (lasts > -old) | (old >= 0)
    rows = pd.DataFrame(
        {"duration": seen.astype(float), "ended": (lasts <= 12 - old) * 1, "entry": before.astype(float)}
    )
    return rows[known & (rows["duration"] > 0)].assign(contracts=1)


def test_who_is_known_from_a_later_age_on_is_at_risk_from_there():
    rows = entered(3)
    truth = np.exp(-10 / 12)
    assert told_of(life_table(rows), 40, 10)["running"] == pytest.approx(truth, abs=0.04)
    assert told_of(life_table(rows.assign(entry=-1.0)), 40, 10)["running"] > truth + 0.06
    naive = [((rows["duration"] >= t) & (rows["entry"] < t)).sum() for t in (1, 5, 20)]
    assert at_risk(rows, [1, 5, 20]).tolist() == naive
    found, whole = begun_late(rows), begun_late(drawn(1).assign(entry=0.05))
    assert ((found["entry"] >= 0).any(), (whole["entry"] == -1).all()) == (True, True)


# (e) Errors


def test_columns_of_no_use_are_named_all_at_once():
    random = np.random.default_rng(5)
    rows = drawn(5, 200)
    columns = pd.DataFrame({"a": random.normal(size=200), "b": random.normal(size=200)})
    columns["c"], columns["d"], columns["e"] = (
        1.0,
        columns["a"] - 2 * columns["b"],
        np.where(columns.index < 3, np.nan, 1),
    )
    columns["f"] = (rows["ended"] == 0) * 1.0
    assert message_of(fit_cox, rows, columns, error=FitError) == (
        "fit_cox: 'c' is the same in every row; 'd' follows from 'a', 'b'; 'e' is missing in 3 rows; 'f' is 0 wherever "
        "something has ended. Leave these out."
    )


def test_a_table_that_is_not_there_is_named():
    assert message_of(contract_lifetimes, None, "2025-12-31") == (
        "subscriptions: there is no such table; it needs contract_id, customer_id and started_on, or duration and "
        "ended. Add it to the source."
    )


def test_nothing_to_compare_gives_no_number():
    rows = drawn(1, 50)
    assert np.isnan(log_rank(rows.assign(group=1), "group")).all()
    assert np.isnan(log_rank(rows.assign(ended=0), "group")).all()
    assert life_table(rows.assign(ended=0))["share"].tolist() == [1.0]
