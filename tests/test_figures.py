"""Figures by what is drawn and written in them: artists, labels, titles that state the table's numbers; no pixels."""

import io

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image

import portfoy as pf
from helpers import labels
from portfoy.models.holdout import Backtest
from portfoy.words import figure

NAMES = ["Champions", "$5 \\frac $x$", "<b>İğdır</b> & Şoför"]


def segments(names=NAMES, **columns):
    n = len(names)
    value = np.arange(n, 0, -1) * 50_000.0
    table = {
        "segment": names,
        "customer_share": np.linspace(0.1, 0.4, n),
        "revenue_share": np.linspace(0.6, 0.1, n),
        "expected_value": value,
        "expected_value_low": value - 10_000,
        "expected_value_high": value + 20_000,
    }
    return pd.DataFrame(table | columns)


def holdout(groups=("0", "1", "7+"), **columns):
    n = len(groups)
    table = {
        "group": list(groups),
        "customers": [100] * n,
        "predicted": np.arange(n) + 0.5,
        "actual": np.arange(n) + 1.0,
    }
    table |= {"actual_low": np.arange(n) + 0.8, "actual_high": np.arange(n) + 1.3}
    return pd.DataFrame(table | columns)


def backtest(**tables):
    share = holdout(
        range(1, 4), predicted=[0.6, 0.4, 0.2], actual=[0.5, 0.4, 0.3], actual_low=[0.4] * 3, actual_high=0.6
    )
    money = holdout(range(1, 4), predicted=[300.0, 200, 100], actual=[310.0, 190, 90], actual_low=50, actual_high=400)
    return Backtest(**({"purchases": holdout(), "active": share, "spend": money, "value": money} | tables))


def draw(ax):
    """Draw it whole; warnings are errors."""
    return figure.picture(ax.figure)


@pytest.mark.parametrize("plot", [pf.plot_value])
@pytest.mark.parametrize("name", ["$5 \\frac $x$", "$a$ $\\b$ c $", "a_b^{", "%d", "Şoför"])
def test_a_name_is_text_and_no_formula(plot, name):
    ax = plot(segments([name, "Other"]))
    draw(ax)
    assert name in ax.get_title(loc="left")
    assert labels(ax.yaxis) in (["Other", name], [name, "Other"])
    assert not any(text.get_parse_math() for text in ax.figure.findobj(Text))


@pytest.mark.parametrize("plot", [pf.plot_value])
def test_one_segment_with_a_long_name(plot):
    ax = plot(segments(["n" * 200]))
    assert labels(ax.yaxis) == ["n" * 27 + "…"]
    draw(ax)


# Value


def test_value_is_drawn_by_size_with_intervals():
    ax = pf.plot_value(segments(), currency="TRY")
    assert [bar.get_width() for bar in ax.patches] == [50_000, 100_000, 150_000]
    assert labels(ax.yaxis) == NAMES[::-1]
    assert ax.get_title(loc="left") == "Most is expected from Champions: TRY\u00a0150K"
    assert ax.get_xlabel() == "Expected value (TRY)"
    (bars,) = ax.collections
    assert [path.vertices[:, 0].tolist() for path in bars.get_paths()] == [
        [40_000, 70_000],
        [90_000, 120_000],
        [140_000, 170_000],
    ]
    draw(ax)


def test_value_without_currency_or_intervals():
    ax = pf.plot_value(segments(expected_value_low=np.nan, expected_value_high=np.nan))
    assert ax.get_xlabel() == "Expected value (money)"
    assert ax.get_title(loc="left") == "Most is expected from Champions: 150K"
    draw(ax)


# Holdout and backtest


def test_holdout_draws_forecast_and_actual():
    ax = pf.plot_holdout(holdout())
    assert ax.lines[-1].get_ydata().tolist() == [0.5, 1.5, 2.5]
    assert [1.0, 2.0, 3.0] in [line.get_ydata().tolist() for line in ax.lines[:-1]]
    (bars,) = ax.collections
    assert [path.vertices[:, 1].tolist() for path in bars.get_paths()] == [
        pytest.approx([0.8, 1.3]),
        pytest.approx([1.8, 2.3]),
        pytest.approx([2.8, 3.3]),
    ]
    assert ax.get_title(loc="left") == "Forecast: 450 purchases; actual: 600"
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "Repeat purchases before the split",
        "Purchases per customer after it",
    )
    assert labels(ax.xaxis) == ["0", "1", "7+"]
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"forecast", "actual, 95% interval"}
    assert ax.get_ylim()[0] == 0
    assert ax.figure.get_label().startswith("Chart: Forecast: 450 purchases; actual: 600. Axes: Repeat purchases")


@pytest.mark.parametrize(
    "table",
    [
        holdout(["0"]),
        holdout(["0"], actual_low=np.nan, actual_high=np.nan),
        holdout(["0", "1"], predicted=0.0, actual=0.0, actual_low=0.0, actual_high=0.0),
        holdout(["$a$", "$\\b$"]),
    ],
)
def test_holdout_with_odd_groups(table):
    ax = pf.plot_holdout(table)
    draw(ax)
    assert labels(ax.xaxis) == table["group"].tolist()


def test_backtest_draws_three_panels():
    axes = pf.plot_backtest(backtest(), currency="TRY")
    titles = ["Bought at all (share)", "Spend per purchase (TRY)", "Revenue per customer (TRY)"]
    assert [ax.get_title(loc="left") for ax in axes] == titles
    assert {ax.get_xlabel() for ax in axes} == {"Tenth, 1 is the highest"}
    assert [ax.lines[-1].get_ydata().tolist() for ax in axes] == [[0.6, 0.4, 0.2], [300, 200, 100], [300, 200, 100]]
    assert axes[0].figure.get_label() == (
        "Chart: forecast and actual in tenths of the expected value: " + "; ".join(titles) + "."
    )
    draw(axes[0])
    assert all(label.endswith("%") for label in labels(axes[0].yaxis))


def test_backtest_without_spend_and_with_more_returned_than_bought():
    money = holdout(range(1, 3), predicted=[20.0, 10], actual=[15.0, -5], actual_low=[10, -9], actual_high=[20, -1])
    axes = pf.plot_backtest(backtest(spend=money.iloc[:0], value=money))
    assert [ax.get_title(loc="left") for ax in axes][1:] == ["Spend per purchase", "Revenue per customer"]
    assert axes[2].get_ylim()[0] < -9
    draw(axes[0])


# The picture


def test_a_picture_has_few_colours_and_says_what_it_shows():
    ax = pf.plot_value(segments())
    data, about = figure.picture(ax.figure)
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.mode) == ("PNG", "P")
    assert len(image.convert("RGB").getcolors(maxcolors=10**6)) <= 256
    assert about["alt"] == ax.figure.get_label()
    # 144 dots per inch on file, 96 on the page
    assert (about["width"], about["height"]) == (round(image.width / 1.5), round(image.height / 1.5))
    assert len(data) < 40_000


def test_drawing_leaves_the_settings_of_others_alone():
    before = dict(mpl.rcParams)
    pf.plot_value(segments())
    assert dict(mpl.rcParams) == before
