"""Expected value of a firm and its segments: naive sums, the published fits of CDNOW, and what is shown of them."""

import math
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from helpers import labels, message_of, plain
from portfoy.errors import FitError
from portfoy.firm import Firm
from portfoy.models.bg_nbd import BgNbd, fit_bg_nbd
from portfoy.models.discounted_value import discounted_value
from portfoy.models.gamma_gamma import GammaGamma, spend_correlation
from portfoy.portfolio.composition import composition
from portfoy.selection.lifetime_value import LifetimeValue, lifetime_value
from portfoy.selection.rfm import rfm
from portfoy.selection.worth import Worth
from portfoy.words import style

BOUNDS = ["expected_value", "expected_value_low", "expected_value_high"]
# FHL05 and FH13, CDNOW sample; days. How sure they are is made up.
FIT = BgNbd(0.2425945, 4.4136019 * 7, 0.7929199, 2.4258881, covariance=pd.DataFrame(np.eye(4) * 1e-4))
SPEND_FIT = GammaGamma(6.25, 3.74, 15.44, covariance=pd.DataFrame(np.eye(3) * 1e-2))


def log(orders=((1, 40), (1, 90), (20, 10), (3, 60), (3, 60), (3, 60), (50, 30), (110, 5)), **more):
    """Order lines: the days of each customer's orders so far back, and what each of them costs less half of it."""
    names = [f"C{number}" for number, (_days, _amount) in enumerate(orders)]
    rows = [
        (name, f"{name}-{each}", pd.Timestamp("2026-06-30") - pd.Timedelta(back * (each + 1), "D"), float(amount))
        for name, (back, amount) in zip(names, orders, strict=True)
        for each in range(1 if amount < 40 else amount // 20)
    ]
    return pd.DataFrame(rows, columns=["customer_id", "order_id", "ordered_on", "amount"]).assign(**more)


@pytest.fixture
def firm():
    """Eight customers, four of whom bought once; the published fits stand for their own."""
    made = Firm.of(log(quantity=1, unit_cost=5.0), as_of="2026-06-30", currency="TRY", confidence=0.8)
    made.once("bg_nbd", lambda: FIT)
    made.once("gamma_gamma", lambda: SPEND_FIT)
    return made


# (a) A naive second computation


def test_the_value_is_that_of_the_models_and_its_parts_add_up(firm):
    ours, customers = lifetime_value(firm, horizon_months=7, discount_rate=0.2), firm.customers
    kept = customers["margin"].sum() / customers["revenue"].sum()
    terms = {"horizon_months": 7, "discount_rate": 0.2, "confidence": 0.8}
    judge = discounted_value(customers, FIT, SPEND_FIT, margin_rate=kept, **terms)
    pd.testing.assert_frame_equal(ours.table, judge.table)
    assert (ours.total, ours.mean, ours.margin_rate) == (judge.total, judge.mean, judge.margin_rate)
    assert ours.correlation == pytest.approx(spend_correlation(customers))
    once = customers["repeats"] == 0
    sums = [judge.table.loc[which, "expected_value"].sum() for which in (~once, once)]
    expected = pd.DataFrame(
        {
            "bought": ["again", "once"],
            "customers": [5, 3],
            "customer_share": [5 / 8, 3 / 8],
            "expected_value": sums,
            "value_share": np.array(sums) / judge.total,
        }
    )
    pd.testing.assert_frame_equal(ours.parts.drop(columns=BOUNDS[1:]), expected)


def test_a_margin_that_is_given_is_taken_and_without_costs_revenue_is_valued(firm):
    assert lifetime_value(firm, margin_rate=0.25).margin_rate == 0.25
    bare = Firm.of(log(), as_of="2026-06-30")
    bare.worked.update({"bg_nbd": FIT, "gamma_gamma": SPEND_FIT})
    assert lifetime_value(bare).margin_rate == 1


@pytest.mark.parametrize("seed", range(2))
def test_segments_are_worth_the_sum_of_their_customers(valued, seed):
    scored, value = valued
    order = np.random.default_rng(seed).permutation(len(scored.table))
    table = rfm(scored.table.drop(columns=["r", "f", "m", "segment"]).iloc[order]).worth(value).table
    own = value.table["expected_value"].groupby(scored.table["segment"].astype(str)).sum()
    assert table["expected_value"].tolist() == pytest.approx(own[table["segment"]].tolist())
    assert table["expected_value"].is_monotonic_decreasing
    assert table["value_share"].tolist() == pytest.approx((own / own.sum())[table["segment"]].tolist())
    assert (table["expected_value_low"] < table["expected_value"]).all()
    pd.testing.assert_frame_equal(
        table[scored.groups.columns].sort_values("segment", ignore_index=True),
        scored.groups.sort_values("segment", ignore_index=True),
    )


# (b) What a firm shares, and what it cannot


def test_a_change_of_the_total_counts_who_came_and_stopped_as_chance(firm):
    earlier = Firm.of(log(quantity=1, unit_cost=5.0), as_of="2026-04-30", currency="TRY", confidence=0.8)
    earlier.once("bg_nbd", lambda: FIT)
    earlier.once("gamma_gamma", lambda: SPEND_FIT)
    now, then = lifetime_value(firm), lifetime_value(earlier)
    (figure, _mean) = replace(now, past={"half": then}).figures()
    values = [dict(zip(one.table["customer_id"], one.table["expected_value"], strict=True)) for one in (now, then)]
    assert len(values[0]) > len(values[1]) > 0
    variance = sum((values[0][name] - values[1].get(name, 0)) ** 2 for name in values[0])
    variance += sum(((one.total_high - one.total_low) / 2 / 1.2815516) ** 2 for one in (now, then))  # 80 %: 1.28 errors
    expected = math.erfc(abs(now.total - then.total) / math.sqrt(2 * variance))
    assert (figure.half.value, figure.half.day) == (then.total, "2026-04-30")
    assert figure.half.p_value == pytest.approx(expected, rel=1e-6)
    assert 0.01 < expected < 0.99


def test_fits_are_made_once_for_a_firm(firm, monkeypatch):
    import portfoy.selection.lifetime_value as room

    monkeypatch.setattr(room, "fit_bg_nbd", None)
    monkeypatch.setattr(room, "fit_gamma_gamma", None)
    assert lifetime_value(firm).fit is lifetime_value(firm, discount_rate=0).fit is FIT


def test_a_value_that_is_not_possible_is_told_and_others_do_without():
    made = Firm.of(log([(9, 30)] * 3, quantity=1, unit_cost=5.0), as_of="2026-06-30", customers=regions())
    missing = lifetime_value(made)
    assert (bool(missing), missing.reason) == (False, message_of(fit_bg_nbd, made.customers, error=FitError))
    assert rfm(made).worth(missing) is missing
    pd.testing.assert_frame_equal(composition(made, value=missing).table, composition(made).table)


def regions():
    return pd.DataFrame({"customer_id": ["C0", "C1", "C2"], "region": ["a", "a", "b"]})


def test_a_loss_is_told(firm):
    firm.worked["customers"] = firm.customers.assign(margin=-firm.customers["revenue"])
    assert lifetime_value(firm).reason == (
        "discounted_value: the margin is -1 of the revenue; a value needs 0 or more. Check the unit costs, or give "
        "another margin_rate."
    )


# (c) What is shown


def told(**about):
    """A value of three million, a third of it of those who bought once."""
    parts = pd.DataFrame(
        {
            "bought": ["again", "once"],
            "customers": [600, 400],
            "customer_share": [0.6, 0.4],
            "expected_value": [2e6, 1e6],
            "expected_value_low": [1.9e6, 0.9e6],
            "expected_value_high": [2.1e6, 1.1e6],
            "value_share": [2 / 3, 1 / 3],
        }
    )
    terms = {
        "table": pd.DataFrame({"expected_value": np.full(1000, 3e3)}),
        **{"total": 3e6, "total_low": 2.8e6, "total_high": 3.2e6, "confidence": 0.8, "fit": None, "spend_fit": None},
        **{"horizon_months": 12, "discount_rate": 0.1, "margin_rate": 0.38, "_slopes": None, "_covariance": None},
        **{"parts": parts, "correlation": 0.11, "currency": "TRY", "as_of": None},
    }
    return LifetimeValue(**terms | about)


def test_words_of_a_value():
    found = told()
    assert plain(found.finding().text) == "The customers of today are expected to bring TRY 3M of margin"
    assert plain(found.reading()) == (
        "That is over the next 12 months, in today's money (TRY 2.8–3.2M); TRY 3,000 a customer. "
        "33% of it rests on those who bought once, of whom least is known."
    )
    one = told(horizon_months=1, margin_rate=1, parts=found.parts.iloc[:1])
    assert plain(one.finding().text) == "The customers of today are expected to bring TRY 3M of revenue"
    assert plain(one.reading()) == (
        "That is over the next month, in today's money (TRY 2.8–3.2M); TRY 3,000 a customer."
    )
    none = told(total=0.0, total_low=0.0, total_high=0.0)
    assert (none.finding().text, none.finding().nothing, none.reading()) == (
        "Nothing is expected of the customers of today",
        True,
        "",
    )


@pytest.mark.parametrize(
    ("about", "notes"),
    [
        ({}, ["margin over the next 12 months", "mean of all who ever bought, margin over the next 12 months"]),
        (
            {"horizon_months": 1},
            ["margin over the next month", "mean of all who ever bought, margin over the next month"],
        ),
        (
            {"margin_rate": 1},
            ["revenue over the next 12 months", "mean of all who ever bought, revenue over the next 12 months"],
        ),
    ],
)
def test_headlines_say_what_they_count(about, notes):
    whole, each = told(**about).figures()
    assert (whole.name, whole.value, whole.low, whole.high) == ("expected_value", 3e6, 2.8e6, 3.2e6)
    assert (each.name, each.value, each.low, each.high) == ("clv", 3e3, 2.8e3, 3.2e3)
    assert [whole.note, each.note] == notes
    assert {whole.unit, each.unit} == {"money"}


@pytest.mark.parametrize(
    ("correlation", "ends"),
    [
        (0.11, "their correlation is 0.11."),
        (-0.45, "their correlation is −0.45. Read the values with care."),
        (np.nan, "their correlation is –."),
    ],
)
def test_what_the_models_assume_is_told(correlation, ends):
    paid = " Money is as paid, net of returns. Rising prices make them too low."
    assert plain(told(correlation=correlation).method()).endswith(ends + paid)


def test_a_value_shows_itself_in_the_words_of_its_confidence():
    content = told().content()
    assert content["chart"] is None
    assert "more than once" in content["tables"][0]["html"]
    assert "80%" in content["method"]
    assert "95%" not in str(content)


def worth(**columns):
    table = pd.DataFrame(
        {
            "segment": ["Champions", "$5 \\frac $x$", "n" * 99],
            "customers": [1, 2, 3],
            "revenue_share": [0.5, 0.1, 0.4],
            "expected_value": [150_000.0, 100_000, 50_000],
            "expected_value_low": [140_000.0, 90_000, 40_000],
            "expected_value_high": [170_000.0, 120_000, 70_000],
            "value_share": [1 / 2, 1 / 3, 1 / 6],
            "action": "greet",
        }
    ).assign(**columns)
    return Worth(table, "TRY", 0.8)


def test_words_of_the_segments():
    found = worth()
    assert plain(found.finding().text) == "“Champions” are expected to bring the most: TRY 150K"
    assert plain(found.reading()) == (f"“{'n' * 27}…” brought 40% of the revenue and are expected to bring TRY 50K.")
    assert worth(revenue_share=found.table["value_share"]).reading() == ""
    alone = Worth(found.table.head(1), "TRY", 0.8)
    assert (alone.finding().nothing, alone.reading()) == (True, "")
    nothing = worth(expected_value=0.0, value_share=np.nan).finding()
    assert (nothing.text, nothing.nothing) == ("Nothing is expected of any segment", True)
    assert "95%" not in str(found.content())


def test_segments_are_bars_with_their_intervals():
    ax = worth().plot()
    assert [bar.get_width() for bar in ax.patches] == [150_000, 100_000, 50_000]
    assert [mpl.colors.to_hex(bar.get_facecolor()) for bar in ax.patches] == [style.ACCENT, style.MUTED, style.MUTED]
    assert labels(ax.yaxis) == ["Champions", "$5 \\frac $x$", "n" * 27 + "…"]
    (lines,) = ax.collections
    assert [path.vertices[:, 0].tolist() for path in lines.get_paths()] == [
        [140_000, 170_000],
        [90_000, 120_000],
        [40_000, 70_000],
    ]
    assert [text.get_text() for text in ax.texts] == ["150K", "100K", "50K"]
    assert [text.xy[0] for text in ax.texts] == [170_000, 120_000, 70_000]
    bare = Worth(worth(expected_value_low=np.nan, expected_value_high=np.nan).table, "", 0.8)
    assert [text.xy[0] for text in bare.plot().texts] == [150_000, 100_000, 50_000]
    assert "<svg" in bare.content()["chart"]["svg"]
    assert bare.content()["chart"]["subtitle"] == "money, to come; with the interval of the estimate"
