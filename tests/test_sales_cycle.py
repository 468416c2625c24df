"""How long deals take; the judges are hand-made tables, statsmodels, published numbers and simulated truth."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight

import portfoy as pf
from helpers import plain
from portfoy import metrics
from portfoy.acquisition.sales_cycle import sales_cycle
from portfoy.firm import Firm
from portfoy.models.survival import gray_test
from portfoy.simulate import PRESETS, simulate
from portfoy.source import mapping
from test_funnel import ALL_OPEN, leads

AS_OF = pd.Timestamp("2026-06-30")
DAY = pd.Timedelta(days=1)


def firm(table, as_of=AS_OF, **others):
    return Firm.of(leads=table, as_of=as_of, **others)


def some(n=400, seed=0, **columns):
    """Deals begun over two years, won and lost after the same days; none is won after 120."""
    random = np.random.default_rng(seed)
    begun, lasts = random.integers(1, 720, n), random.integers(1, 121, n)
    won, over = random.random(n) < 0.4, lasts <= begun
    rows = zip(begun, lasts, won, over, strict=True)
    rows = [(a, None, a - b if c else None, ("won" if w else "lost") if c else "open") for a, b, w, c in rows]
    return leads(*rows, **columns)


# Worked out by hand


def test_an_open_deal_that_nobody_wins_so_late_is_listed():
    """Eighty won on day 10, as many lost on day 200: after day 10 nobody is won, an older deal has aged."""
    closed = [(600, None, 590, "won")] * 80 + [(600, None, 400, "lost")] * 80
    still = [(9, None, None, "open"), (10, None, None, "open"), (90, None, None, "open"), (700, None, None, "open")]
    found = sales_cycle(
        firm(leads(*closed, *still, expected_value=[5.0] * 162 + [7.0, 9.0], owner="x"), currency="TRY")
    )
    assert found.counted["aged_days"] == 10
    assert found.aged["days"].tolist() == [700, 90, 10]
    assert found.aged["lead_id"].tolist() == ["163", "162", "161"]
    assert found.aged["p_won"].tolist() == [0, 0, 0]
    assert set(found.aged["action"]) == {"close or revive"}
    (action,) = found.actions()
    assert (action.name, action.worth) == ("aged_deals", 21)
    assert plain(action.text) == "Close or revive the 3 open longer than 10 days: hardly any is still won"
    assert "channel" not in found.aged


def test_the_chance_left_is_what_became_of_deals_as_old():
    """By hand: of 100 deals 40 are won on day 10, 20 lost on day 20, 1 won on day 300, the others lost on day 500."""
    rows = [(600, None, 590, "won")] * 40 + [(600, None, 580, "lost")] * 20 + [(600, None, 300, "won")]
    rows += [(600, None, 100, "lost")] * 39 + [(50, None, None, "open")]
    found = sales_cycle(firm(leads(*rows)), horizon_days=30)
    assert found.counted["late"] == pytest.approx((41 / 40) / (40 + 41 / 40))
    assert found.counted["aged_days"] == 10  # then 1 in 60 has a chance, of new ones 41 in 100
    (chance,) = found.aged["p_won"]
    assert chance == pytest.approx(1 / 40)


def test_deals_are_no_older_than_their_history():
    """Two months before the last win nothing tells whether it is the last: no list."""
    young = some(2000)
    young = young[young["created_on"] > AS_OF - 150 * DAY]
    found = sales_cycle(firm(young), horizon_days=60)
    assert np.isnan(found.counted["aged_days"])
    assert found.aged.empty
    assert found.actions() == []
    assert "Too short a history to say when a deal has aged" in plain(found.method())


# One number everywhere, other programs and published numbers


def test_the_room_and_the_metric_say_the_same_number(teaching_firm):
    for day in (teaching_firm, teaching_firm.before(12)):
        found, metric = sales_cycle(day), metrics.sales_cycle(day.tables.leads, as_of=day.as_of)
        first = found.counted
        assert (first["half_won"], first["half_won_low"], first["half_won_high"]) == (
            metric.value,
            metric.low,
            metric.high,
        )
        assert first["won"] == metric.base
        (figure,) = found.figures()
        assert (figure.name, figure.value, figure.unit) == (metric.metric, metric.value, metric.unit)
    then = metrics.sales_cycle(teaching_firm.before(12).tables.leads, as_of="2025-06-30")
    assert sales_cycle(teaching_firm).past["year"].value == then.value
    assert found.past["year"] is None or found.past["year"].day == "2024-06-30"


@pytest.fixture(scope="module")
def pipeline(shared_data, tmp_path_factory):
    """The B2B pipeline as its draft reads it, with the region of each deal."""
    folder = tmp_path_factory.mktemp("pipeline")
    draft = mapping.draft(shared_data / "sales_pipeline", beside=folder)
    joined = draft.replace("# join = ", "join = ")  # the teams, with the region of each
    (folder / "portfoy.toml").write_text(joined, encoding="utf-8")
    return pf.open(folder / "portfoy.toml")


def test_the_incidences_of_the_pipeline_are_the_published_ones(pipeline):
    """R's cmprsk 2.2.11 and statsmodels 0.15."""
    found = sales_cycle(pipeline, by=["regional_office"])
    at = [14, 30, 57, 90, 120]
    assert found.curve.share("won")[at].round(6).tolist() == [0.187614, 0.218995, 0.257059, 0.397015, 0.500042]
    assert found.curve.share("lost")[at].round(6).tolist() == [0.150500, 0.162206, 0.181726, 0.252125, 0.295500]
    tested = found.tested.set_index("outcome")
    assert tested["statistic"].round(3).to_dict() == {"won": 13.524, "lost": 15.920}  # cmprsk, 2 degrees of freedom
    assert tested["p_value"].round(5).to_dict() == {"won": 0.00116, "lost": 0.00035}
    assert tested["clear"].all()
    assert found.counted["naive"] == pytest.approx(51.78, abs=0.005)  # the published mean of the deals won
    alone = sales_cycle(pipeline, horizon_days=120).counted["alone"]
    assert alone == pytest.approx(0.6436, abs=5e-5)  # published, with why it is not used


def test_each_group_is_that_of_its_own_deals(teaching_firm):
    """Statsmodels, on the deals of one channel begun in two years."""
    found = sales_cycle(teaching_firm).table
    rows = teaching_firm.tables.leads.to_pyarrow().to_pandas()
    begun, closed = (pd.to_datetime(rows[name]) for name in ("contacted_on", "closed_on"))
    begun = begun.fillna(pd.to_datetime(rows["created_on"]))
    own = ((rows["channel"] == "referral") & (begun > AS_OF - 730 * DAY)).to_numpy()
    days = ((closed.fillna(AS_OF) - begun) / DAY).to_numpy()[own]
    with np.errstate(divide="ignore", invalid="ignore"):  # of its error on the last day, when nobody is left
        judge = CumIncidenceRight(days, rows["outcome"].map({"open": 0, "won": 1, "lost": 2}).to_numpy()[own])
    row = found[found["level"] == "referral"].iloc[0]
    assert row["deals"] == own.sum()
    won = judge.cinc[0][judge.times <= 180]
    assert row["won_share"] == pytest.approx(won[-1])
    assert row["half_won"] == judge.times[judge.cinc[0] >= won[-1] / 2][0]


# Simulated truth


def test_channels_differ_and_owners_do_not(teaching_firm):
    """The truth of the teaching company: its channels differ in who is won, its owners in nothing."""
    found = sales_cycle(teaching_firm)
    assert found.tested.set_index(["trait", "outcome"])["clear"].to_dict() == {
        **{("channel", "won"): True, ("channel", "lost"): True},
        **{("owner", "won"): False, ("owner", "lost"): False},
    }
    assert plain(found.reading()).endswith(" That differs between channels, not between owners.")


def of_firms(seed):
    made = PRESETS["firms"](seed=seed)
    tables = {name: made.tables[name] for name in ("customers", "leads")}
    return Firm.of(made.tables["transactions"], as_of=AS_OF, **tables)


def test_planted_owners_are_found():
    """The preset "firms": R3 wins more, R5 less, the three others alike."""
    found = sales_cycle(of_firms(2), horizon_days=400, by=["owner"])
    assert found.tested["clear"].all()
    shares = found.table.set_index("level")["won_share"].drop("all deals")
    assert (shares.idxmax(), shares.idxmin()) == ("R3", "R5")


@pytest.mark.study
def test_planted_owners_are_found_on_eight_of_ten_seeds():
    found = [sales_cycle(of_firms(seed), horizon_days=400, by=["owner"]) for seed in range(101, 111)]
    assert sum(each.tested.set_index("outcome").loc["won", "clear"] for each in found) >= 8
    best = [each.table.set_index("level")["won_share"].drop("all deals").idxmax() for each in found]
    assert best.count("R3") >= 8


def days_of_all(truth, n=400_000, seed=1):
    """Days from first contact to the end of all leads ever, won and lost alike, by the truth."""
    random = np.random.default_rng(seed)
    contact = random.random(n)
    now = contact.copy()
    for stage in ("qualified", "proposed", "closed"):
        now += random.gamma(truth.stage_shape[stage], truth.stage_scale[stage], n)
    return np.floor(now)


def test_the_naive_days_are_off_by_a_known_amount_and_ours_are_not(simulated):
    """120 days after the first lead only who was fast has closed; the truth says how much shorter that looks."""
    every = days_of_all(simulated.truth)
    table = simulated.tables["leads"]
    day = table["created_on"].min() + 120 * DAY
    seen = table[(table["closed_on"] <= day) & (table["outcome"] == "won")]
    naive = ((seen["closed_on"] - seen["contacted_on"]) / DAY).mean()
    random, truth = np.random.default_rng(2), simulated.truth
    lag = random.gamma(truth.stage_shape["contacted"], truth.stage_scale["contacted"], len(every))
    room = 120 * random.random(len(every)) - lag  # days there are to close, after a first contact
    known = every[every <= room].mean()
    assert naive == pytest.approx(known, abs=3 * every[every <= room].std() / np.sqrt(len(seen)))
    assert known < every.mean() - 9
    late = sales_cycle(firm(table, as_of=AS_OF)).counted
    assert late["half_won_low"] - 1 <= np.median(every) <= late["half_won_high"] + 1


@pytest.mark.study
def test_half_of_the_won_is_the_truth_on_eight_of_ten_seeds():
    held = []
    for seed in range(101, 111):
        made = simulate(seed=seed)
        found = sales_cycle(firm(made.tables["leads"])).counted
        held.append(found["half_won_low"] <= np.median(days_of_all(made.truth)) <= found["half_won_high"])
    assert sum(held) >= 8


# What must hold


def test_neither_the_order_of_rows_nor_the_currency_matters():
    table = some(channel=["a", "b"] * 200, expected_value=1.0)
    found = sales_cycle(firm(table))
    other = sales_cycle(firm(table.sample(frac=1, random_state=1).assign(expected_value=1000.0)))
    pd.testing.assert_frame_equal(found.table, other.table)
    assert found.tested["p_value"].tolist() == pytest.approx(other.tested["p_value"].tolist())


def test_nothing_from_after_the_day_counts():
    table = some()
    later = leads(*[(-5, None, None, "open")] * 50).assign(lead_id=[f"x{n}" for n in range(50)])
    pd.testing.assert_frame_equal(
        sales_cycle(firm(table)).table, sales_cycle(firm(pd.concat([table, later], ignore_index=True))).table
    )


def test_small_groups_are_put_together_and_those_not_known_are_not_compared():
    table = some(owner=["a"] * 150 + ["b"] * 150 + [None] * 60 + ["c"] * 20 + ["d"] * 20)
    found = sales_cycle(firm(table))
    assert found.table["level"].tolist()[1:] == ["a", "b", "all others", "not known"]
    assert found.tested["groups"].tolist() == [2, 2]
    known = table[table["owner"].isin(["a", "b"])]
    closed = known["closed_on"].notna()
    days = (known["closed_on"].fillna(AS_OF) - known["created_on"]) / DAY
    outcome = known["outcome"].where(closed).to_numpy(object)
    judge = gray_test(days.clip(upper=180), np.where(days <= 180, outcome, None), known["owner"], "won")
    assert found.tested["p_value"].iloc[0] == pytest.approx(judge[2])


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (ALL_OPEN, "leads: 0 deals are won within 180 days and 50 began that long ago"),
        (leads((400, 390, 350, "won")), "leads: 1 deals are won within 180 days and 1 began that long ago"),
        (leads(*[(50, None, 10, "won")] * 40), "leads: 40 deals are won within 180 days and 0 began that long ago"),
    ],
    ids=["all open", "one lead", "two months"],
)
def test_what_cannot_be_told_is_one_sentence(table, reason):
    found = sales_cycle(firm(table))
    assert not found
    assert found.reason == f"{reason}; 30 of each are needed. Take a longer history or other horizon_days."


def test_no_table_and_no_horizon_are_one_sentence():
    assert sales_cycle(Firm.of(as_of=AS_OF)).reason == (
        "leads: there is no such table; it needs lead_id, created_on. Add it to the source."
    )
    assert sales_cycle(firm(some()), horizon_days=0).reason == (
        "sales_cycle: horizon_days is 0; it must be 1 or more. Take 180."
    )


# What is shown


def test_the_sales_cycle_in_words():
    found = sales_cycle(firm(some(channel="one <b>"), confidence=0.8))
    assert (
        plain(found.finding().text) == f"Half of the deals that are won take at most {found.counted['half_won']} days"
    )
    assert len(found.finding().text.split()) <= 12
    share, lost = (round(100 * found.counted[name]) for name in ("won_share", "lost_share"))
    assert plain(found.reading()) == f"Within 180 days {share}% of all deals are won and {lost}% lost."
    content = found.content()
    assert "80%" in content["method"]
    assert "95%" not in str(content)
    assert not any("<b>" in each["html"] for each in content["tables"])
    late = sales_cycle(firm(some()), horizon_days=60)
    assert plain(late.reading()).endswith("of the wins take longer.")


def test_won_and_lost_are_drawn_with_their_bands():
    found = sales_cycle(firm(some()))
    ax = found.plot()
    won, lost = (line.get_ydata() for line in ax.lines[:2])
    np.testing.assert_allclose(won, found.curve.share("won"))
    np.testing.assert_allclose(lost, found.curve.share("lost"))
    assert {text.get_text() for text in ax.texts} >= {"won", "lost"}


def test_a_group_of_few_won_takes_nothing_from_the_chart():
    """The days of a group with fewer than 10 won are missing; those of all deals stay and are marked."""
    table = some(channel=["web"] * 300 + ["fair"] * 100)
    table.loc[(table["channel"] == "fair") & (table["outcome"] == "won"), "outcome"] = "lost"
    found = sales_cycle(firm(table))
    assert found.table["half_won"].isna().tolist() == [False, False, True]
    assert f"{found.counted['half_won']:.0f} days" in {plain(text.get_text()) for text in found.plot().texts}
