"""Figures of segments."""

from portfoy.locale import _
from portfoy.words import figure, style
from portfoy.words.codes import said_as


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
