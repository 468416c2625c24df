"""Figures of the portfolio."""

from portfoy import style
from portfoy.figures import frame
from portfoy.locale import _


def plot_concentration(concentration):
    """The Lorenz curve of a `Concentration`: how much the largest customers hold."""
    _fig, ax = frame.sheet(6.4, 4.0)
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
    frame.label(ax, title, _("Customers, largest first (share)"), _("Share of the {measure}").format(measure=measure))
    frame.per_cent(ax.xaxis, ax.yaxis)
    return ax
