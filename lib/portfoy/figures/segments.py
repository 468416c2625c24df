"""Figures of segments."""

from portfoy import style
from portfoy.figures import frame
from portfoy.locale import _


def plot_segments(segments):
    """Each segment's share of customers beside its share of revenue, from a `segment_table`."""
    rows = segments.iloc[::-1].reset_index(drop=True)
    _fig, ax = frame.sheet(6.8, 0.36 * len(rows) + 1.3)
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
    frame.label(ax, title, _("Share of the base"), "")
    frame.per_cent(ax.xaxis)
    return ax
