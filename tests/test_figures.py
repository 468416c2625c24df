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
