"""Scores against the tie rule in one line, segments against all 125 cells, cut points there and back through files."""

import itertools
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from helpers import labels, message_of, plain
from portfoy.firm import Firm
from portfoy.report.shelf import write_tables
from portfoy.selection.rfm import rfm
from portfoy.selection.rules import read_segments
from portfoy.words import style

mpl.use("agg")

RULES = ["segment", "r", "f", "m", "action"]


def people(idle, purchases, revenue):
    table = pd.DataFrame({"idle": idle, "purchases": purchases, "revenue": np.asarray(revenue, dtype=float)})
    table.insert(0, "customer_id", [f"{number:03d}" for number in range(len(table))])
    return table


def random_people(seed, n=300):
    random = np.random.default_rng(seed)
    return people(random.integers(0, 400, n), random.geometric(0.4, n), (random.gamma(1, 80, n) - 10).round(2))


def score(values):
    """The rule itself: 1 + floor(5 x share strictly below), at most 5."""
    return [min(5, 1 + 5 * sum(other < value for other in values) // len(values)) for value in values]


@pytest.fixture
def five():
    return people([0, 10, 20, 30, 40], [9, 1, 1, 2, 1], [5, 5, 500, 50, -1])


# (a) Worked out by hand


def test_five_customers(five):
    scored = rfm(five)
    expected = five.assign(
        r=[5, 4, 3, 2, 1],
        f=[5, 1, 1, 4, 1],  # three bought once and share the lowest score
        m=[2, 2, 5, 4, 1],
        segment=["Loyal customers", "Promising", "About to sleep", "Cannot lose them", "Lost"],
    )
    pd.testing.assert_frame_equal(scored.table.astype({"segment": str}), expected, check_dtype=False)
    cuts = pd.DataFrame(
        {
            "metric": ["idle", "purchases", "revenue"],
            2: [30.0, 2, 5],
            3: [20.0, 2, 50],
            4: [10.0, 2, 50],
            5: [0.0, 9, 500],
        },
        index=pd.Index(["r", "f", "m"], name="score"),
    )
    pd.testing.assert_frame_equal(scored.cuts, cuts, check_column_type=False)


def test_what_it_takes_to_get_a_score(five):
    expected = pd.DataFrame(
        {
            "score": [5, 4, 3, 2],
            "idle_cut": [0.0, 10, 20, 30],
            "purchases_cut": [9.0, 2, 2, 2],
            "revenue_cut": [500.0, 50, 50, 5],
        }
    )
    pd.testing.assert_frame_equal(rfm(five).levels, expected, check_dtype=False)


def test_segments_of_five_customers(five):
    table = rfm(five.assign(purchases=[9, 1, 1, 1, 1], idle=[0, 10, 12, 30, 40])).groups
    assert table["segment"].tolist() == ["Loyal customers", "Promising", "About to sleep", "Hibernating", "Lost"]
    first = table.iloc[0, :8].tolist()
    assert first == ["Loyal customers", 1, 0.2, 5.0, pytest.approx(5 / 559), pytest.approx(5 / 9), 9.0, 0.0]
    assert table["came_back"].isna().all()  # a table of customers has no earlier day
    assert table["action"].iloc[0] == "Offer larger packs and better tiers; they come often and spend little each time"
    assert table["action"].iloc[1] == "Nothing special: who comes back is not known"
    assert table.columns.tolist() == [
        *("segment", "customers", "customer_share", "revenue", "revenue_share", "ticket", "purchases", "idle"),
        *("came_back", "came_back_low", "came_back_high", "aim", "action"),
    ]


# (b) The rules that come with the package


def test_shipped_segments_cover_every_cell_exactly_once():
    rules = read_segments()
    cells = []
    for rule in rules.itertuples():
        spans = ([int(end) for end in text.split("-")] for text in (rule.r, rule.f, rule.m))
        cells += itertools.product(*(range(ends[0], ends[-1] + 1) for ends in spans))
    assert sorted(cells) == sorted(itertools.product(range(1, 6), repeat=3))


def test_there_are_eleven_segments_each_with_one_action():
    rules = read_segments()
    assert rules["segment"].nunique() == 11
    assert (rules["action"].str.len() > 20).all()
    assert (rules.groupby("segment")["action"].nunique() == 1).all()


def test_every_cell_goes_to_the_segment_of_its_rule():
    cuts = rfm(random_people(0)).cuts
    cuts.loc["r", [2, 3, 4, 5]], cuts.loc["f", [2, 3, 4, 5]], cuts.loc["m", [2, 3, 4, 5]] = (
        [4, 3, 2, 1],
        *[[2, 3, 4, 5]] * 2,
    )
    r, f, m = np.array(list(itertools.product(range(1, 6), repeat=3))).T
    table = rfm(people(6 - r, f, m), cuts=cuts).table
    assert (table["r"].tolist(), table["f"].tolist(), table["m"].tolist()) == (r.tolist(), f.tolist(), m.tolist())
    named = table.set_index(["r", "f", "m"])["segment"].astype(str)
    assert named[(5, 5, 5)] == "Champions"
    assert named[(1, 5, 5)] == "Cannot lose them"
    assert named[(1, 5, 3)] == "Slipping away"
    assert named[(2, 2, 2)] == "Hibernating"
    assert named[(1, 1, 5)] == "Lost"


# (c) Scores: the rule, ties, and cut points


def test_scores_follow_the_tie_rule():
    table = random_people(1)
    scored = rfm(table).table
    assert scored["r"].tolist() == score((-table["idle"]).tolist())
    assert scored["f"].tolist() == score(table["purchases"].tolist())
    assert scored["m"].tolist() == score(table["revenue"].tolist())


FEW = st.tuples(st.integers(0, 6), st.integers(1, 5), st.integers(-3, 9))


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(FEW, min_size=1, max_size=40))
def test_equal_values_get_equal_scores_in_any_base(rows):
    idle, purchases, revenue = zip(*rows, strict=True)
    assume(sum(revenue) > 0)
    table = people(idle, purchases, revenue)
    scored = rfm(table)
    assert scored.table["r"].tolist() == score([-days for days in idle])
    assert scored.table["f"].tolist() == score(purchases)
    assert scored.table["m"].tolist() == score(revenue)
    pd.testing.assert_frame_equal(rfm(table, cuts=scored.cuts).table, scored.table)


def test_saved_cuts_score_other_customers_by_the_same_thresholds():
    cuts = rfm(random_people(2)).cuts
    other = random_people(3)
    scored = rfm(other, cuts=cuts).table
    for row in scored.itertuples():
        assert row.r == 1 + sum(row.idle <= cuts.loc["r", [2, 3, 4, 5]])
        assert row.f == 1 + sum(row.purchases >= cuts.loc["f", [2, 3, 4, 5]])
        assert row.m == 1 + sum(row.revenue >= cuts.loc["m", [2, 3, 4, 5]])


def test_cuts_come_back_from_a_plain_csv(tmp_path):
    scored = rfm(random_people(4))
    scored.cuts.to_csv(tmp_path / "cuts.csv")
    pd.testing.assert_frame_equal(rfm(scored.table, cuts=tmp_path / "cuts.csv").table, scored.table)


@pytest.mark.parametrize("table", [random_people(5), people([3, 3, 9], [1, 1, 1], [10, 10, 10])])
def test_cuts_come_back_from_the_csv_of_a_report(tmp_path, table):
    scored = rfm(table)
    write_tables(tmp_path / "actions", scored.content()["actions"])
    path = tmp_path / "actions" / "rfm_cuts.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    pd.testing.assert_frame_equal(rfm(table, cuts=path).table, scored.table)


# (d) Properties


def test_scores_do_not_depend_on_the_order_of_rows_or_the_currency():
    table = random_people(6)
    scored = rfm(table).table
    other = rfm(table.sample(frac=1, random_state=1).assign(revenue=lambda t: t["revenue"] * 1000)).table.loc[
        table.index
    ]
    names = ["r", "f", "m", "segment"]
    pd.testing.assert_frame_equal(other[names], scored[names])


def test_one_customer_gets_the_lowest_scores():
    assert rfm(people([3], [7], [100])).table[["r", "f", "m"]].to_numpy().tolist() == [[1, 1, 1]]


def test_segments_sum_to_the_base():
    scored = rfm(random_people(7))
    table = scored.groups
    assert table["customers"].sum() == 300
    assert table["customer_share"].sum() == pytest.approx(1)
    assert table["revenue_share"].sum() == pytest.approx(1)
    assert table["revenue"].sum() == pytest.approx(scored.table["revenue"].sum())
    for row in table.itertuples():
        own = scored.table[scored.table["segment"] == row.segment]
        assert row.customers == len(own)
        assert row.ticket == pytest.approx(own["revenue"].sum() / own["purchases"].sum())
        assert row.idle == own["idle"].median()
    assert table["segment"].tolist() == [
        name for name in read_segments()["segment"].unique() if name in set(table["segment"])
    ]


# (e) Errors


def rules(*rows):
    return pd.DataFrame(rows, columns=RULES)


ALL = ("Everybody", "1-5", "1-5", "1-5", "greet")


def test_ones_own_segments_may_come_as_a_table_or_a_file(five, tmp_path):
    own = rules(("Kış $", "1-4", "1-5", "1-5", "call"), ("007", 5, "1-5", "1-5", None))
    assert rfm(five, segments=own).table["segment"].tolist() == ["007", *["Kış $"] * 4]
    own.to_csv(tmp_path / "own.csv", index=False)
    assert rfm(five, segments=tmp_path / "own.csv").table["segment"].tolist() == ["007", *["Kış $"] * 4]
    assert rfm(five, segments=own).segments["action"].tolist() == ["call", ""]


def test_a_gap_in_the_rules_is_named():
    own = rules(("A", "1-5", "1-5", "1-4", ""), ("B", "1-5", "1-4", "5", ""), ("B", "2-5", "5", "5", ""))
    assert message_of(read_segments, own) == ("segments: cells r-f-m without one: 1-5-5; with two: none. Correct them.")


def test_an_overlap_in_the_rules_is_named():
    assert message_of(read_segments, rules(ALL, ("B", "5", "5", "4-5", ""))) == (
        "segments: cells r-f-m without one: none; with two: 5-5-4: Everybody, B, 5-5-5: Everybody, B. Correct them."
    )


def test_a_long_list_of_cells_is_cut():
    assert message_of(read_segments, rules(("A", "1", "1-5", "1-5", ""))) == (
        "segments: cells r-f-m without one: 2-1-1, 2-1-2, 2-1-3, 2-1-4, 2-1-5, 2-2-1, 2-2-2, "
        "2-2-3, 2-2-4, 2-2-5, 2-3-1, 2-3-2 and 88 more; with two: none. Correct them."
    )


@pytest.mark.parametrize("text", ["0-5", "1-6", "5-4", "04-May", "", "2-3-4", "4.5"])
def test_a_range_that_is_none_is_refused(text):
    assert message_of(read_segments, rules(("A", text, "1-5", "1-5", ""))) == (
        f"segments: 'A' has the range {text!r}. Give 1 to 5, as 4-5 or 3."
    )


def test_a_rule_without_a_segment_leaves_its_cells_without_one():
    own = rules(("A", "1-5", "1-5", "1-4", ""), ("A", "1-4", "1-5", "5", ""), (None, "5", "1-5", "5", ""))
    assert message_of(read_segments, own) == (
        "segments: cells r-f-m without one: 5-1-5, 5-2-5, 5-3-5, 5-4-5, 5-5-5; with two: none. Correct them."
    )


def test_rules_without_a_column_are_refused():
    assert message_of(read_segments, rules(ALL).drop(columns=["m", "action"])) == (
        "segments: columns segment, r, f, m, action are needed; there are segment, r, f. Add the others."
    )


def damaged(change):
    cuts = rfm(random_people(9)).cuts.astype(object)
    change(cuts)
    return cuts


@pytest.mark.parametrize(
    "cuts",
    [
        rfm(random_people(9)).cuts.drop("m"),
        rfm(random_people(9)).cuts.drop(columns=5),
        damaged(lambda cuts: cuts.loc.__setitem__(("r", 3), 9999)),  # more idle days than for score 2
        damaged(lambda cuts: cuts.loc.__setitem__(("m", 4), np.nan)),  # score 5 reached, score 4 not
        damaged(lambda cuts: cuts.loc.__setitem__(("m", 4), "12,50")),
        pd.DataFrame({"a": [1]}),
    ],
)
def test_cuts_that_are_none_are_refused(five, cuts):
    assert message_of(rfm, five, cuts=cuts) == (
        "rfm: cut points need rows r, f, m and columns metric, 2, 3, 4, 5, each harder to "
        "reach. Give the rfm_cuts.csv of a report."
    )


def test_missing_columns_and_an_empty_base_are_refused(five):
    assert message_of(rfm, five.drop(columns=["idle", "revenue"])) == (
        "rfm: columns 'idle', 'revenue' are missing; the table has 'customer_id', 'purchases'. Take firm.customers."
    )
    assert message_of(rfm, five.iloc[:0]) == ("rfm: there are no customers. Check the date and the data.")


def test_shares_of_a_total_that_is_not_positive_are_refused(five):
    assert message_of(rfm, five.assign(revenue=[1, 1, 1, 1, -4.0])) == (
        "customers: the total of 'revenue' is 0.00, not above zero. Check returns and the sign of amounts."
    )


def test_a_firm_with_cuts_that_are_none_is_told_so(tmp_path):
    log = pd.DataFrame(
        {"customer_id": ["1"], "order_id": ["1"], "ordered_on": pd.Timestamp("2026-01-05"), "amount": [5.0]}
    )
    (tmp_path / "cuts.csv").write_text("a,b\n1,2\n")
    missing = rfm(Firm.of(log), cuts=str(tmp_path / "cuts.csv"))
    assert (bool(missing), missing.reason[:30]) == (False, "rfm: cut points need rows r, f")
    assert rfm(Firm.of(log, currency="EUR"), cuts="", segments="").currency == "EUR"


# What is shown


def told(**columns):
    """Three segments made up, and the result that shows them."""
    names = ["Champions", "At risk", "Lost"]
    table = {"segment": names, "customers": [20, 30, 50], "customer_share": [0.2, 0.3, 0.5]}
    table |= {"revenue_share": [0.6, 0.15, 0.25], "idle": [5.0, 200.5, 300.0], "aim": "keep", "action": "call"}
    return replace(rfm(people([1, 2], [2, 3], [1, 2])), groups=pd.DataFrame(table | columns))


def test_the_segment_with_most_revenue_and_the_quiet_one_with_most_behind_it():
    assert told().finding().text == "“Champions” brought 60% of the revenue so far"
    assert plain(told().reading()) == (
        "They are 20% of customers. Most gone quiet: “Lost”, 25%; half last bought 300 days ago or more."
    )


def test_days_of_silence_are_never_rounded_up():
    found = told(idle=[5.0, 213.5, 100.0], revenue_share=[0.6, 0.3, 0.1])
    assert plain(found.reading()).endswith("Most gone quiet: “At risk”, 30%; half last bought 213 days ago or more.")


def test_segments_where_nobody_is_quieter_or_the_quiet_bring_nothing():
    assert plain(told(idle=[7.0, 7, 7]).reading()) == "They are 20% of customers."
    loss = told(idle=[1.0, 1, 90], revenue_share=[0.6, 0.5, -0.1])
    assert plain(loss.reading()) == "They are 20% of customers."


def test_one_segment_only_is_no_finding():
    alone = replace(told(), groups=told().groups.iloc[:1])
    assert (alone.finding().nothing, alone.reading()) == (True, "")
    assert alone.finding().text == "All customers are in “Champions”"


@pytest.mark.parametrize(
    ("purchases", "orders", "expected"),
    [
        ([2, 3], [2, 3], "one segment each."),
        ([1, 1, 2, 3], [1, 1, 2, 3], " 50% bought on one day only: score 1."),
        ([2, 3], [3, 1003], " Orders of one day count once (1,001 more)."),
    ],
)
def test_the_method_says_how_scores_were_given(purchases, orders, expected):
    n = len(purchases)
    table = people(range(n), purchases, np.arange(n) + 1.0).assign(orders=orders)
    assert rfm(table).method().startswith("A score is 1 + 5 × the share of customers strictly worse, ")
    assert rfm(table).method().endswith(expected)


def test_a_bar_is_a_share_of_revenue_and_says_of_how_many_customers():
    ax = told().plot()
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.6, 0.15, 0.25])
    assert [text.get_text() for text in ax.texts] == [
        "60% from 20% of customers", "15% from 30% of customers", "25% from 50% of customers"
    ]  # fmt: skip
    assert labels(ax.yaxis) == ["Champions", "At risk", "Lost"]
    assert [mpl.colors.to_hex(bar.get_facecolor()) for bar in ax.patches] == [style.ACCENT, style.MUTED, style.WARM]
    assert ax.figure.get_label() == (
        "Chart: Revenue by segment. of revenue so far, and of customers. Champions: 60% from 20% of "
        "customers; At risk: 15% from 30% of customers; Lost: 25% from 50% of customers"
    )


@pytest.mark.parametrize("name", ["$5 \\frac $x$", "a_b^{", "%d {x}", "<b>İğdır</b>", "n" * 200])
def test_a_name_is_text_and_no_formula(name):
    found = told(segment=[name, "At risk", "Lost"], revenue_share=[1.1, 0.1, -0.2])
    assert labels(found.plot().yaxis)[0] == style.shorten(name)
    assert "<svg" in found.content()["chart"]["svg"]
    assert f"“{style.shorten(name)}”" in found.finding().text


def test_the_tables_behind_it():
    content = told(revenue=1.0, ticket=1.0, purchases=1.0).content()
    assert [table["caption"] for table in content["tables"]] == ["The segments", "The scores"]
    assert content["actions"][0]["columns"] == ["score", "metric", "2", "3", "4", "5"]
