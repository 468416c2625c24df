"""Figures of what is to come."""

from portfoy.locale import _
from portfoy.words import figure, style


def plot_value(segments, *, currency=""):
    """The expected value of each segment with its interval, from `Rfm.worth`."""
    rows = segments.sort_values("expected_value").reset_index(drop=True)
    _fig, ax = figure.sheet(6.8, 0.36 * len(rows) + 1.3)
    where = range(len(rows))
    error = [
        rows["expected_value"] - rows["expected_value_low"],
        rows["expected_value_high"] - rows["expected_value"],
    ]
    ax.barh(where, rows["expected_value"], color=style.PALE, height=0.62)
    ax.errorbar(
        rows["expected_value"],
        where,
        xerr=error,
        fmt="none",
        ecolor=style.INK,
        elinewidth=1.2,
        capsize=3,
    )
    ax.set_yticks(list(where), [style.shorten(name) for name in rows["segment"]], color=style.INK)
    ax.grid(axis="y", visible=False)
    best = rows.iloc[-1]
    title = _("Most is expected from {segment}: {value}").format(
        segment=style.shorten(best["segment"]), value=style.money(best["expected_value"], currency, compact=True)
    )
    figure.label(ax, title, _("Expected value ({currency})").format(currency=currency or _("money")), "")
    ax.xaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
    return ax
