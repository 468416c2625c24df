"""Who moved: flows against tables worked out by hand, a naive count over people, and their own identities."""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.text import Text
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from helpers import labels, plain
from portfoy.firm import Firm
from portfoy.portfolio.flows import flows_between
from portfoy.portfolio.states import states
from portfoy.standing import STATES
from portfoy.words import style

mpl.use("agg")

DAYS = {"since": pd.Timestamp("2025-12-31"), "as_of": pd.Timestamp("2026-12-31")}
BUYING, QUIET = ["new", "active", "reactivated"], ["at risk", "lapsed"]


def standing(who, revenue=10.0):
    """A table of people, id -> state, each of so much revenue."""
    table = pd.DataFrame({"person_id": list(who), "revenue": revenue})
    return table.assign(state=pd.Categorical(list(who.values()), categories=STATES, ordered=True))


def moved(*pairs, confidence=0.95):
    """Flows of so many people from one state to another; None is not known."""
    rows = [pair[:2] for pair in pairs for _number in range(pair[2])]
    sides = [{f"{n:04d}": row[side] for n, row in enumerate(rows) if row[side]} for side in (0, 1)]
    return flows_between(*map(standing, sides), **DAYS, currency="TRY", confidence=confidence)


FLOWS = [
    ("prospect", "new", 2),
    ("active", "active", 50),
    ("active", "at risk", 30),
    ("new", "lapsed", 10),
    ("at risk", "lapsed", 20),
    ("lapsed", "reactivated", 5),
    (None, "new", 7),
    (None, "prospect", 3),
]


def random_states(seed):
    """The states of some people on two days, most of them known on both."""
    random = np.random.default_rng(seed)
    sides = []
    for _side in range(2):
        known = [f"{number:03d}" for number in range(300) if random.random() < 0.8]
        sides.append({who: str(random.choice(STATES)) for who in known})
    return sides


# (a) Worked out by hand


def test_flows_of_six_people():
    before = standing(dict(zip("abcdp", ["active"] * 3 + ["lapsed", "prospect"], strict=True)))
    now = standing(
        dict(zip("abcdpn", ["active", "at risk", "at risk", "lapsed", "prospect", "new"], strict=True)),
        [10.0, 20.0, 30.0, 5.0, 0.0, 8.0],
    )
    flows = flows_between(before, now, **DAYS, currency="TRY", confidence=0.95)
    expected = pd.DataFrame(
        {
            "before": ["prospect", "active", "active", "lapsed", "not known yet"],
            "now": ["prospect", "active", "at risk", "lapsed", "new"],
            "people": [1, 1, 2, 1, 1],
            "share": [1, 1 / 3, 2 / 3, 1, 1],
            "revenue": [0.0, 10, 50, 5, 8],
            "step": [0, 0, -1, 0, 0],
        }
    )
    expected[["share_low", "share_high"]] = [
        proportion_confint(count, base, method="wilson") for count, base in ((1, 1), (1, 3), (2, 3), (1, 1), (1, 1))
    ]
    columns = ["before", "now", "people", "share", "share_low", "share_high", "revenue", "step"]
    assert flows.table.columns.tolist() == columns
    some = flows.table[flows.table["people"] > 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, expected[columns], check_dtype=False)
    assert len(flows.table) == 7 * 6
    assert flows.table["share"].isna().sum() == 3 * 6  # from the three states that nobody was in
    names = ["current_before", "left_before", "left_year", "before_share"]
    names += ["left_more", "left_more_low", "left_more_high"]
    share = dict.fromkeys(names, pytest.approx(np.nan, nan_ok=True))
    assert flows.moved == {"current": 3, "left": 0, "left_share": 0, "left_revenue": 0, "lapsed": 1, "back": 0, **share}


def test_whether_more_left_than_the_year_before_in_money():
    """41 of 42 left, who brought 247 of 346 in the year before it; of 40 the year before nobody did."""
    names = [f"{number:02d}" for number in range(42)]
    older = standing(dict.fromkeys(names[:40], "active"), 4.0)
    before = standing(dict.fromkeys(names, "active"), [*[10.0] * 40, 7.0, 99.0])
    now = standing({**dict.fromkeys(names[:41], "lapsed"), names[41]: "active"}, 100.0)
    flows = flows_between(before, now, older=older, **DAYS, currency="TRY", confidence=0.95)
    share = 41 / 42
    half = norm.ppf(0.975) * np.sqrt(share * (1 - share) / 42)
    told = [flows.moved[name] for name in ("left_year", "before_share", "left_more", "left_more_low", "left_more_high")]
    assert told == pytest.approx([247, 0, share * 346, (share - half) * 346, (share + half) * 346])
    found = flows.finding()
    assert (found.low, found.high) == pytest.approx(((share - half) * 346, (share + half) * 346))
    assert plain(flows.reading()).startswith("They are 98% of 42 (0% the year before) and had brought TRY 250 a year. ")


def test_people_who_vanish_have_a_column_of_their_own():
    table = moved(("active", "active", 1), ("active", None, 1)).table
    assert table.loc[table["people"] > 0, ["before", "now", "people"]].to_numpy().tolist() == [
        ["active", "active", 1],
        ["active", "no longer known", 1],
    ]
    assert (len(table), table["people"].sum()) == (6 * 7 + 6, 2)


def test_what_counts_as_better_and_worse():
    steps = moved(("new", "new", 1)).table.set_index(["before", "now"])["step"]
    better = {(a, b) for a in ["prospect", *QUIET] for b in BUYING}
    worse = {(a, b) for a in BUYING for b in QUIET} | {("at risk", "lapsed")}
    assert set(steps[steps > 0].index) == better
    assert set(steps[steps < 0].index) == worse


# (b) A naive count, and what must hold


@pytest.mark.parametrize("seed", range(3))
def test_flows_are_those_of_a_naive_count(seed):
    before, now = random_states(seed)
    flows = flows_between(standing(before), standing(now), **DAYS, currency="", confidence=0.8)
    for row in flows.table.itertuples():
        were = {who for who in before if before[who] == row.before}
        if row.before == "not known yet":
            were = set(now) - set(before)
        are = {who for who in were if now.get(who, "no longer known") == row.now}
        assert (row.people, row.revenue) == (len(are), 10.0 * len(are & set(now)))
        assert row.share == pytest.approx(len(are) / len(were))
        judge = proportion_confint(len(are), len(were), 0.2, "wilson")
        assert (row.share_low, row.share_high) == pytest.approx(judge)
    current = [who for who in before if before[who] in [*BUYING, "at risk"]]
    left = [who for who in current if now.get(who) == "lapsed"]
    lapsed = [who for who in before if before[who] == "lapsed"]
    judge = {"current": len(current), "left": len(left), "left_share": pytest.approx(len(left) / len(current))}
    judge |= {"left_revenue": 10.0 * len(left), "lapsed": len(lapsed)}
    judge["back"] = sum(now.get(who) in [*BUYING, "at risk"] for who in lapsed)
    assert {name: flows.moved[name] for name in judge} == judge


def test_those_who_left_stand_beside_those_of_the_year_before():
    older, before, now = (standing(side) for side in [*random_states(20), random_states(21)[0]])
    terms = {"currency": "", "confidence": 0.95}
    both = flows_between(before, now, older=older, **DAYS, **terms).moved
    alone = flows_between(older, before, **DAYS, **terms).moved
    assert (both["current_before"], both["left_before"]) == (alone["current"], alone["left"])


def test_flows_add_up_to_both_days():
    before, now = (standing(side) for side in random_states(9))
    table = flows_between(before, now, **DAYS, currency="", confidence=0.95).table
    known = table[table["before"] != "not known yet"].groupby("before")["people"].sum()
    assert known[STATES].tolist() == before["state"].value_counts()[STATES].tolist()
    assert table.groupby("now")["people"].sum()[STATES].tolist() == now["state"].value_counts()[STATES].tolist()
    assert table.groupby("before")["share"].sum().tolist() == pytest.approx([1.0] * 7)


def test_the_order_of_people_does_not_matter():
    before, now = (standing(side) for side in random_states(10))
    terms = {**DAYS, "currency": "", "confidence": 0.95}
    other = flows_between(before.sample(frac=1, random_state=1), now.sample(frac=1, random_state=2), **terms)
    judge = flows_between(before, now, **terms)
    pd.testing.assert_frame_equal(other.table, judge.table)
    assert other.moved == judge.moved


# (c) No earlier day


def test_without_enough_history_there_is_no_earlier_day():
    days = pd.date_range("2025-01-01", "2026-06-30", freq="10D")
    log = pd.DataFrame({"customer_id": "a", "order_id": days.astype(str), "ordered_on": days, "amount": 1.0})
    found = states(Firm.of(log, as_of="2026-06-30"), at_risk_days=60, lapsed_days=181)
    assert (bool(found), bool(found.flows), found.earlier) == (True, False, None)
    assert found.flows.reason == (
        "flows: the data begin on 2025-01-01; 181 days before 2025-06-30 are needed. Take a later "
        "day, or shorter limits."
    )
    enough = states(Firm.of(log, as_of="2026-06-30"), at_risk_days=60, lapsed_days=180)
    assert (bool(enough.flows), len(enough.earlier)) == (True, 1)


# (d) What is shown


def test_the_finding_says_how_many_left():
    one, back, still = moved(("at risk", "lapsed", 1)), moved(("lapsed", "new", 1)), moved(("active", "active", 3))
    assert [plain(each.finding().text) for each in (moved(*FLOWS), one, back, still)] == [
        "Customers who left within the year: 30",
        "Customers who left within the year: 1",
        "Customers who left within the year: 0",
        "Customers who left within the year: 0",
    ]
    assert [each.finding().nothing for each in (one, back, still)] == [False, False, True]


def test_flows_in_words():
    assert plain(moved(*FLOWS).reading()) == (
        "They are 27% of 110 and had brought TRY 300. Of 5 lapsed by 31 Dec 2025, 5 came back."
    )
    assert plain(moved(("active", "active", 3)).reading()) == "Of 0 lapsed by 31 Dec 2025, 0 came back."


def test_cells_say_how_many_and_are_tinted_by_their_part_of_the_row():
    ax = moved(*FLOWS).plot()
    called = ["prospect · 2", "new · 10", "active · 80", "at risk · 20", "lapsed · 5", "not known yet · 10"]
    assert labels(ax.yaxis) == called
    assert labels(ax.xaxis) == ["prospect", "new", "active", "reactivated", "at risk", "lapsed"]
    written = {tuple(int(place) for place in text.get_position()): text.get_text() for text in ax.texts}
    judge = {(2, 2): "50", (4, 2): "30", (5, 1): "10", (5, 3): "20", (3, 4): "5", (1, 0): "2", (1, 5): "7", (0, 5): "3"}
    assert written == judge  # column, row
    ax.figure.canvas.draw()
    tints = ax.collections[0].get_facecolors().reshape(6, 6, 4)
    assert tints[4, 3] == pytest.approx(to_rgba(style.ACCENT, 0.5))  # all five lapsed are back
    assert tints[2, 4] == pytest.approx(to_rgba(style.WARM, 0.06 + 0.44 * 30 / 80))
    assert tints[2, 2] == pytest.approx(to_rgba(style.MUTED, 0.06 + 0.44 * 50 / 80))
    assert tints[0, 0, 3] == 0  # nobody
    (legend,) = ax.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["better", "worse", "neither"]
    assert "; active · 80: 50 active, 30 at risk; " in ax.figure.get_label()


@pytest.mark.parametrize("pairs", [[("active", "active", 1)], [(None, "new", 3)], [("active", None, 2)]])
def test_flows_of_a_few_cells_are_drawn(pairs):
    ax = moved(*pairs).plot()
    assert [text.get_text() for text in ax.texts] == [str(pairs[0][2])]
    assert not any(text.get_parse_math() for text in ax.figure.findobj(Text))
    assert "fill-opacity:0.5" in moved(*pairs).content()["chart"]["svg"]


def test_the_table_behind_it_has_only_pairs_with_people():
    table = moved(*FLOWS).summary()
    assert table.texts.columns.tolist()[:3] == ["31 Dec 2025", "31 Dec 2026", "People"]
    assert table.texts["People"].tolist() == ["2", "10", "50", "30", "20", "5", "3", "7"]


def test_confidence_is_that_of_the_words():
    assert "80%" in moved(*FLOWS, confidence=0.8).method()
    assert "95%" not in str(moved(*FLOWS, confidence=0.8).content())
