"""Figures of what is to come."""

from portfoy.locale import _
from portfoy.words import figure, style


def plot_holdout(holdout, *, confidence=0.95):
    """Purchases forecast beside those made, by earlier repeat purchases, from a `holdout_table`."""
    _fig, ax = figure.sheet(6.8, 3.6)
    _draw_holdout(ax, holdout, confidence)
    ax.legend(loc="upper left", frameon=False, fontsize=9)
    total = holdout["customers"]
    title = _("Forecast: {forecast} purchases; actual: {actual}").format(
        forecast=style.number((holdout["predicted"] * total).sum()),
        actual=style.number((holdout["actual"] * total).sum()),
    )
    figure.label(ax, title, _("Repeat purchases before the split"), _("Purchases per customer after it"))
    return ax


def plot_backtest(test, *, currency=""):
    """Three forecasts of a `Backtest` beside what happened, by tenths of the expected value; the Axes are an array."""
    fig, axes = figure.sheet(7.8, 3.0, columns=3)
    money = f" ({currency})" if currency else ""
    panels = [
        (_("Bought at all (share)"), test.active),
        (_("Spend per purchase{currency}").format(currency=money), test.spend),
        (_("Revenue per customer{currency}").format(currency=money), test.value),
    ]
    for ax, (title, table) in zip(axes, panels, strict=True):
        _draw_holdout(ax, table, test.confidence)
        ax.set_title(title, loc="left", fontsize=8.5, fontweight="bold", color=style.INK)
        ax.set_xlabel(_("Tenth, 1 is the highest"))
        ax.yaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
    figure.per_cent(axes[0].yaxis)
    axes[0].legend(loc="lower left", frameon=False, fontsize=8)
    figure.no_math(fig)
    fig.set_label(
        _("Chart: forecast and actual in tenths of the expected value: {titles}.").format(
            titles="; ".join(title for title, _table in panels)
        )
    )
    return axes


def _draw_holdout(ax, holdout, confidence):
    where = range(len(holdout))
    low = (holdout["actual"] - holdout["actual_low"]).clip(lower=0)
    high = (holdout["actual_high"] - holdout["actual"]).clip(lower=0)
    ax.errorbar(
        where, holdout["actual"], yerr=[low, high], fmt="o", ms=5, color=style.INK, ecolor=style.MUTED, elinewidth=1.2,
        capsize=2.5, label=figure.actual(confidence), zorder=3,
    )  # fmt: skip
    ax.plot(where, holdout["predicted"], "-o", ms=4, color=style.WARM, lw=1.6, label=_("forecast"), zorder=2)
    ax.set_xticks(list(where), list(holdout["group"]))
    if not (holdout[["actual", "predicted"]] < 0).any(axis=None):
        ax.set_ylim(bottom=0)
    ax.grid(axis="x", visible=False)


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
