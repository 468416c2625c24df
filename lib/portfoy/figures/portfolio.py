"""Figures of the portfolio."""

from portfoy import people
from portfoy.locale import _
from portfoy.words import figure, style
from portfoy.words.codes import said_as


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


def plot_composition(composition):
    """Share of customers beside share of revenue for up to four traits of a `composition_table`; Axes in an array."""
    import numpy as np

    wanted = ["type", "region", "age_band", "channel", *people.TRAITS]
    there = [
        trait for trait in dict.fromkeys([*wanted, *composition["trait"]]) if (composition["trait"] == trait).any()
    ]
    parts = sorted((composition[composition["trait"] == trait] for trait in there[:4]), key=len)
    across = 1 if len(parts) == 1 else 2
    sizes = [max(map(len, parts[place : place + across])) for place in range(0, len(parts), across)]
    fig, axes = figure.sheet(6.8, 0.24 * sum(sizes) + 0.62 * len(sizes) + 0.55, columns=across, rows=len(sizes))
    axes = np.atleast_1d(axes).ravel()
    axes[0].get_gridspec().set_height_ratios([size + 1.2 for size in sizes])
    for ax, rows in zip(axes, parts, strict=False):
        _draw_shares(ax, rows.iloc[::-1])
    for ax in axes[len(parts) :]:
        ax.remove()
    axes = axes[: len(parts)]
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    title = _composition_title(composition)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=style.INK)
    figure.no_math(fig)
    fig.set_label(
        _("Chart: {title}. Share of customers and share of revenue by {traits}.").format(
            title=title, traits=", ".join(said_as("trait", rows["trait"].iloc[0]) for rows in parts)
        )
    )
    return axes


def _draw_shares(ax, rows):
    where = range(len(rows))
    ax.hlines(where, rows["customer_share"], rows["revenue_share"], color=style.GRID, lw=3, zorder=1)
    ax.plot(rows["customer_share"], where, "o", ms=6, color=style.SECOND, label=_("share of customers"))
    ax.plot(rows["revenue_share"], where, "o", ms=6, color=style.ACCENT, label=_("share of revenue"))
    ax.set_yticks(list(where), [style.shorten(said_as("level", name), 20) for name in rows["level"]], color=style.INK)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    lowest = float(min(rows["revenue_share"].min(), 0))
    highest = float(rows[["customer_share", "revenue_share"]].max(axis=None))
    ax.set_xlim(lowest * 1.08, max(highest * 1.08, 0.05))
    ax.locator_params(axis="x", nbins=5)
    figure.per_cent(ax.xaxis)
    ax.grid(axis="y", visible=False)
    ax.set_title(
        said_as("trait", rows["trait"].iloc[0]), loc="left", fontsize=9, fontweight="bold", color=style.INK, pad=6
    )


def _composition_title(composition):
    named = composition[~composition["level"].isin([people.OTHERS, people.NOT_KNOWN])]
    if named.empty:
        return _("Who the customers are")
    first = named.loc[(named["revenue_share"] - named["customer_share"]).abs().idxmax()]
    return _("{level}: {customers} of customers, {revenue} of revenue").format(
        level=style.shorten(said_as("level", first["level"]), 24),
        customers=style.share(first["customer_share"]),
        revenue=style.share(first["revenue_share"]),
    )
