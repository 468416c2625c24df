"""How many contracts will renew: naive counts of what came, planted chances, and companies without ground for it."""

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from helpers import NAMES, plain
from portfoy.firm import Firm
from portfoy.models.sbg import Sbg, fit_sbg
from portfoy.retention.contracts import ALL, contracts
from portfoy.simulate import presets, simulate
from test_retention_survival import drawn, firm_of


@pytest.fixture(scope="module")
def club(simulated):
    """The club of the teaching company, without its customers and orders."""
    return Firm.of(subscriptions=simulated.tables["subscriptions"], as_of="2026-06-30", currency="TRY")


@pytest.fixture(scope="module")
def found(club):
    return contracts(club)


def periods_of(table, day):
    """Of the contracts known on a day: the month in which each ended, or how often it has renewed, in plain pandas."""
    table = table[table["started_on"] <= day]
    ended = table["ended_on"] <= day
    stop = table["ended_on"].where(ended, day)
    begun, last = table["started_on"].dt, stop.dt
    whole = 12 * (last.year - begun.year) + last.month - begun.month - (last.day < np.minimum(begun.day, 28))
    return table.assign(periods=whole, ended=ended)


# (b) Plain pandas


def test_what_was_projected_a_year_ago_and_what_came_by_plain_pandas(simulated, found):
    table, then, now = simulated.tables["subscriptions"], pd.Timestamp("2025-06-30"), pd.Timestamp("2026-06-30")
    seen = periods_of(table, then)
    rows = found.judged[found.judged["day"] == then].set_index("group")
    total = 0.0
    for plan, part in seen.groupby("plan"):
        fit, running = fit_sbg(part), part[~part["ended"]]
        expected = fit.kept(12, age=running["periods"].to_numpy()).sum()
        came = (~(running["ended_on"] <= now)).sum()
        assert rows.loc[plan, ["contracts", "predicted", "actual"]].tolist() == pytest.approx(
            [len(running), expected, came]
        )
        total += expected
    assert rows.loc[ALL, "predicted"] == pytest.approx(total)
    assert rows.loc[ALL, "actual"] == rows["actual"].drop(ALL).sum()
    assert found.path["part"].value_counts().to_dict() == {"actual": 13, "forecast": 13, "ahead": 13}


def test_renewals_and_money_ahead_by_plain_pandas(simulated, found):
    seen = periods_of(simulated.tables["subscriptions"], pd.Timestamp("2026-06-30"))
    rows = found.table.set_index("group")
    money = 0.0
    for plan, part in seen.groupby("plan"):
        fit, running = fit_sbg(part), part[~part["ended"]]
        kept = np.array([fit.kept(np.arange(1, 13), age=age) for age in running["periods"]])
        fees = (kept.sum(axis=1) * running["monthly_fee"]).sum()
        told = rows.loc[plan, ["contracts", "staying", "renewals", "money"]].tolist()
        assert told == pytest.approx([len(running), kept[:, -1].sum(), kept.sum() / len(running), fees])
        money += fees
    assert rows.loc[ALL, "money"] == pytest.approx(money)
    assert found.finding().low == pytest.approx(found.most - found.total["money_high"])


# (c) Planted truth


def z_of_plans(made):
    """Of each plan: how many standard errors the log of each parameter of the sBG is from the truth."""
    fits = contracts(Firm.of(subscriptions=made.tables["subscriptions"], as_of="2026-06-30")).fits
    z = {}
    for plan in made.truth.plan_shares:
        for name, true in (("alpha", made.truth.churn_gamma[plan]), ("beta", made.truth.churn_delta[plan])):
            error = fits[plan].standard_errors[name] / getattr(fits[plan], name)
            z[f"{plan} {name}"] = np.log(getattr(fits[plan], name) / true) / error
    return z


def test_the_plans_of_the_club_are_as_planted(simulated, found):
    z = z_of_plans(simulated)
    assert max(map(abs, z.values())) < 3, z


@pytest.mark.study
def test_plans_are_found_on_eight_of_ten_seeds_and_the_range_holds_what_comes():
    """Parameters within two errors; and of the year after 30 June 2025 what came lies in the range given then."""
    z, held = [], []
    for seed in range(10):
        made = simulate(seed=seed)
        z.append(z_of_plans(made))
        row = contracts(Firm.of(subscriptions=made.tables["subscriptions"], as_of="2026-06-30")).judged
        row = row[row["group"] == ALL].iloc[0]
        held.append(row["predicted_low"] <= row["actual"] <= row["predicted_high"])
    z = pd.DataFrame(z)
    assert ((z.abs() < 2).sum() >= 8).all(), z.round(2)
    assert sum(held) >= 8


def test_a_projection_that_a_break_refuted_is_said_to_be_and_widens_the_next():
    """In the preset from November 2025 on contracts are twice as likely to end: what was said before was too much."""
    made = presets.subscription(customers=2000, seed=5)
    found = contracts(Firm.of(subscriptions=made.tables["subscriptions"], as_of="2026-06-30"))
    row = found.judged[found.judged["group"] == ALL].iloc[0]
    assert row["actual"] < row["predicted_low"]
    assert plain(found.reading()).endswith("did; the range allows for it.")
    said, came = row["predicted"] / row["contracts"], row["actual"] / row["contracts"]
    assert found.total["staying_share"] - found.total["staying_share_low"] > said - came  # as wrong may it be again


def test_contracts_that_end_after_whole_years_are_projected_in_years():
    random = np.random.default_rng(6)
    start = pd.Timestamp("2014-01-01") + pd.to_timedelta(random.integers(0, 4000, 3000), unit="D")
    years = random.geometric(random.beta(2.0, 6.0, 3000))
    end = pd.DatetimeIndex([day + pd.DateOffset(years=int(n)) for day, n in zip(start, years, strict=True)])
    rows = list(zip(start, end.where(end <= "2025-12-31"), strict=True))
    found = contracts(firm_of(rows, monthly_fee=10.0))
    fit, errors = found.fits[ALL], found.fits[ALL].standard_errors
    assert (found.period, found.months) == (12, 12)
    assert abs(fit.alpha - 2) < 3 * errors["alpha"]
    assert abs(fit.beta - 6) < 3 * errors["beta"]
    assert found.total["renewals"] == pytest.approx(found.total["staying_share"])
    assert found.total["money"] == pytest.approx(120 * found.total["staying"])
    assert isinstance(fit, Sbg)


# (d) Properties


def test_what_comes_after_the_day_changes_nothing(simulated):
    table = simulated.tables["subscriptions"]
    late = table.assign(ended_on=table["ended_on"].mask(table["ended_on"] > "2025-06-30", pd.Timestamp("2026-06-29")))
    one, two = (Firm.of(subscriptions=each, as_of="2026-06-30").on("2025-06-30") for each in (table, late))
    pd.testing.assert_frame_equal(contracts(one).table, contracts(two).table)


def test_buyers_without_a_contract_are_counted_by_the_model_of_buying(teaching_firm):
    found = contracts(teaching_firm)
    fit = pf.fit_bg_nbd(teaching_firm.customers)
    member = set(teaching_firm.tables.subscriptions.customer_id.to_pandas())
    buyers = teaching_firm.customers[~teaching_firm.customers["customer_id"].isin(member)]
    assert found.active["active"] == pytest.approx(fit.p_alive(buyers).mean())
    assert found.active["active_low"] < found.active["active"] < found.active["active_high"]
    assert "% of" not in plain(found.method())
    assert "still buy (BG/NBD)." in plain(found.method())


def test_odd_names_and_plans_of_which_few_ended():
    random = np.random.default_rng(4)
    found = contracts(drawn(4, 300, plan=random.choice(NAMES, 300)))
    assert found.fits[NAMES[0]] in found.fits.values()
    assert len(found.table) == len(NAMES) + 1
    assert "<svg" in found.content()["chart"]["svg"]
    assert np.isnan(found.total["money"])
    assert found.finding().low is None


# (e) Where nothing can be said


def test_where_nothing_can_be_said_a_sentence_says_why():
    need = "at least 30 and 2 are needed. Use a longer history."
    assert str(contracts(firm_of([("2025-10-10", None)]))) == (
        f"0 of 1 contracts have ended and the oldest was seen for 2 periods; {need}"
    )
    assert str(contracts(firm_of([("2025-01-01", None)] * 40))).startswith("0 of 40 contracts have ended")
    assert str(contracts(firm_of([("2025-11-25", "2025-12-20")] * 40))).startswith("40 of 40 contracts")
    assert str(contracts(firm_of([("2025-01-01", "2025-04-01")] * 40))) == (
        "contracts: none of 40 runs on 2025-12-31. Take an earlier date."
    )
    assert str(contracts(firm_of([]))).startswith("0 of 0 contracts have ended")
    none = Firm.of(
        pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "ordered_on": ["2025-01-01"], "amount": [1.0]})
    )
    assert str(contracts(none)).startswith("subscriptions: there is no such table;")


def test_without_dates_or_with_a_short_history_nothing_is_judged(shared_data, tmp_path):
    source = (shared_data / "telco" / "telco_churn.csv").as_posix()
    lines = [f'source = "{source}"', 'as_of = "2026-06-30"', "[subscriptions]", 'contract_id = "customerID"']
    lines += ['customer_id = "customerID"', 'duration = "tenure"', 'ended = "Churn"', 'plan = "Contract"']
    (tmp_path / "portfoy.toml").write_text("\n".join(lines), "utf-8")
    found = contracts(pf.open(tmp_path / "portfoy.toml"))
    assert found.total["contracts"] == 7043 - 1869
    assert (len(found.judged), set(found.path["part"])) == (0, {"ahead"})
    assert plain(found.reading()).endswith(" Too few dated contracts were seen so long to judge it.")
    assert "earlier projections" not in plain(found.method())
    assert "<svg" in found.content()["chart"]["svg"]


# (f) What is shown


def test_contracts_in_words(found):
    row = found.judged[found.judged["group"] == ALL].iloc[0]
    assert plain(found.finding().text) == (
        f"{found.total['staying_share']:.0%} of today's contracts will run 12 months from now"
    )
    assert len(found.finding().text.split()) <= 12
    text = plain(found.reading())
    assert text.startswith(f"{found.total['staying']:.0f} of {found.total['contracts']} (")
    assert f"it said {row['predicted']:.0f} would stay; {row['actual']:.0f} did, within chance." in text
    ax = found.plot()
    assert [text.get_text() for text in ax.figure.legends[0].get_texts()] == [
        *("what happened", "as projected then", "from today"),
    ]
    assert ax.get_lines()[0].get_ydata()[-1] == pytest.approx(row["actual"] / row["contracts"])
