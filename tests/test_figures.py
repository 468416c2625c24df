"""Figures by what is drawn and written in them: artists, labels, titles that state the table's numbers; no pixels."""

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
from PIL import Image

from portfoy.words import figure


def chart():
    ax = figure.drawing(None, 3.6)
    ax.plot([0, 1], [2, 3], label="forecast")
    ax.legend()
    return figure.name(ax, "A line", "purchases by day", "2 and 3")


def test_a_picture_has_few_colours_and_says_what_it_shows():
    ax = chart()
    data, about = figure.picture(ax.figure)
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.mode) == ("PNG", "P")
    assert len(image.convert("RGB").getcolors(maxcolors=10**6)) <= 256
    assert about["alt"] == ax.figure.get_label()
    # 144 dots per inch on file, 96 on the page
    assert (about["width"], about["height"]) == (round(image.width / 1.5), round(image.height / 1.5))
    assert len(data) < 40_000


def test_a_picture_of_somebody_else_is_whole_and_as_matplotlib_draws_it():
    fig, ax = plt.subplots()
    ax.barh(["a customer with a name too long for its sheet"], [1])
    whole = io.BytesIO()
    fig.savefig(whole, format="png", bbox_inches="tight")
    assert Image.open(io.BytesIO(figure.picture(fig))).size == Image.open(whole).size
    assert Image.open(whole).width > fig.get_size_inches()[0] * fig.dpi  # the sheet alone would cut the name


def test_drawing_leaves_the_settings_of_others_alone():
    before = dict(mpl.rcParams)
    chart()
    assert dict(mpl.rcParams) == before
