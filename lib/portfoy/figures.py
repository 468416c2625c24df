"""One figure for each finished table: nothing is computed here but where things are drawn.

Every function returns the Axes. The figure's label is its text for those who cannot see it; in a notebook it becomes
the picture's alternative text, and the picture's colours are reduced to a palette.
"""

import io

from portfoy import style
from portfoy.locale import _


def plot_concentration(concentration):
    """The Lorenz curve of a `Concentration`: how much the largest customers hold."""
    _fig, ax = _axes(6.4, 4.0)
    curve = concentration.curve
    top, held = concentration.top, concentration.top_share
    ax.plot(curve["customer_share"], curve["value_share"], color=style.ACCENT, lw=2)
    ax.plot([0, 1], [0, 1], color=style.MUTED, lw=1, ls=(0, (4, 3)))
    ax.plot([top, top, 0], [0, held, held], color=style.WARM, lw=1)
    ax.plot([top], [held], "o", color=style.WARM, ms=6)
    measure = style.measure(concentration.by)
    title = _("The largest {top} of customers bring {held} of the {measure}").format(
        top=style.share(top, 0), held=style.share(held), measure=measure
    )
    ax.annotate(
        style.share(held),
        (top, held),
        xytext=(10, -4),
        textcoords="offset points",
        color=style.WARM,
        weight="bold",
        va="top",
    )
    ax.annotate(_("all alike"), (0.72, 0.72), xytext=(8, -10), textcoords="offset points", color=style.MUTED)
    ax.set(xlim=(0, 1), ylim=(min(0, float(curve["value_share"].min())), max(1.02, float(curve["value_share"].max()))))
    _label(ax, title, _("Customers, largest first (share)"), _("Share of the {measure}").format(measure=measure))
    _per_cent(ax.xaxis, ax.yaxis)
    return ax


def plot_segments(segments):
    """Each segment's share of customers beside its share of revenue, from a `segment_table`."""
    rows = segments.iloc[::-1].reset_index(drop=True)
    _fig, ax = _axes(6.8, 0.36 * len(rows) + 1.3)
    where = range(len(rows))
    left, right = rows["customer_share"], rows["revenue_share"]
    ax.hlines(where, left, right, color=style.GRID, lw=3, zorder=1)
    ax.plot(left, where, "o", ms=8, color=style.SECOND, label=_("share of customers"))
    ax.plot(right, where, "o", ms=8, color=style.ACCENT, label=_("share of revenue"))
    ax.set_yticks(list(where), [style.shorten(name) for name in rows["segment"]], color=style.INK)
    ax.grid(axis="y", visible=False)
    ax.set_xlim(left=min(0, float(right.min()) - 0.01))
    ax.legend(loc="lower right", frameon=False, fontsize=9)
    first = segments.loc[segments["revenue_share"].idxmax()]
    title = _("{segment}: {customers} of customers, {revenue} of revenue").format(
        segment=style.shorten(first["segment"]),
        customers=style.share(first["customer_share"]),
        revenue=style.share(first["revenue_share"]),
    )
    _label(ax, title, _("Share of the base"), "")
    _per_cent(ax.xaxis)
    return ax


def plot_holdout(holdout):
    """Purchases forecast beside those made, by earlier repeat purchases, from a `holdout_table`."""
    _fig, ax = _axes(6.8, 3.6)
    _draw_holdout(ax, holdout)
    ax.legend(loc="upper left", frameon=False, fontsize=9)
    total = holdout["customers"]
    title = _("Forecast: {forecast} purchases; actual: {actual}").format(
        forecast=style.number((holdout["predicted"] * total).sum()),
        actual=style.number((holdout["actual"] * total).sum()),
    )
    _label(ax, title, _("Repeat purchases before the split"), _("Purchases per customer after it"))
    return ax


def plot_backtest(test, *, currency=""):
    """Three forecasts of a `Backtest` beside what happened, by tenths of the expected value; the Axes are an array."""
    fig, axes = _axes(7.8, 3.0, columns=3)
    money = f" ({currency})" if currency else ""
    panels = {
        _("Bought at all (share)"): test.active,
        _("Spend per purchase{currency}").format(currency=money): test.spend,
        _("Revenue per customer{currency}").format(currency=money): test.value,
    }
    for ax, (title, table) in zip(axes, panels.items(), strict=True):
        _draw_holdout(ax, table)
        ax.set_title(title, loc="left", fontsize=8.5, fontweight="bold", color=style.INK)
        ax.set_xlabel(_("Tenth, 1 is the highest"))
        ax.yaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
    _per_cent(axes[0].yaxis)
    axes[0].legend(loc="lower left", frameon=False, fontsize=8)
    _no_math(fig)
    fig.set_label(
        _("Chart: forecast and actual in tenths of the expected value: {titles}.").format(titles="; ".join(panels))
    )
    return axes


def _draw_holdout(ax, holdout):
    where = range(len(holdout))
    low = (holdout["actual"] - holdout["actual_low"]).clip(lower=0)
    high = (holdout["actual_high"] - holdout["actual"]).clip(lower=0)
    ax.errorbar(
        where, holdout["actual"], yerr=[low, high], fmt="o", ms=5, color=style.INK, ecolor=style.MUTED, elinewidth=1.2,
        capsize=2.5, label=_("actual, 95% interval"), zorder=3,
    )  # fmt: skip
    ax.plot(where, holdout["predicted"], "-o", ms=4, color=style.WARM, lw=1.6, label=_("forecast"), zorder=2)
    ax.set_xticks(list(where), list(holdout["group"]))
    if not (holdout[["actual", "predicted"]] < 0).any(axis=None):
        ax.set_ylim(bottom=0)
    ax.grid(axis="x", visible=False)


def plot_value(segments, *, currency=""):
    """The expected value of each segment with its interval, from a `segment_table` made with a LifetimeValue."""
    rows = segments.sort_values("expected_value").reset_index(drop=True)
    _fig, ax = _axes(6.8, 0.36 * len(rows) + 1.3)
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
    _label(ax, title, _("Expected value ({currency})").format(currency=currency or _("money")), "")
    ax.xaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
    return ax


def _axes(width, height, columns=1):
    """A figure in the project's style and its axes; the notebook is told how to show such pictures.

    The figure is made before the style applies: the first one loads the notebook's backend, whose settings must stay.
    """
    import matplotlib.pyplot as plt

    fig = plt.figure(figsize=(width, height), dpi=style.FIGURE["figure.dpi"], facecolor="white", layout="constrained")
    with plt.rc_context(style.FIGURE):
        axes = fig.subplots(1, columns)
    _show_as_palette_picture()
    return fig, axes


def _label(ax, title, xlabel, ylabel):
    ax.set(xlabel=xlabel, ylabel=ylabel)
    wrap = "$" not in title  # matplotlib measures the words of a title that wraps as formulas
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold", color=style.INK, pad=12, wrap=wrap)
    _no_math(ax.figure)
    axes = "; ".join(text for text in (xlabel, ylabel) if text)
    ax.figure.set_label(_("Chart: {title}. Axes: {axes}.").format(title=title, axes=axes))


def _no_math(fig):
    """Show every text as it is: a name with two dollar signs is no formula."""
    from matplotlib.text import Text

    for text in fig.findobj(Text):
        text.set_parse_math(False)


def _per_cent(*axes):
    for axis in axes:
        axis.set_major_formatter(lambda value, _position: style.share(value, 0))


def picture(fig):
    """A figure as PNG with at most 256 colours, and what a page needs to show it: alt text, width and height."""
    from PIL import Image

    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=style.FIGURE["savefig.dpi"], facecolor="white")
    image = Image.open(buffer).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small = io.BytesIO()
    image.save(small, format="png", optimize=True)
    size = {"width": round(image.width * 96 / 144), "height": round(image.height * 96 / 144)}
    return small.getvalue(), {"alt": fig.get_label(), **size}


def _show_as_palette_picture():
    """In a notebook, let the inline backend use `picture` for figures of ours, and draw each of them only once."""
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None:
        import matplotlib.pyplot as plt
        from matplotlib.figure import Figure

        shell.display_formatter.formatters["image/png"].for_type(Figure, picture)
        if plt.get_backend().endswith("inline"):  # pyplot would draw each figure after its cell, and nobody see it
            plt.uninstall_repl_displayhook()
