"""deepening.readout: arms compared outcome by outcome, held to other programs, by hand, and over many draws."""

import ibis
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import false_discovery_control, ttest_ind
from statsmodels.stats.power import tt_ind_solve_power

from portfoy.deepening.readout import alike, completed, effects, outcomes_of, together, within
from portfoy.firm import Firm


def drawn(seed, n=400, campaigns=1, effect=0.0, share=0.5):
    """Customers in arms drawn at random, each in every campaign, with an outcome that goes with what was before."""
    rng = np.random.default_rng(seed)
    own = rng.gamma(2.0, 50.0, n)
    parts = []
    for number in range(campaigns):
        treated = rng.random(n) < share
        spent = own * rng.gamma(1.0, 1.0, n) + 20 * number + effect * treated
        part = pd.DataFrame({"customer_id": np.arange(n).astype(str), "revenue": spent, "revenue_before": own})
        parts.append(part.assign(campaign_id=f"K{number}", arm=np.where(treated, "treatment", "control")))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(cell=table["arm"])


PAIR = [({}, "control", "treatment", ["revenue"])]


# (a) By hand


def test_outcomes_are_orders_of_the_days_after_and_of_the_year_before():
    log = pd.DataFrame(
        [
            ("a", "1", "2025-03-01", 10.0, 4.0),  # the day of the contact
            ("a", "2", "2025-03-10", 20.0, 5.0),  # the tenth day
            ("a", "3", "2025-03-11", 40.0, 6.0),  # too late
            ("a", "4", "2025-02-28", 80.0, 7.0),  # the eve
            ("a", "5", "2024-02-29", 160.0, 8.0),  # more than a year before
            ("b", "6", "2024-03-01", 5.0, 1.0),  # the first day of the year before
        ],
        columns=["customer_id", "order_id", "ordered_on", "amount", "unit_cost"],
    ).assign(quantity=1, ordered_on=lambda rows: pd.to_datetime(rows["ordered_on"]))
    contacts = pd.DataFrame({"customer_id": ["a", "b", "c"], "starts_on": pd.Timestamp("2025-03-01")}, index=[7, 8, 9])
    found = outcomes_of(Firm.of(log), contacts.assign(contacted_on=pd.Timestamp("2025-03-01")), 10)
    judge = pd.DataFrame(
        {
            **{"bought": [100.0, 0, 0], "revenue": [30.0, 0, 0], "margin": [21.0, 0, 0]},
            **{"bought_before": [1.0, 1, 0], "revenue_before": [80.0, 5, 0], "margin_before": [73.0, 4, 0]},
        },
        index=[7, 8, 9],
    )
    pd.testing.assert_frame_equal(found, judge, check_names=False)
    plain = Firm.of(log.drop(columns="unit_cost"))
    assert "margin" not in outcomes_of(plain, contacts.assign(contacted_on=pd.Timestamp("2025-03-01")), 10)


# (b) Other programs


def test_plain_is_the_test_of_scipy_and_adjusted_the_regression_of_statsmodels():
    table = drawn(1, effect=30.0)
    (row,) = effects(table, PAIR, 0.9).to_dict("records")
    sides = [table.loc[table["arm"] == arm, "revenue"] for arm in ("treatment", "control")]
    judge = ttest_ind(*sides, equal_var=False)
    assert row["p_value"] == pytest.approx(judge.pvalue)
    assert (row["effect_low"], row["effect_high"]) == pytest.approx(tuple(judge.confidence_interval(0.9)))
    assert row["change"] == pytest.approx(sides[0].mean() / sides[1].mean() - 1)
    columns = sm.add_constant(np.column_stack([table["arm"] == "treatment", table["revenue_before"]]).astype(float))
    judge = sm.OLS(table["revenue"], columns).fit(cov_type="HC1")
    assert row["adjusted"] == pytest.approx(judge.params.iloc[1], abs=0.02 * judge.bse.iloc[1])
    half = (row["adjusted_high"] - row["adjusted_low"]) / 2
    assert half == pytest.approx(1.645 * judge.bse.iloc[1], rel=0.02)
    assert half < 0.9 * (row["effect_high"] - row["effect_low"]) / 2


def test_the_least_effect_is_that_of_statsmodels():
    table = drawn(2).drop(columns="revenue_before")
    (row,) = effects(table, PAIR, 0.95).to_dict("records")
    many = (table["arm"] == "treatment").sum(), (table["arm"] == "control").sum()
    judge = tt_ind_solve_power(nobs1=many[0], ratio=many[1] / many[0], alpha=0.05, power=0.8)
    assert row["least"] == pytest.approx(judge * table["revenue"].std(), rel=0.02)


def test_several_campaigns_are_those_of_statsmodels_by_customer():
    table = drawn(3, campaigns=3, effect=10.0, share=0.3)
    levels = pd.get_dummies(table["campaign_id"], dtype=float)
    for beside in ([], [table["revenue_before"]]):
        columns = np.column_stack([table["arm"] == "treatment", *beside, levels]).astype(float)
        codes = table["customer_id"].astype(int)
        judge = sm.OLS(table["revenue"], columns).fit(cov_type="cluster", cov_kwds={"groups": codes})
        value, error = within(table, "revenue", *beside)
        assert value == pytest.approx(judge.params.iloc[0])
        assert error == pytest.approx(judge.bse.iloc[0], rel=0.01)


def test_weights_are_those_of_statsmodels():
    table = drawn(4)
    weight = np.random.default_rng(4).random(len(table))
    columns = sm.add_constant((table["arm"] == "treatment").astype(float))
    judge = sm.WLS(table["revenue"], columns, weights=weight).fit(cov_type="HC0")
    assert within(table, "revenue", weight=weight) == pytest.approx((judge.params.iloc[1], judge.bse.iloc[1]), rel=0.01)


def test_p_values_are_corrected_within_an_outcome():
    table = pd.DataFrame({"outcome": ["a", "a", "b", "a"], "effect": 1.0, "p_value": [0.01, 0.02, 0.04, np.nan]})
    found = completed(table, 0.95)["p_corrected"]
    assert found.iloc[:3].tolist() == [*false_discovery_control([0.01, 0.02]), 0.04]
    assert np.isnan(found.iloc[3])


# (c) Many draws


def test_chance_alone_is_taken_for_an_effect_in_five_of_a_hundred():
    """200 experiments in which nothing was done: 10 expected, within 2 to 20 in 99 of 100 such tests."""
    tables = [drawn(seed, n=200).assign(cell=lambda rows, one=seed: f"{one} " + rows["arm"]) for seed in range(200)]
    pairs = [({"seed": seed}, f"{seed} control", f"{seed} treatment", ["revenue"]) for seed in range(200)]
    found = effects(pd.concat(tables, ignore_index=True), pairs, 0.95)
    for name in ("p_value", "p_adjusted"):
        assert 2 <= (found[name] < 0.05).sum() <= 20
    assert (found["p_corrected"] < 0.05).sum() <= 2


def test_intervals_of_one_and_of_several_campaigns_hold_the_truth():
    """Of 100 draws with an effect of 25 at least 89 and 100 at most, as in 99 of 100 such tests."""
    held = {"effect": 0, "adjusted": 0}
    for seed in range(100):
        (row,) = together(drawn(seed, n=150, campaigns=3, effect=25.0), ["revenue"], 0.95).to_dict("records")
        for name in held:
            held[name] += row[f"{name}_low"] <= 25 <= row[f"{name}_high"]
    assert all(count >= 89 for count in held.values()), held


def chosen(seed, n=2_000, seen=True):
    """Customers chosen by idle days, on which the outcome depends too; true effect 4. Unseen: chosen by a secret."""
    rng = np.random.default_rng(seed)
    idle, secret = rng.exponential(100.0, n), rng.random(n)
    recent = idle < 90 if seen else secret < 0.5
    treated = rng.random(n) < np.where(recent, 0.7, 0.2)
    bought = 100.0 * (rng.random(n) < np.where(recent, 0.22, 0.05) + 0.04 * treated)
    rows = pd.DataFrame({"campaign_id": "K", "customer_id": np.arange(n).astype(str), "bought": bought})
    rows["arm"] = np.where(treated, "treatment", "control")
    return rows, pd.DataFrame({"idle": idle, "region": rng.choice(["x", "y"], n)})


def test_adjusting_brings_back_the_effect_where_all_that_matters_was_recorded():
    """Over 12 draws the mean is within three standard errors of the true 4, and at least 9 intervals hold it."""
    found = pd.concat([alike(*chosen(seed), ["bought"], 0.95) for seed in range(12)])
    for way, rows in found.groupby("way"):
        held = ((rows["effect_low"] <= 4) & (rows["effect_high"] >= 4)).sum()
        near = abs(rows["effect"].mean() - 4) < 3 * rows["effect"].std() / np.sqrt(12)
        assert (held == 0 and not near) if way == "plain" else (held >= 9 and near)
    assert (found["outside"] < 0.05).all()


def test_adjusting_cannot_mend_what_nobody_recorded():
    """The deliberate failure: with the reason for the choice in no table the bias stays, and no interval holds 4."""
    found = pd.concat([alike(*chosen(seed, seen=False), ["bought"], 0.95) for seed in range(4)])
    assert (found["effect_low"] > 4).all()


def test_customers_whose_arm_was_all_but_sure_are_counted():
    rows, known = chosen(1)
    rows["arm"] = np.where(known["idle"] < 100, "treatment", "control")
    assert alike(rows, known, ["bought"], 0.95)["outside"].iloc[0] > 0.7


# (d) What must hold


def test_a_table_of_the_engine_gives_what_a_frame_gives():
    table = drawn(5)
    pd.testing.assert_frame_equal(effects(ibis.memtable(table), PAIR, 0.95), effects(table, PAIR, 0.95))
    shuffled = effects(table.sample(frac=1, random_state=1), PAIR, 0.95)
    pd.testing.assert_frame_equal(shuffled, effects(table, PAIR, 0.95))


def test_outcomes_alike_for_all_have_no_effect_and_a_control_of_zero_no_ratio():
    table = drawn(6).assign(revenue=0.0)
    (row,) = effects(table, PAIR, 0.95).to_dict("records")
    assert (row["treated_mean"], np.isnan(row["effect"]), np.isnan(row["p_corrected"])) == (0, True, True)
    some = table["arm"].eq("treatment") & (table.index % 3 == 0)
    (row,) = effects(table.assign(revenue=some.astype(float)), PAIR, 0.95).to_dict("records")
    assert (row["effect_low"] > 0, np.isnan(row["change"])) == (True, True)
