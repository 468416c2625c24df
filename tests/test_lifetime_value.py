"""Expected value of a firm and its segments: naive sums, the published fits of CDNOW, and what is shown of them."""

import math
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from helpers import labels, message_of, orders, plain
from portfoy.customers import months_before
from portfoy.errors import FitError
from portfoy.firm import Firm
from portfoy.models.bg_nbd import BgNbd, fit_bg_nbd
from portfoy.models.discounted_value import discounted_value
from portfoy.models.gamma_gamma import GammaGamma, fit_gamma_gamma, spend_correlation
from portfoy.models.track_record import TrackRecord
from portfoy.portfolio.composition import composition
from portfoy.selection.lifetime_value import LifetimeValue, lifetime_value, track_record
from portfoy.selection.rfm import rfm
from portfoy.selection.worth import Worth
from portfoy.simulate.days import season_factors
from portfoy.simulate.firm import END, simulate
from portfoy.words import style

BOUNDS = ["expected_value", "expected_value_low", "expected_value_high"]
# FHL05 and FH13, CDNOW sample; days. How sure they are is made up.
FIT = BgNbd(0.2425945, 4.4136019 * 7, 0.7929199, 2.4258881, covariance=pd.DataFrame(np.eye(4) * 1e-4))
SPEND_FIT = GammaGamma(6.25, 3.74, 15.44, covariance=pd.DataFrame(np.eye(3) * 1e-2))


def log(days=((1, 40), (1, 90), (20, 10), (3, 60), (3, 60), (3, 60), (50, 30), (110, 5)), **more):
    """Order lines: the days of each customer's orders so far back, and what each of them costs less half of it."""
    names = [f"C{number}" for number, (_days, _amount) in enumerate(days)]
    rows = [
        (name, f"{name}-{each}", pd.Timestamp("2026-06-30") - pd.Timedelta(back * (each + 1), "D"), float(amount))
        for name, (back, amount) in zip(names, days, strict=True)
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
    assert (ours.total, ours.mean[0], ours.margin_rate) == (judge.total, judge.mean[0], judge.margin_rate)
    assert np.isnan(
        [*ours.mean[1:], ours.total_low, ours.total_high]
    ).all()  # a history of days has no forecast to test
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


# (b) The truth of the simulator, and what came


def told_by_the_truth(company, ids):
    """Money expected of each customer in the next year at a rate of 0.1, in the prices of the last month."""
    latent, truth = company.latent.set_index("customer_id").loc[ids], company.truth
    days = pd.date_range(END, periods=367)[1:]  # what happens on them is the simulator's: its season, its feasts
    clock = np.interp(
        365.25 / 12 * np.arange(1, 13), np.arange(367), np.append(0, np.cumsum(season_factors(days, truth)))
    )
    rate, stop = (latent[name].to_numpy()[:, None] for name in ("rate", "stop"))
    so_far = (1 - np.exp(-rate * stop * clock)) / stop  # expected orders of an active customer
    orders = np.diff(so_far, axis=1, prepend=0) @ 1.1 ** (-np.arange(1, 13) / 12)
    prices = company.tables["price_index"]["index"].iloc[-1]
    money = latent["mean_order"] * latent["multiplier"] * prices * (1 + truth.second_order_share)
    return orders * latent["active"] * money


def holds(seed, customers):
    """Of the teaching company of a seed: the intervals of the segments, and of the total, that hold the truth."""
    company = simulate(customers=customers, seed=seed)
    firm = Firm.of(**company.tables)
    scored, value = rfm(firm), lifetime_value(firm)
    own = scored.table.set_index("customer_id")["segment"].astype(str)
    truth = told_by_the_truth(company, value.table["customer_id"]) * value.margin_rate
    segments = scored.worth(value).table.set_index("segment")
    found = truth.groupby(own).sum().reindex(segments.index)
    held = found.between(segments["expected_value_low"], segments["expected_value_high"])
    return held, value.total_low <= truth.sum() <= value.total_high, value


def test_intervals_hold_the_truth_of_the_teaching_company():
    held, total, value = holds(23, 1_500)
    assert held.sum() >= len(held) - 2
    assert held["Champions"]
    assert held["New customers"]
    assert total
    assert value.total_high / value.total_low < 4  # and say something


@pytest.mark.study
def test_nine_of_eleven_segments_hold_the_truth_over_ten_companies():
    found = [holds(seed, 2_000) for seed in range(1, 11)]
    held = pd.DataFrame([one for one, _total, _value in found])
    assert held.shape == (10, 11)
    assert held.sum(axis=1).mean() >= 9
    assert (held[["Champions", "New customers"]].sum() >= 9).all()
    assert sum(total for _held, total, _value in found) >= 9


def test_what_came_of_an_earlier_forecast_is_that_of_a_loop():
    lines = orders(3, customers=300, spend=20.0)
    firm = Firm.of(lines)
    tests = track_record(firm, horizon_months=6, discount_rate=0.2).tests
    ends = [firm.as_of, *(firm.before(months).as_of for months in (3, 6))]
    assert len(tests) == 3
    for test, end in zip(tests, ends, strict=True):
        day = months_before(end, 6)
        then = firm.on(day)
        judge = discounted_value(
            then.customers,
            fit_bg_nbd(then.customers),
            fit_gamma_gamma(then.customers),
            horizon_months=6,
            discount_rate=0.2,
        )
        assert test["forecast"].tolist() == pytest.approx(judge.table["expected_value"].tolist())
        came = dict.fromkeys(test["customer_id"], 0.0)
        for line in lines.itertuples():
            if day < line.ordered_on <= end and str(line.customer_id) in came:
                month = math.ceil((line.ordered_on - day).days / (365.25 / 12))
                came[str(line.customer_id)] += line.amount / 1.2 ** (month / 12)
        assert test["came"].tolist() == pytest.approx(list(came.values()))


def test_a_forecast_that_reaches_farther_than_what_lies_behind_is_not_tested():
    firm = Firm.of(orders(3, customers=300, spend=20.0))
    months = (firm.as_of - firm.customers["first_order"].min()).days / (365.25 / 12)
    assert len(track_record(firm, horizon_months=int(months / 2) - 1, discount_rate=0.1).tests) == 1
    assert not track_record(firm, horizon_months=int(months * 0.6), discount_rate=0.1).tests
    found = lifetime_value(firm, horizon_months=int(months * 0.6))
    assert np.isnan([found.total_low, found.total_high, *found.parts["expected_value_low"]]).all()
    assert "No interval: " in found.reading()


# (c) What a firm shares, and what it cannot


def test_a_change_of_the_total_counts_who_came_and_stopped_as_chance(firm):
    earlier = Firm.of(log(quantity=1, unit_cost=5.0), as_of="2026-04-30", currency="TRY", confidence=0.8)
    earlier.once("bg_nbd", lambda: FIT)
    earlier.once("gamma_gamma", lambda: SPEND_FIT)
    now, then = lifetime_value(firm), lifetime_value(earlier)
    assert replace(now, past={"half": then}).figures()[0].half.p_value is None  # no earlier forecast was tested
    now = replace(now, total_low=1.0, total_high=2.0)
    assert now.figures()[0].note.endswith("12 months")
    assert replace(now, past={"half": then}).figures()[0].note.endswith("12 months, prices included")
    (figure, _mean) = replace(now, past={"half": then}).figures()
    values = [dict(zip(one.table["customer_id"], one.table["expected_value"], strict=True)) for one in (now, then)]
    assert len(values[0]) > len(values[1]) > 0
    variance = sum((values[0][name] - values[1].get(name, 0)) ** 2 for name in values[0])
    judge = discounted_value(firm.customers, FIT, SPEND_FIT, margin_rate=now.margin_rate, confidence=0.8)
    variance += (judge.total * np.log(judge.total_high / judge.total) / 1.2815516) ** 2  # 80 %: 1.28 errors, on logs
    assert then.total == 0  # all was bought at cost, so there is no error in it
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
    why = message_of(fit_bg_nbd, made.customers, error=FitError).removeprefix("fit_bg_nbd: ")
    assert (bool(missing), missing.reason) == (False, why)
    assert rfm(made).worth(missing) is missing
    pd.testing.assert_frame_equal(composition(made, value=missing).table, composition(made).table)


def regions():
    return pd.DataFrame({"customer_id": ["C0", "C1", "C2"], "region": ["a", "a", "b"]})


def test_a_loss_is_told(firm):
    firm.worked["customers"] = firm.customers.assign(margin=-firm.customers["revenue"])
    assert lifetime_value(firm).reason == (
        "discounted_value: the margin is -1 of revenue. Check unit costs, or give margin_rate."
    )


# (d) What is shown


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


def record(*came):
    """Forecasts of 100 on earlier days, of which so much for each 1 forecast came."""
    return TrackRecord(tuple(pd.DataFrame({"forecast": [50.0, 50.0], "came": 50.0 * one}) for one in came))


TOLD = "That is over the next 12 months, in today's money (TRY 2.8–3.2M); TRY 3,000 a customer. "


@pytest.mark.parametrize(
    ("about", "says"),
    [
        (
            {"record": record(0.8, 0.8)},
            f"{TOLD}On 2 earlier days such forecasts were each too high, 25% on average.",
        ),
        (
            {"record": record(1.25, 1.25)},
            f"{TOLD}On 2 earlier days such forecasts were each too low, 20% on average.",
        ),
        ({"record": record(0.8, 1.01)}, f"{TOLD}33% rests on those who bought once, of whom least is known."),
        ({"record": record(0.97, 0.98)}, f"{TOLD}33% rests on those who bought once, of whom least is known."),
        (
            {"record": record(0.8), "total_low": np.nan, "total_high": np.nan},
            (
                "That is over the next 12 months, in today's money; TRY 3,000 a customer. No interval: the "
                "history is too short to test two such forecasts."
            ),
        ),
    ],
)
def test_the_reading_says_how_such_forecasts_did_or_why_there_is_no_interval(about, says):
    assert plain(told(**about).reading()) == says


def test_the_method_says_what_the_interval_is_where_there_is_one():
    assert ("Interval (80%): errors of 2 such forecasts on earlier days. ") in plain(
        told(record=record(0.8, 0.9)).method()
    )
    assert "interval" not in told(record=record(0.8)).method()


def test_words_of_a_value():
    found = told()
    assert plain(found.finding().text) == "Today's customers are expected to bring TRY 3M of margin"
    assert plain(found.reading()) == (
        "That is over the next 12 months, in today's money (TRY 2.8–3.2M); TRY 3,000 a customer. 33% "
        "rests on those who bought once, of whom least is known."
    )
    one = told(horizon_months=1, margin_rate=1, parts=found.parts.iloc[:1])
    assert plain(one.finding().text) == "Today's customers are expected to bring TRY 3M of revenue"
    assert plain(one.reading()) == (
        "That is over the next month, in today's money (TRY 2.8–3.2M); TRY 3,000 a customer."
    )
    none = told(total=0.0, total_low=0.0, total_high=0.0)
    assert (none.finding().text, none.finding().nothing, none.reading()) == (
        "Nothing is expected of today's customers",
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
        (0.11, "unrelated: correlation 0.11."),
        (-0.45, "unrelated: correlation −0.45."),
        (np.nan, "unrelated: correlation –."),
    ],
)
def test_what_the_models_assume_is_told(correlation, ends):
    paid = " Money is as paid, net of returns. Rising prices make them too low."
    assert plain(told(correlation=correlation).method()).endswith(ends + paid)


@pytest.mark.parametrize(
    ("correlation", "said"),
    [
        (0.05, "Money is as paid"),
        (0.27, "Seldom buyers spend less and are valued too high."),
        (-0.27, "Seldom buyers spend more and are valued too low."),
    ],
)
def test_a_correlation_stands_with_its_standard_error_and_what_it_means(correlation, said):
    words = plain(told(correlation=correlation, correlation_error=0.03).method())
    assert f"Its standard error is 0.03. {said}" in words


def test_a_value_shows_itself_in_the_words_of_its_confidence():
    content = told(record=record(1.0, 0.9)).content()
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
    assert bare.content()["chart"]["subtitle"] == "money, to come; with its interval"
