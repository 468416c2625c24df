"""Five pictures of the teaching company: `python data/make_pictures.py` writes them to data/pictures/."""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # no window is needed

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from portfoy.source import open as source
from portfoy.words import style
from portfoy.words.figure import LOOK, picture

SMALL = LOOK | {  # these are read beside text, not on a page of their own
    **dict.fromkeys(["font.size", "axes.labelsize", "xtick.labelsize", "ytick.labelsize", "legend.fontsize"], 9),
    **{"axes.titlelocation": "left", "axes.titlesize": 11, "axes.titleweight": "bold", "axes.titlecolor": style.INK},
    "axes.spines.left": True,
}

HERE = Path(__file__).parent
STAGES = {"Created": "created_on", "Contacted": "contacted_on", "Qualified": "qualified_on", "Proposed": "proposed_on"}


def revenue_by_month(tables, index):
    """Revenue of each month, as paid and in money of the first month."""
    lines = tables.transactions.select("ordered_on", "amount").to_pandas()
    paid = lines.groupby(pd.to_datetime(lines["ordered_on"]).dt.to_period("M"))["amount"].sum() / 1e6
    prices = index.set_index(index["month"].dt.to_period("M"))["index"]
    real = paid / prices
    fig, ax = _axes(7.2, 3.8)
    month = paid.index.to_timestamp()
    for values, color, name in [(paid, style.ACCENT, "as paid"), (real, style.WARM, f"in {_month(month[0])} money")]:
        ax.plot(month, values, color=color, lw=2)
        ax.annotate(
            f"{name}\n{values.iloc[-1]:.1f} M", (month[-1], values.iloc[-1]), xytext=(7, 0), va="center",
            textcoords="offset points", color=color, weight="bold",
        )  # fmt: skip
    ax.set_xlim(month[0], month[-1] + pd.Timedelta(days=170))
    ax.set_ylim(bottom=0)
    ax.set_xticks(month[::6], [_month(day) for day in month[::6]])
    years = [values.iloc[-12:].sum() / values.iloc[-24:-12].sum() - 1 for values in (paid, real)]
    title = f"Revenue of the last year rose by {years[0]:.0%} as paid, by {years[1]:.0%} at constant prices"
    return _finish(fig, ax, title, "Month", "Revenue (million TRY)")


def revenue_by_type(tables, _index):
    """Share of customers beside share of revenue, by type of customer."""
    return _shares(tables, "type", "Customer type")


def revenue_by_region(tables, _index):
    """Share of customers beside share of revenue, by region."""
    return _shares(tables, "region", "Region")


def _shares(tables, column, word):
    people = tables.customers.select("customer_id", column).to_pandas()
    money = tables.transactions.group_by("customer_id").agg(amount=lambda t: t.amount.sum()).to_pandas()
    joined = people.merge(money, on="customer_id")  # those who bought
    table = joined.groupby(column)["amount"].agg(customers="size", revenue="sum")
    table = (table / table.sum()).sort_values("revenue")
    fig, ax = _axes(7.2, 0.5 * len(table) + 1.7)
    where = np.arange(len(table))
    for values, shift, color, name in [
        (table["revenue"], 0.19, style.ACCENT, "share of revenue"),
        (table["customers"], -0.19, style.PALE, "share of buying customers"),
    ]:
        ax.barh(where + shift, values, height=0.36, color=color, label=name)
        for y, value in zip(where + shift, values, strict=True):
            ax.annotate(f"{value:.1%}", (value, y), xytext=(4, 0), textcoords="offset points", va="center")
    ax.set_yticks(where, table.index, color=style.INK)
    ax.grid(axis="y", visible=False)
    ax.set_xlim(0, 1.12 * table.max(axis=None))
    ax.xaxis.set_major_formatter(lambda value, _position: f"{value:.0%}")
    ax.legend(loc="lower right")
    total = money["amount"].sum() / 1e6
    first = table.iloc[-1]
    name = {"consumer": "Consumers are", "business": "Businesses are"}.get(table.index[-1], f"{table.index[-1]} has")
    title = f"{name} {first['customers']:.0%} of the buying customers and {first['revenue']:.0%} of the revenue"
    return _finish(fig, ax, title, f"Share of {total:.1f} million TRY, and of {len(joined):,} buying customers", word)


def lead_funnel(tables, _index):
    """How many leads reach each stage; the open ones apart, for they may still go on."""
    leads = tables.leads.to_pandas()
    going = leads["outcome"] == "open"
    reached = {name: leads[column].notna() for name, column in STAGES.items()} | {"Won": leads["outcome"] == "won"}
    closed = np.array([(rows & ~going).sum() for rows in reached.values()])
    still = np.array([(rows & going).sum() for rows in reached.values()])
    fig, ax = _axes(7.2, 3.6)
    where = np.arange(len(reached))[::-1]
    ax.barh(where, closed, height=0.62, color=style.ACCENT, label="closed by now: won or lost")
    ax.barh(where, still, left=closed, height=0.62, color=style.PALE, label="still open")
    for y, done, more in zip(where, closed, still, strict=True):
        share = f"{done:,} closed" + (f", {done / closed[0]:.0%}" if done < closed[0] else "")
        ax.annotate(
            share + (f"; {more:,} open" if more else ""), (done + more, y), xytext=(5, 0),
            textcoords="offset points", va="center",
        )  # fmt: skip
    ax.set_yticks(where, list(reached), color=style.INK)
    ax.set_xlim(0, 1.36 * len(leads))
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_formatter(lambda value, _position: f"{value:,.0f}")
    ax.set_xticks([tick for tick in ax.get_xticks() if tick <= len(leads)])
    ax.legend(loc="lower right")
    title = f"{closed[-1] / closed[0]:.0%} of the closed leads were won; {still[0]:,} of {len(leads):,} are still open"
    return _finish(fig, ax, title, "Leads that reached the stage (number)", "Stage")


def nps_by_quarter(tables, _index):
    """Net promoter score of each quarter's answers with its 95% interval."""
    answers = tables.surveys.select("answered_on", "nps").to_pandas().dropna()
    score = 100.0 * (answers["nps"] >= 9) - 100.0 * (answers["nps"] <= 6)
    quarter = pd.to_datetime(answers["answered_on"]).dt.to_period("Q")
    table = score.groupby(quarter).agg(["mean", "std", "size"])
    half = 1.96 * table["std"] / np.sqrt(table["size"])
    fig, ax = _axes(7.2, 3.8)
    where = np.arange(len(table))
    ax.errorbar(
        where, table["mean"], yerr=half, fmt="o", ms=6, color=style.ACCENT, ecolor=style.MUTED, elinewidth=1.2,
        capsize=3, label="score and its 95% interval",
    )  # fmt: skip
    overall, error = score.mean(), 1.96 * score.std() / np.sqrt(len(score))
    ax.axhline(overall, color=style.WARM, lw=1.2, ls=(0, (4, 3)), label=f"all quarters: {overall:+.0f}")
    ax.axhline(0, color=style.MUTED, lw=0.8)
    labels = [f"Q{q.quarter}\n{q.year}\nn={n}" for q, n in zip(table.index, table["size"], strict=True)]
    ax.set_xticks(where, labels)
    ax.grid(axis="x", visible=False)
    ax.legend(loc="upper right")
    ax.yaxis.set_major_formatter(lambda value, _position: f"{value:+.0f}" if value else "0")
    agree = ((table["mean"] - overall).abs() <= half).sum()
    told = f"{agree} of {len(table)} quarterly intervals contain it"
    title = f"NPS is {overall:+.0f} (±{error:.0f}) over all answers; {told}"
    return _finish(fig, ax, title, "Quarter (n: number of answers)", "Net promoter score (-100 to +100)")


def _month(day):
    return f"{day:%b %Y}"


def _axes(width, height):
    return plt.subplots(figsize=(width, height), layout="constrained")


def _finish(fig, ax, title, xlabel, ylabel):
    """Title at the left edge of the picture, names of the axes, alternative text."""
    ax.set(xlabel=xlabel, ylabel=ylabel)
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=style.INK)
    fig.set_label(f"Chart: {title}. Axes: {xlabel}; {ylabel}.")
    return fig


PICTURES = [revenue_by_month, revenue_by_type, revenue_by_region, lead_funnel, nps_by_quarter]


def main():
    """Draw every picture and say what it shows."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--data", type=Path, default=HERE / "teaching", help="folder of the tables")
    words.add_argument("--out", type=Path, default=HERE / "pictures", help="folder of the pictures")
    given = words.parse_args()
    tables = source.open(given.data)
    index = pd.read_csv(given.data / "price_index.csv", parse_dates=["month"])
    given.out.mkdir(parents=True, exist_ok=True)
    for draw in PICTURES:
        with plt.rc_context(SMALL):
            fig = draw(tables, index)
            png, shown = picture(fig)
        plt.close(fig)
        path = given.out / f"{draw.__name__}.png"
        path.write_bytes(png)
        print(f"{path.name}, {len(png) / 1000:.0f} kB. {shown['alt']}")


if __name__ == "__main__":
    main()
