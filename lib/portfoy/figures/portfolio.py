"""Figures of the portfolio."""

from portfoy.locale import _
from portfoy.words import figure, style


def plot_concentration(concentration, second=None):
    """The Lorenz curve of a `Concentration`: how much the largest customers hold; that of a second one beside it."""
    _fig, ax = figure.sheet(6.4, 4.0)
    curve = concentration.curve
    top, held = concentration.top, concentration.top_share
    measure = style.measure(concentration.by)
    ax.plot(curve["customer_share"], curve["value_share"], color=style.ACCENT, lw=2, label=measure)
    ax.plot([0, 1], [0, 1], color=style.MUTED, lw=1, ls=(0, (1, 2)))
    ax.plot([top, top, 0], [0, held, held], color=style.INK, lw=0.8)
    ax.plot([top], [held], "o", color=style.INK, ms=6)
    title = _("The largest {top} of customers bring {held} of the {measure}").format(
        top=style.share(top, 0), held=style.share(held), measure=measure
    )
    ax.annotate(
        style.share(held),
        (top, held),
        xytext=(10, -4),
        textcoords="offset points",
        color=style.INK,
        weight="bold",
        va="top",
    )
    ax.annotate(_("all alike"), (0.72, 0.72), xytext=(8, -10), textcoords="offset points", color=style.MUTED)
    low, high = float(curve["value_share"].min()), float(curve["value_share"].max())
    if second is not None:
        other = second.curve["value_share"]
        dashes = (0, (4, 3))  # where both curves are the same, both are seen
        ax.plot(
            second.curve["customer_share"], other, color=style.WARM, lw=2, ls=dashes, label=style.measure(second.by)
        )
        low, high = min(low, float(other.min())), max(high, float(other.max()))
        ax.legend(loc="lower right", frameon=False, fontsize=9)
    ax.set(xlim=(0, 1), ylim=(min(0, low), max(1.02, high)))
    share = _("Share of the {measure}").format(measure=measure) if second is None else _("Share of the total")
    figure.label(ax, title, _("Customers, largest first (share)"), share)
    figure.per_cent(ax.xaxis, ax.yaxis)
    return ax
