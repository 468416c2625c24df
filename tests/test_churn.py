"""Churn against plain pandas, the portfolio page, the published Telco file and planted churn of contracts."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

import portfoy as pf
from helpers import orders, plain
from portfoy.firm import Firm
from portfoy.portfolio.key_figures import key_figures
from portfoy.portfolio.states import states
from portfoy.retention.churn import churn, windows_of
from portfoy.retention.economics import economics
from portfoy.simulate.presets import dying, subscription

DAY = pd.Timedelta(days=1)


def contracts(n=60, ended=20, *, dated=True):
    """Contracts that began in 2025, so many of which have ended since last year; one began too late."""
    table = pd.DataFrame(
        {
            "contract_id": [f"{number:03d}" for number in range(n + 1)],
            "customer_id": [f"{number:03d}" for number in range(n + 1)],
            "started_on": pd.Timestamp("2025-01-01"),
            "ended_on": pd.Series([pd.Timestamp("2026-01-31")] * ended + [pd.NaT] * (n + 1 - ended)),
            "monthly_fee": 10.0,
        }
    )
    table.loc[n, "started_on"] = pd.Timestamp("2026-01-01")
    if not dated:
        table = table.assign(duration=24.0, ended=table["ended_on"].notna()).drop(columns=["started_on", "ended_on"])
    return table


@pytest.fixture(scope="module")
def taught(teaching_firm):
    return churn(teaching_firm)


# (a) Worked out by hand


def test_contracts_that_ran_a_year_ago_and_ended():
    found = churn(Firm.of(as_of="2026-06-30", subscriptions=contracts()))
    row = found.first
    assert (row["metric"], row["counted"], row["base"], row["days"]) == ("contract_churn", 20, 60, 365)
    assert found.family == "contractual"
    assert found.lost["customer_id"].tolist() == [f"{number:03d}" for number in range(20)]
    assert found.lost["final_revenue"].tolist() == [120.0] * 20
    assert plain(found.finding().text) == "33% of contracts ended within a year"


def test_contracts_without_dates_count_all_there_ever_were(tmp_path):
    contracts(dated=False).to_csv(tmp_path / "contracts.csv", index=False)
    toml = 'source = "contracts.csv"\nas_of = "2026-06-30"\n[subscriptions]\n'
    toml += "".join(f'{name} = "{name}"\n' for name in contracts(dated=False))
    (tmp_path / "portfoy.toml").write_text(toml, "utf-8")
    found = churn(pf.open(tmp_path / "portfoy.toml"))
    assert (found.first["counted"], found.first["base"]) == (20, 61)
    assert plain(found.finding().text) == "33% of all contracts ever have ended"
    assert np.isnan(found.first["year"])
    assert found.lost["customer_id"].tolist() == [f"{number:03d}" for number in range(20)]
    assert found.finding().low is None
    assert plain(found.method()).startswith("Contracts: all ever;")
    assert "last year" not in plain(found.method())
    text = "economics: contracts have no dates, so retention is of no year. Add started_on and ended_on."
    assert str(economics(found.firm)) == text


@pytest.mark.parametrize(("ended", "moved"), [(25, False), (100, True)])
def test_the_money_of_the_finding_is_what_changed(ended, moved):
    """Of 200 contracts of 10 a month 30 ended in one year, 15 %; of the other 170 so many in the next."""
    table = contracts(n=200, ended=0).assign(started_on=pd.Timestamp("2023-01-01")).head(200)
    table.loc[:29, "ended_on"] = pd.Timestamp("2025-01-31")
    table.loc[30 : 29 + ended, "ended_on"] = pd.Timestamp("2026-01-31")
    found = churn(Firm.of(as_of="2026-06-30", subscriptions=table))
    assert (found.first["counted"], found.first["base"], found.first["year"]) == (ended, 170, 0.15)
    low, high = found.finding().low, found.finding().high
    if not moved:
        assert low is high is None
        return
    error = np.sqrt(0.15 * 0.85 / 200 + ended / 170 * (1 - ended / 170) / 170)
    expected = ((0.15 - ended / 170 + sign * 1.96 * error) * 170 * 120 for sign in (-1, 1))
    assert (low, high) == pytest.approx(tuple(expected), rel=0.03)


def test_what_is_not_known_of_a_contract_is_no_no():
    """Of another day than the file's, nobody knows which contracts had ended."""
    found = churn(Firm.of(as_of="2026-06-30", subscriptions=contracts(dated=False)))
    assert not found


# (b) Published numbers


def test_telco_is_1869_of_7043(shared_data, tmp_path):
    """IBM's sample company: 26.54 % of the whole file; contracts by tenure and end, without dates."""
    file = (shared_data / "telco" / "telco_churn.csv").as_posix()
    (tmp_path / "portfoy.toml").write_text(
        f'source = "{file}"\nas_of = "2026-06-30"\n[subscriptions]\ncontract_id = "customerID"\n'
        'customer_id = "customerID"\nduration = "tenure"\nended = "Churn"\nmonthly_fee = "MonthlyCharges"\n'
        'plan = "Contract"\n',
        "utf-8",
    )
    found = churn(pf.open(tmp_path / "portfoy.toml"))
    assert (found.first["counted"], found.first["base"]) == (1869, 7043)
    raw = pd.read_csv(file)
    own = raw[raw["Contract"] == "Month-to-month"]
    row = found.table.set_index("level").loc["Month-to-month"]
    assert (row["lost"], row["base"]) == ((own["Churn"] == "Yes").sum(), len(own))
    gone = raw[raw["Churn"] == "Yes"]
    assert found.lost["final_revenue"].sum() == pytest.approx(
        (gone["MonthlyCharges"] * gone["tenure"].clip(upper=12)).sum()
    )


def test_cdnow_is_a_business_without_contracts(cdnow_log):
    """Counted anew in plain pandas: silent for no longer than the gaps say on the day so long ago, for longer now."""
    firm = Firm.of(cdnow_log[["customer_id", "order_id", "ordered_on", "amount"]])
    found = churn(firm)
    days = int(found.first["days"])
    split = pd.Timestamp("1998-06-30") - days * DAY
    first = cdnow_log[cdnow_log["ordered_on"].between(split - days * DAY, split)]
    gone = set(first["customer_id"]) - set(cdnow_log.loc[cdnow_log["ordered_on"] >= split, "customer_id"])
    assert (found.first["counted"], found.first["base"]) == (len(gone), first["customer_id"].nunique())
    assert set(found.lost["customer_id"]) == gone
    assert found.family == "non-contractual"
    assert np.isnan(found.first["year"])  # eighteen months hold no such windows a year ago


# (c) One base per word, and second computations


def test_the_number_is_that_of_the_portfolio_page(teaching_firm, taught):
    base = states(teaching_firm)
    found, page = taught, key_figures(teaching_firm, states=base)
    for metric in ("churn", "contract_churn"):
        mine, theirs = (
            each.set_index("metric").loc[metric, ["value", "value_low", "value_high", "counted", "base", "days"]]
            for each in (found.rates, page.table)
        )
        assert mine.astype(float).tolist() == theirs.astype(float).tolist()
    told = {figure.name: figure for figure in page.figures()}
    for figure in found.figures():
        assert vars(figure.year) == pytest.approx(vars(told[figure.name].year))
        assert vars(figure.half) == pytest.approx(vars(told[figure.name].half))
    assert found.kept() == base.kept()
    assert found.first["counted"] == base.counted["lost"]
    assert not set(found.lost["customer_id"]) & set(base.at_risk["customer_id"])  # nobody is lost and at risk
    assert len(found.lost) == found.first["counted"]
    assert found.family == "both"


def test_those_lost_and_their_money_equal_plain_pandas():
    table = orders(3, customers=300)
    firm = Firm.of(table, prices=0.1)
    found = churn(firm, days=200)
    last, real = table["ordered_on"].max(), firm.log.to_pandas()
    real = real.assign(ordered_on=pd.to_datetime(real["ordered_on"]))
    split = last - 200 * DAY
    base = set(table[table["ordered_on"].between(split - 200 * DAY, split)]["customer_id"])
    gone = base - set(table[table["ordered_on"] >= split]["customer_id"])
    year = real[(real["ordered_on"] > split - 365 * DAY) & (real["ordered_on"] <= split)]
    money = year.groupby("customer_id")["amount"].sum()
    assert found.lost.set_index("customer_id")["final_revenue"].to_dict() == pytest.approx(
        money[sorted(gone)].to_dict()
    )
    low, high = proportion_confint(len(gone), len(base), method="wilson")
    row = found.first
    assert [*row[["value", "value_low", "value_high"]]] == pytest.approx([len(gone) / len(base), low, high])
    assert found.kept() == {}  # the window was given


def test_levels_equal_another_program(taught):
    """statsmodels' test of two shares, each level against all others of its trait, corrected for all of them."""
    found, chance = taught, []
    tested = found.table.dropna(subset="p_corrected")
    for _place, row in tested.iterrows():
        trait = found.table[found.table["trait"] == row["trait"]]
        others = trait[trait["level"] != row["level"]][["lost", "base"]].sum()
        chance.append(proportions_ztest([row["lost"], others["lost"]], [row["base"], others["base"]])[1])
    assert tested["p_corrected"].tolist() == pytest.approx(multipletests(chance, method="fdr_bh")[1].tolist())
    rows = found.table[found.table["trait"] == "type"]
    assert rows["lost"].sum() == found.first["counted"]
    assert rows["final_revenue"].sum() == pytest.approx(found.lost["final_revenue"].sum())


# (d) Simulated truth


def test_planted_churn_of_contracts_is_found_and_more_than_last_year():
    """The break of November 2025 doubles the chance to end; the preset says the churn that is planted in each year."""
    made = subscription()
    found = churn(Firm.of(as_of="2026-06-30", **made.tables))
    row = found.first
    planted = made.hidden["churn"]
    planted = planted[planted["plan"] == "all"].set_index("year_from")["churn"]
    error = (row["value_high"] - row["value_low"]) / 2 / 1.96
    assert abs(row["value"] - planted.iloc[-1]) < 3 * error
    assert abs(row["year"] - planted.iloc[-2]) < 3 * error
    assert plain(found.finding().text).startswith("More contracts ended: ")
    assert found.finding().high < 0  # money lost
    rows = found.table[found.table["trait"] == "plan"].set_index("level")["value"]
    assert rows["basic"] > rows["plus"] > rows["pro"]


def test_a_dying_firm_is_not_hidden():
    firm = Firm.of(as_of="2026-06-30", **dying(customers=400).tables)
    found = churn(firm)
    assert found.first["value"] > 0.3
    assert found.content()["finding"]["text"]


# (e) What is shown, edges


def test_the_chart_compares_levels_with_all(taught):
    found = taught
    ax = found.plot()
    texts = [text.get_text() for text in ax.get_yticklabels()]
    assert {"consumer", "online"} <= set(texts)
    assert "Marmara" not in texts  # more rows than a page holds beside its figures stand in the table
    assert "Marmara" in set(found.table["level"])
    (action,) = found.actions()
    assert action.name == "lost_customers"
    assert {"customer_id", "type", "last_order", "final_revenue"} <= set(action.table)
    assert len(found.finding().text.split()) <= 12


def test_all_contracts_open_are_not_lost():
    found = churn(Firm.of(as_of="2026-06-30", subscriptions=contracts(ended=0)))
    assert (found.first["counted"], len(found.lost)) == (0, 0)
    assert found.content()["missing"] == ""


def test_what_cannot_be_counted_says_why():
    short = orders(3)
    short = short[short["ordered_on"] < short["ordered_on"].min() + 60 * DAY]
    assert "Take a longer history" in str(churn(Firm.of(short), days=100))
    assert "state_rule" in str(churn(Firm.of(short.head(1))))
    assert "at least 30" in str(churn(Firm.of(as_of="2026-06-30", subscriptions=contracts(n=5, ended=1))))
    returns = short.head(40).assign(amount=-1.0)
    assert not churn(Firm.of(returns))
    answers = {"survey_id": ["1"], "customer_id": ["1"], "answered_on": ["2026-01-01"], "nps": [9]}
    neither = churn(Firm.of(as_of="2026-06-30", surveys=pd.DataFrame(answers)))
    assert str(neither).startswith("subscriptions: there is no such table")


def test_nothing_after_the_day_counts_and_ids_keep_their_zeros():
    table = orders(5, customers=200)
    day = table["ordered_on"].max() - 100 * DAY
    one, two = (
        churn(Firm.of(table, as_of=day), days=200),
        churn(Firm.of(table[table["ordered_on"] <= day], as_of=day), days=200),
    )
    pd.testing.assert_frame_equal(one.lost, two.lost)
    pd.testing.assert_frame_equal(one.rates, two.rates)
    assert set(windows_of(one.firm, 200)["customer_id"]) <= set(table["customer_id"])
    found = churn(Firm.of(as_of="2026-06-30", subscriptions=contracts()))
    assert found.lost["customer_id"].str.fullmatch(r"\d{3}").all()
