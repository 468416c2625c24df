"""How long contracts last: the Telco file through a portfoy.toml, the planted truth of companies, and naive counts."""

import numpy as np
import pandas as pd
import pytest

import portfoy as pf
from helpers import NAMES, plain
from portfoy.firm import Firm
from portfoy.intervals import z_value
from portfoy.retention.survival import survival
from portfoy.simulate import presets, simulate

TELCO = """
source = "{source}"
as_of = "2026-06-30"
[subscriptions]
contract_id = "customerID"
customer_id = "customerID"
duration = "tenure"
ended = "Churn"
monthly_fee = "MonthlyCharges"
plan = "Contract"
{more}
"""


def firm_of(rows, as_of="2025-12-31", **columns):
    """A firm of contracts, each (started_on, ended_on or None)."""
    table = pd.DataFrame(rows, columns=["started_on", "ended_on"]).apply(pd.to_datetime).assign(**columns)
    ids = [f"{number:04d}" for number in range(len(table))]
    return Firm.of(subscriptions=table.assign(contract_id=ids, customer_id=ids), as_of=as_of)


def drawn(seed, n=400, **columns):
    """A firm of contracts that last 8 months on average, begun within two years."""
    random = np.random.default_rng(seed)
    start = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 700, n), unit="D")
    end = start + pd.to_timedelta(np.ceil(random.exponential(8, n)) * 30.5, unit="D")
    rows = pd.DataFrame({"started_on": start, "ended_on": end.where(end <= "2025-12-31")})
    return firm_of(rows.to_numpy().tolist(), **columns)


def telco(tmp_path, shared_data, more=""):
    (tmp_path / "portfoy.toml").write_text(
        TELCO.format(source=(shared_data / "telco" / "telco_churn.csv").as_posix(), more=more), "utf-8"
    )
    return pf.open(tmp_path / "portfoy.toml")


# (a) By hand


def test_twelve_contracts_by_hand():
    """Ten end on the day of the month on which they began, one after 1 month, two after 2 and so on; two run."""
    months = [1, 2, 2, 3, 4, 4, 5, 6, 7, 8]
    begun = pd.Timestamp("2025-01-10")
    rows = [(begun, begun + pd.DateOffset(months=month)) for month in months] + [(begun, None)] * 2
    found = survival(firm_of(rows), horizon_months=6)
    row = found.table.iloc[0]
    assert row[["group", "contracts", "ended"]].tolist() == ["all contracts", 12, 10]
    left = [1, 11 / 12, 9 / 12, 8 / 12, 6 / 12, 5 / 12, 4 / 12]
    assert found.curves["share"].tolist() == pytest.approx(left)
    assert (row["running"], row["lasting"], row["median"]) == pytest.approx((left[6], sum(left[:6]), 4))
    assert plain(found.finding().text) == "Half of contracts end within 4 months"
    assert len(found.traits) == len(found.hazards) == 0


# (b) Published, through a portfoy.toml


def test_the_whole_telco_file_by_contract(shared_data, tmp_path):
    found = survival(telco(tmp_path, shared_data))
    assert (found.total["contracts"], found.total["ended"]) == (7043, 1869)
    assert round(found.total["running"], 4) == 0.7887
    plan = found.traits.set_index("trait").loc["plan"]
    assert (plan["levels"], plan["chi_square"]) == (3, pytest.approx(2352.873, abs=5e-4))
    assert (found.by, found.months, found.late, found.unknown) == ("plan", 24, False, 0)
    assert found.left_out["totalcharges"] == "too many levels"
    ratios = found.hazards.set_index(["feature", "level"])["hazard_ratio"]
    assert ratios["plan", "Two year"] < ratios["plan", "One year"] < 1
    assert not found.causes


def test_month_to_month_contracts_with_internet_by_gender(shared_data, tmp_path):
    keep = 'keep = { Contract = ["Month-to-month"], InternetService = ["DSL", "Fiber optic"] }'
    found = survival(telco(tmp_path, shared_data, keep), by="gender")
    assert (found.total["contracts"], found.total["ended"], found.total["median"]) == (3351, 1556, 34)
    assert round(found.total["running"], 4) == 0.5753
    chi = found.traits.set_index("trait")["chi_square"]
    assert chi[["gender", "onlinesecurity", "techsupport"]].tolist() == pytest.approx([2.039, 141.603, 90.43], abs=5e-3)
    assert "plan" not in chi.index  # the same for all
    assert not found.differs
    assert "Groups do not differ beyond chance." in plain(found.reading())


# (c) Planted truth


@pytest.fixture(scope="module")
def club(simulated):
    return survival(Firm.of(subscriptions=simulated.tables["subscriptions"], as_of="2026-06-30"))


def kept(gamma, delta, months):
    """sBG: the share that lasts longer, as a product of the rates of renewal (Fader & Hardie 2007, eq. 8)."""
    t = np.arange(1, months + 1)
    return np.prod((delta + t - 1) / (gamma + delta + t - 1))


def of_club(truth, found):
    """z-values of the share left over each cause, and of the share that lasts, after 24 months of the club."""
    ends = {plan: 1 - kept(truth.churn_gamma[plan], truth.churn_delta[plan], 24) for plan in truth.plan_shares}
    rows = found.causes.table.set_index("cause")
    causes = {}
    for cause in rows.index:
        share = sum(part * truth.ended_because[plan][cause] * ends[plan] for plan, part in truth.plan_shares.items())
        causes[cause] = z_of(rows.loc[cause], "share", share)
    groups = found.table.set_index("group")
    return causes | {plan: z_of(groups.loc[plan], "running", 1 - share) for plan, share in ends.items()}


def of_club_of(seed):
    made = simulate(seed=seed)
    firm = Firm.of(subscriptions=made.tables["subscriptions"], as_of="2026-06-30")
    return of_club(made.truth, survival(firm))


def z_of(row, name, true):
    """How many standard errors an estimate is from the truth, on the logit."""
    logit = [np.log(share / (1 - share)) for share in (row[name], row[f"{name}_low"], row[f"{name}_high"], true)]
    return (logit[0] - logit[3]) / ((logit[2] - logit[1]) / 2 / z_value(0.95))


def of_service(seed):
    """z-values by cause of the first year of the preset, in which the chance to end is one number a plan.

    Most of its contracts began years before, and those that ended then are not in the table.
    """
    made, found = presets.subscription(seed=seed), {}
    table, chance = made.tables["subscriptions"], made.truth["churn"]
    for plan in chance:
        firm = Firm.of(subscriptions=table[table["plan"] == plan], as_of="2026-06-30").on("2024-06-30")
        result = survival(firm, horizon_months=12)
        assert result.late
        stays = (1 - chance[plan]) ** 12
        found[plan] = z_of(result.total, "running", stays)
        rows = result.causes.table.set_index("cause")
        for cause in ("price", "not used") if plan != "pro" else ():  # of these few end at all
            found[f"{plan} {cause}"] = z_of(rows.loc[cause], "share", made.truth["causes"][cause] * (1 - stays))
    return found


def test_causes_and_plans_of_the_club_are_as_planted(simulated, club):
    z = of_club(simulated.truth, club)
    assert len(z) == 8
    assert max(map(abs, z.values())) < 3, z


def test_causes_of_a_service_are_as_planted_though_many_contracts_are_older_than_the_table():
    z = of_service(23)
    assert max(map(abs, z.values())) < 3, z


@pytest.mark.study
@pytest.mark.parametrize("of", [of_club_of, of_service], ids=["club", "service"])
def test_what_is_planted_is_found_on_eight_of_ten_seeds(of):
    z = pd.DataFrame([of(seed) for seed in range(10)])
    assert ((z.abs() < 2).sum() >= 8).all(), z.round(2)


@pytest.mark.study
def test_of_traits_that_tell_nothing_few_are_found():
    """Forty companies of 300 contracts with five traits drawn at random: corrected, one in twenty finds any."""
    found = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        traits = {f"trait_{name}": random.choice(["x", "y", "z"], 300) for name in "abcde"}
        found += (survival(drawn(seed, 300, **traits)).traits["p_corrected"] < 0.05).any()
    assert found <= 6


# (d) Properties


def test_what_comes_after_the_day_changes_nothing(simulated):
    table = simulated.tables["subscriptions"]
    late = table.assign(ended_because=table["ended_because"].mask(table["ended_on"] > "2025-06-30", "later"))
    late["ended_on"] = late["ended_on"].mask(late["ended_on"] > "2025-06-30", pd.Timestamp("2026-06-29"))
    one, two = (Firm.of(subscriptions=each, as_of="2026-06-30").on("2025-06-30") for each in (table, late))
    pd.testing.assert_frame_equal(survival(one).table, survival(two).table)
    pd.testing.assert_frame_equal(survival(one).causes.table, survival(two).causes.table)


def test_traits_come_from_customers_too_and_what_is_known_only_at_the_end_is_left_out(simulated):
    table = simulated.tables["subscriptions"].assign(
        survey=lambda table: np.where(table["ended_on"].notna(), "sent", None)
    )
    firm = Firm.of(subscriptions=table, customers=simulated.tables["customers"], as_of="2026-06-30")
    found = survival(firm, by="region")
    assert {"plan", "region", "gender"} <= set(found.traits["trait"])
    assert found.left_out["survey"] == "known only at the end"
    region = table.merge(simulated.tables["customers"], on="customer_id")["region"].value_counts()
    assert found.table.set_index("group")["contracts"].drop("all others").to_dict() == region.head(4).to_dict()
    assert found.total["contracts"] == len(table)


def test_many_plans_go_together_and_odd_names_are_drawn():
    random = np.random.default_rng(4)
    found = survival(drawn(4, 800, plan=random.choice(NAMES, 800), ended_because=random.choice(NAMES, 800)))
    assert len(found.table) == 5
    assert "all others" in set(found.table["group"])
    assert "<svg" in found.content()["chart"]["svg"]
    assert "<svg" in found.causes.content()["chart"]["svg"]


# (e) Where nothing can be said


def test_where_nothing_can_be_said_a_sentence_says_why():
    few = "have ended, the longest seen {} months; 10 ends and 1 month are needed. "
    few += "Wait, or take a longer history."
    start = "survival: {} of {} contracts of known length by 2025-12-31 "
    assert str(survival(firm_of([("2025-10-10", None)]))) == start.format(0, 1) + few.format(2)
    assert str(survival(firm_of([("2025-01-01", None)] * 40))) == start.format(0, 40) + few.format(11)
    assert str(survival(firm_of([("2025-01-01", "2025-01-01")] * 40))) == start.format(40, 40) + few.format(0)
    assert str(survival(firm_of([], as_of="2025-12-31"))) == start.format(0, 0) + few.format(0)
    none = Firm.of(
        pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "ordered_on": ["2025-01-01"], "amount": [1.0]})
    )
    assert str(survival(none)).startswith("subscriptions: there is no such table;")
    assert str(survival(drawn(1, plan="basic"), by="colour")) == (
        "survival: there is no trait 'colour'; there are plan. Take one of these."
    )


def test_two_months_of_history_and_unknown_causes():
    start = pd.date_range("2025-11-01", periods=40)
    rows = [(day, day + pd.Timedelta(days=20 + place % 15) if place < 20 else None) for place, day in enumerate(start)]
    found = survival(firm_of(rows))
    assert found.months == 1
    assert str(found.causes) == "survival: no contract says why it ended. Add ended_because to subscriptions."
    assert len(found.curves) == 2


def test_ends_on_no_known_day_are_counted(tmp_path):
    rows = [(n, n, "2025-01-10", "2025-03-10", "yes") for n in range(15)]
    rows += [(n, n, "2025-01-10", None, "yes" if n < 18 else "no") for n in range(15, 20)]
    columns = ["contract_id", "customer_id", "started_on", "ended_on", "ended"]
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "subscriptions.csv", index=False)
    found = survival(pf.open(tmp_path))
    assert (found.unknown, found.total["contracts"]) == (3, 17)
    assert "Of unknown length, not counted: 3." in plain(found.method())


# (f) What is shown


def test_survival_in_words(club):
    found = club
    first, last = (found.table.iloc[place] for place in (0, -1))
    assert found.differs
    assert plain(found.reading()).endswith(
        f" Longest with {first['group']}, {first['lasting']:.1f} months; shortest with {last['group']}, "
        f"{last['lasting']:.1f}."
    )
    assert f"Of 24 months a contract lasts {found.total['lasting']:.1f} on average (" in plain(found.reading())
    assert len(found.finding().text.split()) <= 12
    (cause,) = found.causes.table["cause"].head(1)
    assert cause in found.causes.finding().text
    assert len(found.causes.finding().text.split()) <= 12
    ax = found.plot()
    assert [line.get_ydata()[0] for line in ax.get_lines()[:3]] == [1, 1, 1]
    assert ax.get_xticks().tolist() == [0, 6, 12, 18, 24]
    bars = found.causes.plot().patches
    assert [bar.get_width() for bar in bars] == pytest.approx(found.causes.table["share"].tolist())


def test_confidence_moves_the_intervals():
    wide = drawn(3)
    narrow = Firm(wide.tables, wide.as_of, confidence=0.8)
    one, two = survival(wide).total, survival(narrow).total
    assert one["running"] == two["running"]
    assert one["running_high"] - one["running_low"] > two["running_high"] - two["running_low"]
    assert one["median_low"] <= two["median_low"]
