"""The picture of the customer's journey: a row of arrows, a number below each."""

import textwrap

from portfoy.locale import _
from portfoy.words import figure, stages, style

A_ROW = 4  # steps side by side
PHASES = {"selection": style.SECOND, "acquisition": style.ACCENT, "retention": style.INK, "deepening": style.WARM}


def plot_journey(journey, words):
    """Each step of a `journey_table` as an arrow in the colour of its phase, with its key figure and interval.

    Parameters
    ----------
    journey : DataFrame, as from `journey_table`
    words : dict, as from `journey_words`: step -> name and what the number counts
    """
    rows = -(-len(journey) // A_ROW)
    _fig, ax = figure.sheet(7.4, 1.95 * rows + 0.35)
    for place, step in enumerate(journey.itertuples()):
        across, down = place % A_ROW, place // A_ROW
        _draw_step(ax, across, -down * 1.3, step, words[step.step])
    ax.set(xlim=(-0.02, A_ROW + 0.06), ylim=(-1.3 * rows + 0.42, 0.46))
    ax.axis("off")
    title = _("From first acquaintance to coming back: one number a step")
    figure.label(ax, title, "", "")
    told = "; ".join(f"{words[step.step][0]}: {_number(step)} {words[step.step][1]}" for step in journey.itertuples())
    ax.figure.set_label(_("Picture of the journey. {steps}.").format(steps=told))
    return ax


def _draw_step(ax, x, y, step, words):
    from matplotlib.patches import Polygon

    name, counts = words
    colour = style.GRID if step.missing else PHASES[step.phase]
    tip, tall = 0.12, 0.17
    corners = [(0, tall), (0.92, tall), (0.92 + tip, 0), (0.92, -tall), (0, -tall), (tip, 0)]
    ax.add_patch(Polygon([(x + right, y + up) for right, up in corners], closed=True, color=colour, lw=0))
    ink = style.MUTED if step.missing else "white"
    middle = x + 0.53
    ax.text(middle, y, name, ha="center", va="center", fontsize=9.5, weight="bold", color=ink)
    ax.text(x + 0.1, y + tall + 0.05, stages.name(step.phase), ha="left", va="bottom", fontsize=7.5, color=style.MUTED)
    number = "–" if step.missing else _number(step)
    ax.text(middle, y - 0.34, number, ha="center", va="center", fontsize=15, weight="bold", color=style.INK)
    interval = _interval(step)
    ax.text(middle, y - 0.53, interval, ha="center", va="center", fontsize=8, color=style.MUTED)
    said = textwrap.fill(_("not in the data") if step.missing else counts, 24)
    ax.text(
        middle,
        y - (0.62 if interval else 0.48),
        said,
        ha="center",
        va="top",
        fontsize=8,
        color=style.INK,
        linespacing=1.25,
    )


def _number(step):
    return "–" if step.missing else style.writer(step.unit)(step.value)


def _interval(step):
    if step.missing or step.value_low != step.value_low:
        return ""
    return style.between(step.value_low, step.value_high, style.writer(step.unit))
