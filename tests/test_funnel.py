"""Leads as deals, when they are ripe, and the funnel; the judges are tables worked out by hand and plain pandas."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

import portfoy as pf
from helpers import plain
from portfoy.acquisition.deals import deals, is_ripe, not_understood, ripe_days, ripe_rule, year_margins
from portfoy.acquisition.funnel import funnel
from portfoy.errors import DataError
from portfoy.firm import Firm
from portfoy.simulate import simulate
from portfoy.source import mapping

AS_OF = pd.Timestamp("2026-06-30")
DAY = pd.Timedelta(days=1)


def leads(*rows, **columns):
    """Rows of (created, contacted, closed, outcome), days before the day; None: missing."""
    names = ["created_on", "contacted_on", "closed_on"]
    ago = [[pd.NaT if day is None else AS_OF - day * DAY for day in row[:3]] for row in rows]
    table = pd.DataFrame(ago, columns=names).apply(pd.to_datetime)
    outcome = pd.Series([row[3] for row in rows], dtype="str")
    return table.assign(lead_id=[f"{n:03d}" for n in range(len(rows))], outcome=outcome, **columns)


def firm(table, as_of=AS_OF, **others):
    return Firm.of(leads=table, as_of=as_of, **others)


# Deals


def test_each_lead_is_a_deal_with_its_beginning_its_end_and_its_days():
    """Worked out by hand."""
    table = leads(
        (100, 90, 40, "won"),
        (99, None, 39, "Lost"),  # no first contact known: from its creation
        (98, 90, None, "open"),
        (97, 90, 50, "open"),  # a closing date of an open deal is a plan
        (96, 90, 50, None),  # closed, but how?
        (95, 90, None, None),
        (94, 30, 60, "won"),  # contacted after it was closed: not then
        (93, 99, 13, "lost"),  # contacted before it was made: not then
        (92, 90, None, "won"),  # won, nobody knows when
        (91, None, -5, "won"),  # closed after the day
    )
    found = deals(firm(table))
    assert found["lead_id"].tolist() == table["lead_id"].tolist()
    assert found["outcome"].astype(object).where(found["outcome"].notna(), None).tolist() == [
        *("won", "lost", "open", "open", None, "open", "won", "lost", "won", "open"),
    ]
    days = found["days"].astype(object).where(found["days"].notna(), None).tolist()
    assert days == [50, 60, 90, 90, None, 90, 34, 80, None, 91]
    assert ((AS_OF - found["begun_on"]) / DAY).tolist() == [90, 99, 90, 90, 90, 90, 94, 93, 90, 91]
    assert found["closed_on"].notna().tolist() == [True, True, False, False, True, False, True, True, False, False]
    assert not_understood(firm(table)) == 1


def test_without_outcomes_whoever_became_a_customer_is_won():
    table = leads((9, None, 1, ""), (8, None, 1, ""), (7, None, None, ""), customer_id=["01", None, None])
    found = deals(firm(table.drop(columns="outcome")))
    assert found["outcome"].tolist() == ["won", "lost", "open"]
    assert found["customer_id"].iloc[0] == "01"
    assert deals(firm(table[["lead_id", "created_on"]]))["outcome"].tolist() == ["open"] * 3


def test_deals_without_a_table_or_a_row_are_refused():
    with pytest.raises(DataError) as caught:
        deals(Firm.of(as_of=AS_OF))
    told = "leads: there is no such table; it needs lead_id, created_on. Add it to the source."
    assert str(caught.value) == told
    with pytest.raises(DataError) as caught:
        deals(firm(leads((-1, None, None, "open"))))
    told = "leads: nobody was a lead by 2026-06-30; at least one row is needed. Take a later date."
    assert str(caught.value) == told


# Ripe


def test_ripe_is_when_95_of_100_of_those_that_close_are_closed():
    """A hundred leads closed after 1 to 100 days, none censored before: the 95th day, counted by hand."""
    rows = [(300, None, 300 - n, "won" if n % 2 else "lost") for n in range(1, 101)]
    assert ripe_days(firm(leads(*rows))) == 95
    assert ripe_rule(firm(leads(*rows))) == {"days": 95, "since": "2026-06-30"}


def test_a_lead_is_ripe_that_long_after_it_was_made():
    table = leads((94, None, None, "open"), (95, None, None, "open"), (96, None, 1, "won"), (99, None, 1, None))
    base = replace(firm(table), kept={"ripe": {"days": 95, "since": "2026-05-31"}})
    assert dict(zip(deals(base)["lead_id"], is_ripe(base), strict=True)) == {
        **{"000": False, "001": True},
        **{"002": True, "003": False},  # the last was not understood
    }


def test_ripe_days_censor_open_leads():
    """Kaplan-Meier by hand: half of 200 are seen for ten days only, the rest close evenly over 100 days."""
    rows = [(300, None, 300 - n, "lost") for n in range(1, 101)] + [(10, None, None, "open")] * 100
    there = np.array([200 - (n - 1) if n <= 10 else 100 - (n - 1) for n in range(1, 101)])
    closed = 1 - np.cumprod(1 - 1 / there)
    assert ripe_days(firm(leads(*rows))) == 1 + np.argmax(closed >= 0.95)


def test_what_earlier_reports_have_kept_stays_ripe():
    base = firm(leads(*[(300, None, 300 - n, "won") for n in range(1, 101)]))
    rule = {"days": 40, "since": "2026-05-31"}
    assert ripe_days(replace(base, kept={"ripe": rule})) == 40
    assert ripe_rule(replace(base, kept={"ripe": rule})) == rule
    assert ripe_days(replace(base, kept={"ripe": rule | {"fresh": True}}, worked={})) == 95


def test_a_history_too_short_has_no_ripe_leads():
    few = leads(*[(50, None, 40, "won")] * 29, (50, None, None, "open"))
    slow = leads(*[(50, None, 40, "won")] * 30, *[(50, None, None, "open")] * 70)
    for table, told in ((few, "29 are closed on a known day, 97%"), (slow, "30 are closed on a known day, 30%")):
        with pytest.raises(DataError) as caught:
            ripe_days(firm(table))
        assert str(caught.value) == (
            f"leads: {told} of all within the history; 30 and half are needed. Take a longer history."
        )


# The funnel


def staged(*rows, **columns):
    """Rows of (created, contacted, qualified, proposed, closed, outcome), days before the day; None: missing."""
    names = ["created_on", "contacted_on", "qualified_on", "proposed_on", "closed_on"]
    ago = [[pd.NaT if day is None else AS_OF - day * DAY for day in row[:5]] for row in rows]
    table = pd.DataFrame(ago, columns=names).apply(pd.to_datetime)
    ids = [f"{n:04d}" for n in range(len(rows))]
    return table.assign(lead_id=ids, outcome=pd.Series([row[5] for row in rows], dtype="str"), **columns)


WON = (400, 390, 380, 360, 350, "won")
HAND = [
    *[WON] * 20,
    *[(400, 390, None, 360, 350, "won")] * 4,  # qualified without a date: it was, all the same
    *[(400, 390, 395, 360, 350, "won")] * 2,  # out of order: passed, after no negative days
    *[(400, None, None, None, 340, "lost")] * 10,
    *[(400, 390, None, None, 330, "lost")] * 14,
    *[(400, 390, 380, None, 330, "lost")] * 10,
    *[(20, 10, None, None, None, "open")] * 5,
    *[(20, 10, None, None, 5, None)] * 3,  # closed, nobody knows how
]


def test_the_funnel_by_hand():
    found = funnel(firm(staged(*HAND, expected_value=1000.0)))
    table = found.table.set_index("stage")
    assert table.index.tolist() == ["created", "contacted", "qualified", "proposed", "won"]
    assert table["entered"].tolist() == [65, 55, 36, 26, 26]
    assert table["went_on"].tolist()[:4] == [55, 36, 26, 26]
    assert table["lost"].tolist()[:4] == [10, 14, 10, 0]
    assert table["open"].tolist()[:4] == [0, 5, 0, 0]
    assert table["ripe"].tolist() == [60, 50, 36, 26, 26]
    assert table["conversion"].tolist()[:4] == [50 / 60, 36 / 50, 26 / 36, 1]
    low, high = proportion_confint(36, 50, method="wilson")
    assert (table.loc["contacted", "conversion_low"], table.loc["contacted", "conversion_high"]) == (
        pytest.approx(low),
        pytest.approx(high),
    )
    assert table["stage_days"].tolist()[:4] == [10, 10, 20, 10]
    assert found.counted == {"leads": 65, "ripe": 60, "unread": 3, "won_share": 26 / 60}
    # All 60 were made in the year before leads are ripe: one point more of the 50 contacted is half a lead that goes on
    days = 1 + found.rule["days"]
    assert days < 400
    year = 365 / (400 - found.rule["days"] + 1) if 400 - found.rule["days"] < 364 else 1
    assert table.loc["contacted", "wins"] == pytest.approx(0.01 * 50 * year * 26 / 36)
    assert table.loc["contacted", "worth"] == pytest.approx(1000 * table.loc["contacted", "wins"])


def test_each_group_is_the_funnel_of_its_own_leads():
    """Plain pandas: the leads of one channel by themselves, under the same rule."""
    table = staged(*HAND * 2, channel=["a", "b"] * 68, owner="x")
    found = funnel(firm(table))
    kept = {"ripe": found.rule}
    for channel in "ab":
        alone = funnel(replace(firm(table[table["channel"] == channel]), kept=kept)).table
        own = found.groups[(found.groups["trait"] == "channel") & (found.groups["level"] == channel)]
        assert own["conversion"].tolist() == alone["conversion"].tolist()[:-1]
        assert own["ripe"].tolist() == alone["ripe"].tolist()[:-1]
    quarters = found.groups[found.groups["trait"] == "quarter"]
    assert set(quarters["level"]) == {"2025Q2"}
    assert set(found.groups.loc[found.groups["trait"] == "owner", "level"]) == {"x"}


def test_without_dates_of_stages_there_is_creation_and_win():
    table = staged(*HAND)[["lead_id", "created_on", "closed_on", "outcome"]]
    found = funnel(firm(table))
    assert found.table["stage"].tolist() == ["created", "won"]
    assert found.table["conversion"].iloc[0] == 26 / 60
    assert plain(found.reading()) == (
        "Of 60 leads whose time has come 43% were won. Without stage dates nothing before the win is seen."
    )
    assert found.finding().low is None
    assert "<svg" in found.content()["chart"]["svg"]


def test_the_funnel_in_words():
    found = funnel(firm(staged(*HAND, expected_value=1000.0), currency="TRY"))
    weakest = found.weakest
    assert weakest["stage"] == "contacted"  # of the 50 who enter it most stay behind
    told = f"One in a hundred more after the first contact: {two(weakest['worth'])} yearly"
    assert plain(found.finding().text) == told
    assert len(found.finding().text.split()) <= 12
    assert found.finding().low < weakest["worth"] < found.finding().high
    assert plain(found.reading()) == (
        "Of 60 leads whose time has come 43% were won. After the first contact 72% (58–83%) went on."
    )
    assert found.kept() == {"ripe": found.rule}
    assert "Left out, outcome not understood: 3 leads." in plain(found.method())
    assert "80%" in plain(funnel(firm(staged(*HAND), confidence=0.8)).method())


@pytest.mark.parametrize("worth", [440_000.0, np.nan])
def test_each_stage_reads_well_in_the_finding(worth):
    found, said = funnel(firm(staged(*HAND), currency="TRY")), []
    for place in range(len(found.table) - 1):
        wins = np.where(found.table.index == place, 3.4, 0.0)
        said.append(plain(replace(found, table=found.table.assign(wins=wins, worth=worth)).finding().text))
    names = ["creation", "the first contact", "qualification", "the offer"]
    end = "3.4 wins yearly" if np.isnan(worth) else "TRY 440K yearly"
    assert said == [f"One in a hundred more after {name}: {end}" for name in names]
    assert all(len(each.split()) <= 12 for each in said)


def two(amount):
    return f"TRY {float(f'{amount:.2g}'):,.0f}"


ALL_OPEN = staged(*[(400, 390, None, None, None, "open")] * 50)
NOT_YET = {
    "all open": ALL_OPEN,
    "one lead": staged(WON),
    "two months": staged(
        *[(day, day - 5, None, None, None, "open") for day in range(1, 60)], (59, 50, 40, 30, 9, "won")
    ),
}


@pytest.mark.parametrize("table", NOT_YET.values(), ids=NOT_YET)
def test_what_cannot_be_told_is_one_sentence(table):
    found = funnel(firm(table))
    assert not found
    assert found.reason.startswith("leads: ")
    assert found.reason.endswith("Take a longer history.")


def test_a_funnel_without_a_win_is_one_sentence():
    table = staged(*[(400, None, None, None, 340, "lost")] * 60)
    told = "leads: of 60 whose time has come none was won; a funnel needs one win. Take a later date."
    assert funnel(firm(table)).reason == told
    assert funnel(replace(firm(staged(*HAND)), kept={"ripe": {"days": 900, "since": "2026-05-31"}})).reason.startswith(
        "leads: of 0 whose time has come none was won"
    )


def test_strange_names_and_one_channel_are_shown():
    table = staged(*HAND, channel=r"$5 \frac <b>", owner=["İlhan & Söhne <b>", "0007"] * 34)
    content = funnel(firm(table)).content()
    assert not any("<b>" in each["html"] for each in content["tables"])
    assert "$5 \\frac &lt;b&gt;" in content["tables"][1]["html"]
    assert set(funnel(firm(table), by=["owner"]).groups["level"]) == {"İlhan & Söhne <b>", "0007"}


def test_nothing_from_after_the_day_moves_the_funnel(teaching_firm):
    """The teaching company half a year earlier, from its tables of today cut by hand."""
    day = pd.Timestamp("2025-12-31")
    raw = teaching_firm.tables.leads.to_pyarrow().to_pandas()
    dates = [name for name in raw if name.endswith("_on")]
    raw[dates] = raw[dates].apply(pd.to_datetime)
    raw.loc[raw["closed_on"] > day, "outcome"] = "open"
    cut = raw[raw["created_on"] <= day].assign(**{name: raw[name].where(raw[name] <= day) for name in dates})
    found = funnel(teaching_firm.on(day))
    judge = funnel(Firm.of(leads=cut, as_of=day))
    names = ["stage", "entered", "went_on", "lost", "open", "ripe", "conversion", "stage_days"]
    pd.testing.assert_frame_equal(found.table[names], judge.table[names])


# Published data, and simulated truth


@pytest.fixture(scope="module")
def pipeline(shared_data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline")
    draft = mapping.draft(shared_data / "sales_pipeline", beside=folder)
    (folder / "portfoy.toml").write_text(draft, encoding="utf-8")
    return pf.open(folder / "portfoy.toml")


def test_the_win_rate_of_the_pipeline_is_the_published_one(pipeline):
    """Won 4,238, lost 2,473: 63.15 % of closed (REFERENCE.md)."""
    row = funnel(pipeline).table.iloc[0]
    assert (row["went_on"], row["lost"]) == (4238, 2473)
    assert round(100 * row["went_on"] / (row["went_on"] + row["lost"]), 2) == 63.15


def z_of_stages(made):
    """How many standard errors the stages are from the truth: days of each, and where lost leads stay behind."""
    found = funnel(Firm.of(leads=made.tables["leads"], as_of=AS_OF)).table.set_index("stage")
    random, z = np.random.default_rng(0), {}
    truth = made.truth
    for stage, after in zip(["contacted", "qualified", "proposed"], ["qualified", "proposed", "closed"], strict=True):
        begun = random.random(400_000)
        drawn = np.floor(begun + random.gamma(truth.stage_shape[after], truth.stage_scale[after], 400_000))
        row = found.loc[stage]
        error = (row["stage_days_high"] - row["stage_days_low"]) / 2 / 1.96
        z[f"days {stage}"] = (row["stage_days"] - np.median(drawn)) / max(error, 0.5)  # whole days
        lost = found["lost"].astype(float)
        share = lost[stage] / lost.sum()
        error = np.sqrt(truth.lost_after[stage] * (1 - truth.lost_after[stage]) / lost.sum())
        z[f"lost {stage}"] = (share - truth.lost_after[stage]) / error
    return z


def test_stages_recover_the_truth(simulated):
    assert {name: z for name, z in z_of_stages(simulated).items() if abs(z) > 3} == {}


@pytest.mark.study
def test_stages_recover_the_truth_on_eight_of_ten_seeds():
    found = pd.DataFrame([z_of_stages(simulate(seed=seed)) for seed in range(101, 111)])
    assert ((found.abs() < 2).sum() >= 8).all(), found


def test_a_win_is_worth_what_customers_won_a_year_ago_have_brought_since(teaching_firm):
    """Judge: the tables of the firm in plain pandas."""
    leads, log = (getattr(teaching_firm.tables, name).to_pandas() for name in ("leads", "transactions"))
    days = {name: pd.to_datetime(leads[name]) for name in ("closed_on",)}
    won = leads.assign(**days)[leads["outcome"] == "won"]
    won = won[won["closed_on"] <= teaching_firm.as_of - pd.Timedelta(days=365)]
    lines = log.merge(won[["customer_id", "closed_on"]], on="customer_id")
    since = (pd.to_datetime(lines["ordered_on"]) - lines["closed_on"]).dt.days
    margin = (lines["amount"] - lines["unit_cost"] * lines["quantity"])[(since >= 0) & (since < 365)].sum()
    margins = year_margins(teaching_firm)
    assert len(margins) == len(won)
    assert margins.sum() == pytest.approx(margin)
    proposed = funnel(teaching_firm).table.set_index("stage").loc["proposed"]
    assert proposed["worth"] == pytest.approx(proposed["wins"] * margins.mean())
