"""Figures of segments."""

from portfoy.locale import _
from portfoy.words import figure, style
from portfoy.words.codes import said_as

CARDS = 12  # at most on one sheet
FURTHEST = 4.0  # times the base, or a part of it: where a bar ends
CENTRE, REACH = 0.735, 0.135  # where a bar starts and how far it goes, as a share of the card's width


def plot_cards(cards):
    """One card per group of `profile_cards`: what sets it apart, as bars around the base; the Axes are an array.

    A bar to the right says more than the base, to the left less; equal lengths are equal factors, and the thin line
    on it is the interval.
    """
    import numpy as np

    groups = cards.groupby("group", sort=False, observed=True)
    order = list(groups["revenue_share"].first().nlargest(CARDS).index)
    order = [name for name in cards["group"].drop_duplicates() if name in order]
    heights = [_height(cards[cards["group"] == name]) for name in order]
    across = 1 if len(order) == 1 else 2
    rows = [max(heights[place : place + across]) for place in range(0, len(order), across)]
    fig, axes = figure.sheet(
        3.4 * across if across == 2 else 4.4, 0.2 * sum(rows) + 0.9, columns=across, rows=len(rows)
    )
    fig.get_layout_engine().set(w_pad=0.05, h_pad=0.05, hspace=0, wspace=0)
    axes = np.atleast_1d(axes).ravel()
    axes[0].get_gridspec().set_height_ratios(rows)
    for ax, name, height in zip(axes, order, np.repeat(rows, across), strict=False):
        _draw_card(ax, cards[cards["group"] == name], height)
    for ax in axes[len(order) :]:
        ax.remove()
    title = _cards_title(cards)
    fig.suptitle(title, x=0.012, ha="left", fontsize=11, fontweight="bold", color=style.INK)
    note = _("Index: all customers are 100. Bars end at {low} and {high}.").format(
        low=style.number(100 / FURTHEST), high=style.number(100 * FURTHEST)
    )
    fig.supxlabel(note, x=0.012, ha="left", fontsize=8, color=style.MUTED)
    figure.no_math(fig)
    fig.set_label(_("Chart: what sets each group apart from all customers. {title}.").format(title=title))
    return axes[: len(order)]


def _height(card):
    """Lines a card takes, with its heading."""
    return 2.75 + len(card) + 0.35 * (card["kind"].nunique() - 1 if len(card) > 1 else 0)


def _draw_card(ax, card, height):
    from matplotlib.patches import FancyBboxPatch

    first = card.iloc[0]
    ax.set(xlim=(0, 1), ylim=(height, 0))
    ax.set_axis_off()
    outline = FancyBboxPatch(
        (0.012, 0.1), 0.976, height - 0.25, boxstyle="round,pad=0,rounding_size=0.02", mutation_aspect=height / 1.6,
        facecolor="white", edgecolor=style.GRID, linewidth=1, zorder=0,
    )  # fmt: skip
    ax.add_patch(outline)
    name = style.shorten(said_as("group", first["group"]), 32)
    ax.text(0.04, 0.75, name, fontsize=9.5, fontweight="bold", color=style.INK, va="center")
    size = _("{customers} of customers, {revenue} of revenue").format(
        customers=style.share(first["customer_share"]), revenue=style.share(first["revenue_share"])
    )
    ax.text(0.04, 1.55, size, fontsize=7.5, color=style.MUTED, va="center")
    if card["trait"].isna().all():
        ax.text(0.04, 2.6, _("no different from the base"), fontsize=8, style="italic", color=style.MUTED, va="center")
        return
    ax.vlines(CENTRE, 2.1, 2.1 + _height(card) - 2.75, color=style.MUTED, lw=0.8, zorder=3)
    y, kind = 2.6, first["kind"]
    for line in card.to_dict("records"):
        y += 0.35 * (line["kind"] != kind)
        kind = line["kind"]
        _draw_line(ax, y, line)
        y += 1


def _draw_line(ax, y, line):
    import math

    def reach(index):
        factor = min(max(index / 100, 1 / FURTHEST), FURTHEST)
        return CENTRE + REACH * math.log(factor) / math.log(FURTHEST)

    index, low, high = line["index"], line["index_low"], line["index_high"]
    colour = style.ACCENT if index >= 100 else style.WARM
    ax.barh(y, reach(index) - CENTRE, left=CENTRE, height=0.56, color=colour, zorder=2)
    if low == low and high == high:  # not missing
        ax.hlines(y, reach(low), reach(high), color=style.INK, lw=0.9, zorder=4)
    ax.text(0.04, y, _line_words(line), fontsize=7.8, color=style.INK, va="center")
    ax.text(0.96, y, style.number(index), fontsize=7.8, color=colour, fontweight="bold", ha="right", va="center")


def _line_words(line):
    """What a line of a card says: the way of buying, the category money goes to, or the level of a trait."""
    words = {"buying": "{level}", "category": _("spends on {level}")}.get(line["kind"], "{trait}: {level}")
    return style.shorten(words.format(**_said(line)), 31)


def _said(line):
    return {name: said_as(name, line[name]) for name in ("level", "trait")}


def _cards_title(cards):
    """Of the group with most revenue, what it has most of beside the base; else the least."""
    told = cards.dropna(subset="trait")
    if told.empty:
        return _("No group differs from the others")
    most = told[told["revenue_share"] == told["revenue_share"].max()]
    line = most.loc[most["index"].idxmax() if (most["index"] > 100).any() else most["index"].idxmin()]
    what = "{level} ({trait})" if line["kind"] == "trait" else "{level}"
    return _("{group}: {what} {index}, where the base is 100").format(
        group=style.shorten(said_as("group", line["group"]), 22),
        what=style.shorten(what.format(**_said(line)), 30),
        index=style.number(line["index"]),
    )


def plot_profitability(table, *, currency=""):
    """What each group earns, from a `profitability_table`: its margin, parted in cost to serve and profit.

    Beside each bar stands the profit per customer with its interval.
    """
    rows = table.iloc[::-1].reset_index(drop=True)
    _fig, ax = figure.sheet(6.8, 0.36 * len(rows) + 1.5)
    where = list(range(len(rows)))
    cost, profit = rows["cost_to_serve"].fillna(0), rows["profit"].fillna(0)
    costly, known = rows["cost_to_serve"].notna().any(), rows["profit"].notna().any()
    bars = {"height": 0.62}
    if known:
        earned = _("profit") if costly else _("margin")
        ax.barh(where, profit.clip(lower=0), color=style.ACCENT, label=earned, **bars)
    if costly:
        start = profit.clip(lower=0)
        end = (profit + cost).clip(lower=0)
        ax.barh(where, end - start, left=start, color=style.WARM, label=_("cost to serve"), **bars)
    if (profit < 0).any():
        ax.barh(where, profit.clip(upper=0), color=style.INK, label=_("loss: cost beyond the margin"), **bars)
    ax.set_xlim(min(0, float(profit.min()) * 1.08), max(float((profit + cost).max()) * 1.05, 1e-9))
    ax.axvline(0, color=style.MUTED, lw=0.8)
    ax.set_yticks(where, [style.shorten(said_as("group", name)) for name in rows["group"]], color=style.INK)
    ax.grid(axis="y", visible=False)
    if costly:
        ax.figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    if known:
        _write_each(ax, rows, currency)
    money = _("Money so far ({currency})").format(currency=currency or _("money"))
    figure.label(ax, _profit_title(table, currency), money, "")
    ax.xaxis.set_major_formatter(lambda value, _position: style.money(value, "", compact=True))
    return ax


def _write_each(ax, rows, currency):
    """A column right of the bars: the profit per customer with its interval."""
    digits = 0 if rows["profit_each"].abs().max() >= 100 else 2

    def write(amount):
        return style.money(amount, "", compact=True) if abs(amount) >= 10_000 else style.number(amount, digits)

    texts = [
        f"{write(each)} ({style.between(low, high, write)})"
        for each, low, high in zip(rows["profit_each"], rows["profit_each_low"], rows["profit_each_high"], strict=True)
    ]
    column = ax.secondary_yaxis("right")
    column.set_yticks(range(len(rows)), texts, color=style.INK, fontsize=8)
    column.tick_params(length=0)
    column.spines["right"].set_visible(False)
    heading = _("per customer{currency}").format(currency=f" ({currency})" if currency else "")
    ax.annotate(
        heading, (1, 0), xycoords="axes fraction", xytext=(8, -6), textcoords="offset points", va="top", fontsize=8,
        color=style.MUTED,
    )  # fmt: skip


def _profit_title(table, currency):
    if table["profit"].isna().all():
        dear = table.loc[table["cost_to_serve"].idxmax()]
        return _("{group} costs the most to serve: {cost}").format(
            group=style.shorten(said_as("group", dear["group"])),
            cost=style.money(dear["cost_to_serve"], currency, compact=True),
        )
    most = table.loc[table["profit"].idxmax()]
    earned = _("{group}: the most margin, {sum}")
    if table["cost_to_serve"].notna().any():
        earned = _("{group}: the most profit, {sum}")
    return earned.format(
        group=style.shorten(said_as("group", most["group"])), sum=style.money(most["profit"], currency, compact=True)
    )
